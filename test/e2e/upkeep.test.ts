import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { reaches } from '../support/reaches.ts';
import { folder, harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

// A service that nobody asked for; a package of which there is a newer version; a repository with a tag.
const SETUP = `set -e
export DEBIAN_FRONTEND=noninteractive GIT_CONFIG_GLOBAL=/dev/null
apt-get -q update >/dev/null
apt-get -q -y install --no-install-recommends rpcbind iproute2 git ufw gnupg >/dev/null
mkdir -p /srv/repo /srv/demo/DEBIAN
for version in 1 2; do
  printf 'Package: demo\\nVersion: %s\\nArchitecture: all\\nMaintainer: nobody <nobody@example.org>\\nDescription: demo\\n' $version >/srv/demo/DEBIAN/control
  dpkg-deb -b /srv/demo /srv/repo/demo_$version.deb >/dev/null
done
dpkg -i /srv/repo/demo_1.deb >/dev/null
{ cat /srv/demo/DEBIAN/control
  printf 'Filename: ./demo_2.deb\\nSize: %s\\nSHA256: %s\\n' "$(stat -c %s /srv/repo/demo_2.deb)" "$(sha256sum </srv/repo/demo_2.deb | cut -d ' ' -f 1)"
} >/srv/repo/Packages
cd /srv/repo
printf 'Origin: demo\\nDate: %s\\nSHA256:\\n %s %s Packages\\n' "$(date -Ru)" "$(sha256sum <Packages | cut -d ' ' -f 1)" "$(stat -c %s Packages)" >Release
gpg --batch --quiet --passphrase '' --quick-gen-key demo ed25519 sign never 2>/dev/null
gpg --batch --quiet --clearsign -o InRelease Release
gpg --batch --quiet --armor --export demo >/srv/demo.asc
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
git init -q /srv/tools
cd /srv/tools
git config user.email nobody@example.org && git config user.name nobody
echo 1 >version && git add . && git commit -q -m one && git tag v1
echo 2 >version && git commit -q -a -m two && git tag v2`;

const ONLY_SSH = 'listening: { allow: [{ port: 22, process: sshd }] }';

const files = {
  'listening.yml': `tasks:
  - ${ONLY_SSH}
`,
  'vpn-only.yml': `vars: { vpn: 10.8.0.0/24 }
tasks:
  - ufw:
      rules:
        - { rule: allow, port: 22, proto: tcp }
        - { rule: allow, port: 111, proto: tcp, from: '{{vpn}}', comment: for administrators }
      default: { incoming: deny }
      state: enabled
`,
  'minimal.yml': `tasks:
  - name: Nobody needs rpcbind
    service: { name: '{{item}}', state: stopped, enabled: false, masked: true }
    each: [rpcbind.socket, rpcbind.service]
  - ${ONLY_SSH}
`,
  'gone.yml': `tasks:
  - apt: { name: rpcbind, state: absent, purge: true }
  - ${ONLY_SSH}
`,
  'repository.yml': `tasks:
  - apt_repository: { name: demo, uris: 'file:/srv/repo', suites: ./, signed_by: /srv/demo.asc }
`,
  'moved.yml': `tasks:
  - file: { path: /etc/apt/sources.list.d/old.list, state: absent }
  - apt_repository: { name: demo, uris: 'file:/srv/repo', suites: ./, signed_by: /srv/demo.asc }
`,
  'upgrade.yml': `tasks:
  - apt: { upgrade: safe, update_cache: true }
`,
  'git.yml': `vars: { version: v1 }
tasks:
  - git: { repo: '/srv/tools', dest: /opt/tools, version: '{{version}}' }
`,
};

describe.skipIf(unavailable)('a host that holds more than it needs', () => {
  let host: LabHost;
  let directory: string;
  const said = async (command: string) => (await host.exec(command)).stdout;
  const run = (command: string, file: keyof typeof files, ...options: string[]) =>
    harden([command, join(directory, file), ...options, ...hostArgs(host)]);
  const converges = async (file: keyof typeof files, ...options: string[]) => {
    const applied = await run('apply', file, '--yes', ...options);
    expect(applied, applied.stdout + applied.stderr).toMatchObject({ exitCode: 0 });
    expect(applied.stderr).toContain('proved: nothing differs');
    const again = await run('plan', file, '--detailed-exitcode', ...options);
    expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
    return applied;
  };

  beforeAll(async () => {
    directory = await folder(files);
    host = await bootHost({ setup: SETUP });
  });
  afterAll(() => host?.stop());

  test('what listens and should not is named, over TCP and UDP, with the service to stop; it is not stopped', async () => {
    const plan = await run('plan', 'listening.yml');
    expect(plan.exitCode).toBe(1);
    const told = plan.stdout + plan.stderr;
    expect(told).toMatch(/tcp 0\.0\.0\.0:111, rpcbind/);
    expect(told).toMatch(/udp 0\.0\.0\.0:111, rpcbind/);
    expect(told).toMatch(/service: \{ name: rpcbind\.(?:socket|service), state: stopped, enabled: false \}/);
    expect(told).not.toMatch(/nothing allows it: tcp \S+:22,/);
    expect(await said("ss -H -ltun | grep -c ':111 '")).toBe('4');
  });

  test('an administrator’s port is open from the network of the VPN alone', async () => {
    expect(await reaches(host.address, 111)).toBe(true);
    await converges('vpn-only.yml');
    expect(await reaches(host.address, 111)).toBe(false);
    // the lab's own network stands in for it
    await converges('vpn-only.yml', '-e', 'vpn=10.213.77.0/24');
    expect(await reaches(host.address, 111)).toBe(true);
  });

  test('with the service stopped and masked, nothing listens there, and it cannot be started', async () => {
    await converges('minimal.yml');
    expect(await said("ss -H -ltun | grep -c ':111 '")).toBe('0');
    expect((await host.exec('systemctl start rpcbind.service')).stderr).toMatch(/masked/);
  });

  test('the package goes, and with it its configuration', async () => {
    await converges('gone.yml');
    expect(await said("dpkg-query -W -f '${Status}' rpcbind 2>&1; ls /etc/default/rpcbind 2>&1")).toMatch(
      /no packages found[\s\S]*No such file/,
    );
  });

  test('a repository is taken when its key signs it, and not when somebody else has changed it', async () => {
    await said(
      'mv /srv/repo/Release /srv/Release; mv /srv/repo/InRelease /srv/InRelease; sed s/demo/domo/ /srv/InRelease >/srv/repo/InRelease',
    );
    const refused = await run('apply', 'repository.yml', '--yes');
    expect(refused, refused.stdout + refused.stderr).toMatchObject({ exitCode: 1 });
    expect(await said('ls /etc/apt/sources.list.d')).toBe('');
    await said('mv /srv/InRelease /srv/repo/InRelease');
    await said("echo 'deb file:/srv/repo ./' >/etc/apt/sources.list.d/old.list");
    const contradicted = await run('plan', 'repository.yml');
    expect(contradicted.stdout).toContain('/etc/apt/sources.list.d/old.list names it too');
    await converges('moved.yml');
    await said('apt-get -q update');
    expect(await said('apt-cache policy demo')).toMatch(/Installed: 1\n\s*Candidate: 2\n/);
  });

  test('a plan reports what could be upgraded, and changes nothing; apply upgrades it', async () => {
    const plan = await run('plan', 'upgrade.yml', '--detailed-exitcode');
    expect(plan.exitCode).toBe(2);
    expect(plan.stdout).toMatch(/demo\b.*\b1\b[\s\S]*\b2\b/);
    expect(await said("dpkg-query -W -f '${Version}' demo")).toBe('1');
    await converges('upgrade.yml');
    expect(await said("dpkg-query -W -f '${Version}\n' demo; apt list --upgradable 2>/dev/null")).toBe('2\nListing...');
  });

  test('a clone is at the tag that is named, comes to another one, and is not changed by hand unnoticed', async () => {
    await converges('git.yml');
    expect(await said('cat /opt/tools/version; git -C /opt/tools describe --tags')).toBe('1\nv1');
    await converges('git.yml', '-e', 'version=v2');
    expect(await said('cat /opt/tools/version')).toBe('2');
    await said('echo 3 >/opt/tools/version');
    const refused = await run('plan', 'git.yml');
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout + refused.stderr).toContain('files of the clone /opt/tools were changed by hand: version');
  });
});
