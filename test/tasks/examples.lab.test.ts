import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { registry } from '../../src/tasks/index.ts';
import { folder, hardenJson } from '../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

/** Types whose first example cannot be applied here: why, and the file in which the type is applied to a real host all the same. */
const ELSEWHERE: Readonly<Record<string, readonly [why: string, file: string]>> = {
  apparmor: ['needs a kernel of its own', 'test/e2e/machine.vm.test.ts'],
  apt_repository: ['download.docker.com is not there for a host of the lab', 'test/e2e/upkeep.test.ts'],
  audit_rules: ['needs a kernel of its own', 'test/e2e/machine.vm.test.ts'],
  docker_compose: ['Docker Hub is not there for a host of the lab', 'test/tasks/docker-compose.lab.test.ts'],
  docker_image: ['Docker Hub is not there for a host of the lab', 'test/tasks/docker-image.lab.test.ts'],
  modprobe: ['needs a kernel of its own', 'test/e2e/machine.vm.test.ts'],
  mount: ['needs a disk of its own', 'test/e2e/machine.vm.test.ts'],
  reboot: ['a container boots with the kernel that it shares', 'test/e2e/machine.vm.test.ts'],
  sysctl: ['needs a kernel of its own', 'test/e2e/machine.vm.test.ts'],
  wireguard: ['its peer calls out to a name that is not there', 'test/tasks/wireguard.lab.test.ts'],
};

/** What a first example needs to be there, as root of the host; most need nothing. */
const SETUP = `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -q update >/dev/null
apt-get -q -y install --no-install-recommends cron unattended-upgrades git nginx-light openssl ca-certificates >/dev/null
ln -sf /usr/share/zoneinfo/Europe/Paris /etc/localtime
mkdir -p /srv/image/bin && cp /bin/busybox /srv/image/bin/
ln -s busybox /srv/image/bin/sh
printf '#!/bin/sh\\nexec busybox sleep 100000\\n' >/srv/image/bin/serve && chmod 0755 /srv/image/bin/serve
tar -C /srv/image -c . | docker import --change 'ENV PATH=/bin' --change 'USER 10001:10001' - ghcr.io/owner/app:1.4 >/dev/null
# this name leads to this host, which has an authority that it trusts itself
echo '127.0.0.1 download.example.org' >>/etc/hosts
cd /root
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lab -keyout key.pem -out /usr/local/share/ca-certificates/lab.crt \\
  -addext 'subjectAltName=DNS:download.example.org' 2>/dev/null
update-ca-certificates >/dev/null 2>&1
cat >/etc/nginx/sites-enabled/default <<'END'
server { listen 127.0.0.1:443 ssl; ssl_certificate /usr/local/share/ca-certificates/lab.crt; ssl_certificate_key /root/key.pem; root /srv/www; }
END
mkdir -p /srv/www
: >/srv/www/tool-1.2.3-linux-amd64
git init -q /srv/bench && cd /srv/bench
git -c user.email=a@b -c user.name=a commit -q --allow-empty -m one && git tag v1.6.0
git config --system url./srv/bench.insteadOf https://github.com/docker/docker-bench-security.git
systemctl restart nginx`;

/** An example of one of them would undo that of another, or leave it nothing to do. */
const LATER = ['template', 'docker_daemon', 'ufw', 'ufw_docker', 'listening'];
/** The account that others speak of comes first. */
const FIRST = ['user', 'group'];

const applicable = registry.types.filter(({ type }) => !(type in ELSEWHERE));
const place = (type: string) => (FIRST.includes(type) ? 0 : LATER.includes(type) ? 2 : 1);
const rounds = [0, 1, 2].map((round) => applicable.filter(({ type }) => place(type) === round));

test.each(Object.entries(ELSEWHERE))('%s is applied elsewhere', (type, [, file]) => {
  expect({ type, isType: registry.get(type) !== undefined }).toEqual({ type, isType: true });
  expect({ file, isThere: existsSync(file) }).toEqual({ file, isThere: true });
});

describe.skipIf(unavailable)('the first example of each type', () => {
  let host: LabHost;
  let directory: string;

  beforeAll(async () => {
    directory = await folder({});
    mkdirSync(join(directory, '.ssh'));
    mkdirSync(join(directory, 'templates'));
    writeFileSync(join(directory, 'templates/issue.net.hbs'), 'For those of {{facts.hostname}} alone.\n');
    host = await bootHost({ docker: true, setup: SETUP });
    writeFileSync(
      join(directory, '.ssh/id_ed25519.pub'),
      (await host.exec('cat /root/.ssh/authorized_keys')).stdout.split('\n')[0] ?? '',
    );
    for (const [round, types] of rounds.entries())
      writeFileSync(
        join(directory, `${round}.yml`),
        stringify({ tasks: types.map(({ type, examples }) => ({ [type]: examples[0] })) }),
      );
  });
  afterAll(() => host?.stop());

  test.each(rounds.map((types, round) => [types.map(({ type }) => type).join(', '), round, types.length] as const))(
    'is applied and proved, and then nothing differs: %s',
    async (_, round, count) => {
      // while a container runs, dockerd cannot take icc: false up
      if (round === 2) await host.exec('docker rm -f app');
      // home, for key_file: ~/.ssh
      const options = { user: 'admin0', env: { HOME: directory, XDG_CACHE_HOME: join(directory, 'cache') } };
      const applied = await hardenJson('apply', [join(directory, `${round}.yml`), '--yes'], host, options);
      expect(applied.exitCode, applied.stderr + applied.stdout).toBe(0);
      expect(applied.document.hosts[0]?.tasks).toHaveLength(count);
      const again = await hardenJson('plan', [join(directory, `${round}.yml`), '--detailed-exitcode'], host, options);
      expect(again.exitCode, again.stdout).toBe(0);
    },
  );
});
