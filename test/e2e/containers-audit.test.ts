import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditCheck } from '../../src/audit/result.ts';
import type { RunDocument } from '../../src/report/document.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { BADLY_RUN } from './support/badly-run.ts';
import { folder, harden, hardenJson } from './support/harden.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

const dockerfiles = {
  careless: `FROM base:1
CMD ["sleep", "100000"]
`,
  careful: `FROM base:1
RUN usermod -s /usr/sbin/nologin root
USER 10001:10001
HEALTHCHECK CMD ["/bin/true"]
CMD ["sleep", "100000"]
`,
};

// An image of the host's own usermod, which needs no registry.
const SETUP = `${BADLY_RUN}
programs='usr/sbin/usermod usr/sbin/nologin bin/sh bin/true bin/sleep bin/grep'
files=$(cd / && ldd $programs 2>/dev/null | grep -o '/[^ :]* (' | tr -d '( ' | sort -u)
tar -chf - --hard-dereference -C / $programs etc/passwd etc/group etc/shadow etc/login.defs etc/nsswitch.conf $files 2>/dev/null |
  docker import --change 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' - base:1 >/dev/null
for name in ${Object.keys(dockerfiles).join(' ')}; do
  docker build -q -t $name:1 -f /srv/$name - </srv/$name >/dev/null
done
docker network create -o com.docker.network.bridge.enable_icc=false apps >/dev/null
docker run -d --name careless --network apps careless:1 >/dev/null
docker run -d --name careful --network apps --cap-drop ALL --security-opt no-new-privileges --read-only --tmpfs /tmp:noexec,nosuid,size=16m \\
  --memory 64m --cpu-shares 512 --pids-limit 50 --ulimit nofile=1024:1024 --restart on-failure:5 careful:1 >/dev/null`;

describe.skipIf(unavailable)('an audit of containers that run', () => {
  let host: LabHost;
  let directory: string;
  let checks: readonly AuditCheck[];
  const said = async (command: string) => (await host.exec(command)).stdout;
  const found = (subject: string) =>
    checks.filter((check) => check.subject === subject && check.result === 'WARN').map(({ id }) => id);

  beforeAll(async () => {
    directory = await folder({ ...dockerfiles, 'all.yml': 'audit: { containers: { all: true } }\n' });
    const files = await Promise.all(
      Object.keys(dockerfiles).map(async (name) => [name, await readFile(join(directory, name), 'utf8')] as const),
    );
    const written = files.map(([name, text]) => `cat >/srv/${name} <<'END'\n${text}END`).join('\n');
    host = await bootHost({ docker: true, setup: `${written}\n${SETUP}` });
    const audited = await hardenJson('audit', ['--only', 'containers'], host);
    checks = resultsOf(audited);
    expect(audited.exitCode, audited.stderr).toBe(0);
  });
  afterAll(() => host?.stop());

  test.each([
    ['web', ['user', 'cap-drop', 'no-new-privileges', 'read-only', 'default-bridge', 'memory', 'pids', 'health']],
    ['db', ['user', 'pid-namespace', 'sensitive-mounts']],
    ['agent', ['cap-add', 'network-host', 'docker-socket']],
    ['careless', ['user', 'cap-drop', 'read-only', 'no-new-privileges']],
  ])('finds what is wrong with %s', (name, ids) => {
    expect(found(name)).toEqual(expect.arrayContaining(ids));
  });

  test('a privileged container that does not run is found where all are asked for', async () => {
    expect(found('root')).toEqual([]);
    expect(resultsOf(await hardenJson('audit', [join(directory, 'all.yml')], host))).toContainEqual(
      expect.objectContaining({ subject: 'root', id: 'privileged', result: 'WARN', field: '.HostConfig.Privileged' }),
    );
  });

  test('finds nothing in one that has all it should, but that the kernel here has no AppArmor to confine it', () => {
    expect(found('careful')).toEqual(['apparmor']);
  });

  test('what a Dockerfile is blamed for holds of the image that is built from it', async () => {
    const blamed = async (name: keyof typeof dockerfiles) => {
      const { stdout } = await harden(['audit', '--dockerfile', join(directory, name), '--json']);
      const judged = resultsOf({ document: JSON.parse(stdout) as RunDocument }, 'dockerfile');
      return judged.filter(({ result }) => result !== 'PASS').map(({ id }) => id);
    };
    const careless = await blamed('careless');
    expect(careless).toEqual(expect.arrayContaining(['user', 'root-login', 'healthcheck']));
    const careful = await blamed('careful');
    expect(careless.filter((id) => !careful.includes(id))).toEqual(['user', 'root-login', 'healthcheck']);
    expect(await said("docker image inspect -f '{{.Config.User}}' careless:1 careful:1")).toBe('\n10001:10001');
    expect(await said('for i in careless careful; do docker run --rm -u 0 $i:1 grep ^root: /etc/passwd; done')).toMatch(
      /^root:.*:\/bin\/bash\nroot:.*:\/usr\/sbin\/nologin$/,
    );
  });
});

function resultsOf({ document }: { readonly document: RunDocument }, name = 'containers'): readonly AuditCheck[] {
  const audit = document.hosts[0]?.audits?.find(({ tool }) => tool === name);
  return audit?.status === 'done' ? audit.results : [];
}
