import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditDone } from '../../../src/audit/result.ts';
import { hardenJson } from '../../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable, said } from '../../lab/lab.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

const unavailable = await labUnavailable();
const checkout = process.env.HARDEN_DOCKER_BENCH;

/** Where docker-bench-security says otherwise on the hosts below; docs/audit.md says for each who is right. */
const DIFFERING: Readonly<Record<string, readonly [bench: string, native: string]>> = {
  '2.7': ['INFO', 'WARN'],
  '5.3': ['WARN', 'INFO'],
  '5.9': ['WARN', 'INFO'],
  '5.15': ['PASS', 'WARN'],
};

const CONTAINERS = `set -e
tar -C /bin -c busybox | docker import - busybox >/dev/null
docker run -d --name bad --pid host --network host --cap-add SYS_ADMIN -v /etc:/e --restart always busybox /busybox sleep 100000
docker run -d --name good --user 1000 --read-only --cap-drop ALL --memory 64m -p 127.0.0.1:8081:80 busybox /busybox sleep 100000`;

const DAEMON = `set -e
mkdir -p /etc/docker/t /etc/systemd/system/docker.service.d
cd /etc/docker/t
for name in ca cert key; do : >$name.pem; done
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=x 2>/dev/null
cp cert.pem ca.pem
chmod 0644 key.pem
echo '{"tls": true, "tlscacert": "/etc/docker/t/ca.pem", "tlscert": "/etc/docker/t/cert.pem", "tlskey": "/etc/docker/t/key.pem", "icc": false, "log-level": "debug", "live-restore": true}' >/etc/docker/daemon.json
printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://127.0.0.1:2376 --cgroup-parent docker.slice\\n' >/etc/systemd/system/docker.service.d/x.conf
chmod 0777 /etc/docker
docker rm -f bad good >/dev/null
systemctl daemon-reload
systemctl restart docker`;

describe.skipIf(unavailable)('the CIS Docker Benchmark on a real host', () => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ docker: true });
  });
  afterAll(() => host?.stop());

  /** Both audits where the script is at hand; they must agree but for the differences that are told. */
  async function audit(): Promise<AuditDone> {
    const only = checkout ? 'cis_docker,docker_bench' : 'cis_docker';
    const { document, stderr } = await hardenJson('audit', ['--only', only, '--trusted-users', 'admin'], host);
    const [native, script] = document.hosts[0]?.audits ?? [];
    if (native?.status !== 'done') throw new Error(stderr);
    if (checkout) {
      if (script?.status !== 'done') throw new Error(stderr);
      const own = new Map(native.results.map(({ id, result }) => [id, result]));
      const differing = script.results.filter(({ id, result }) => own.get(id) !== result);
      for (const { id, result } of differing) expect([id, [result, own.get(id)]]).toEqual([id, DIFFERING[id]]);
      expect(own.size).toBe(script.results.length);
    }
    return native;
  }
  const resultOf = ({ results }: AuditDone, wanted: string) => results.find(({ id }) => id === wanted)?.result;

  test('as it comes: 86 checks, without a download', async () => {
    const native = await audit();
    expect(native.checks).toBe(86);
    expect(native.score).toBe(2);
    expect(['2.2', '2.15', '3.6', '4.5', '1.1.6'].map((id) => resultOf(native, id))).toEqual([
      'WARN',
      'WARN',
      'PASS',
      'WARN',
      'WARN',
    ]);
  });

  test('with containers: 117 checks, each named', async () => {
    await said(host, CONTAINERS);
    const native = await audit();
    expect(native.checks).toBe(117);
    expect(native.results.find(({ id }) => id === '5.10')?.items).toEqual(["bad: the host's network"]);
    expect(native.results.find(({ id }) => id === '5.11')?.items).toEqual(['bad: no limit']);
    expect(['5.4', '5.6', '5.8', '5.16'].map((id) => resultOf(native, id))).toEqual(['WARN', 'WARN', 'PASS', 'WARN']);
  });

  test('with a dockerd that listens on TCP and asks for no certificate', async () => {
    await said(host, DAEMON);
    const native = await audit();
    expect(['2.2', '2.3', '2.7', '2.10', '2.15', '3.6', '3.14'].map((id) => resultOf(native, id))).toEqual([
      'PASS',
      'WARN',
      'WARN',
      'WARN',
      'PASS',
      'WARN',
      'WARN',
    ]);
  });
});
