import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { folder, harden, hardenJson, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 180_000 });

const unavailable = await labUnavailable();

// each second task of a pair is refused on this host by itself
const SETUP = `
echo 'net.ipv4.conf.all.send_redirects = 1' >/etc/sysctl.d/zz-local.conf
echo cramfs >>/etc/modules
useradd -r -d /var/lib/app app
printf '[Service]\\nUser=app\\nExecStart=/bin/sleep 10000\\n' >/etc/systemd/system/app.service
mkdir /srv/app /srv/repo
cd /srv/repo
for name in one rival; do
  mkdir -p "$name/DEBIAN"
  printf 'Package: harden-%s\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.org>\\nDescription: x\\n' "$name" >"$name/DEBIAN/control"
done
echo 'Conflicts: harden-one' >>rival/DEBIAN/control
for name in one rival; do
  dpkg-deb -b "$name" "$name.deb" >/dev/null
  { dpkg-deb -f "$name.deb"; echo "Filename: ./$name.deb"; stat -c 'Size: %s' "$name.deb"; echo "SHA256: $(sha256sum <"$name.deb" | cut -d' ' -f1)"; echo; } >>Packages
done
echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list.d/local.list
`;

const PAIRS = `
  - lineinfile: { path: /etc/sysctl.d/zz-local.conf, regexp: '^net.ipv4.conf.all.send_redirects', state: absent }
  - sysctl: { name: net.ipv4.conf.all.send_redirects, value: 0 }
  - lineinfile: { path: /etc/modules, regexp: '^cramfs', state: absent }
  - modprobe: { name: cramfs, state: disabled }
  - service: { name: app, state: stopped }
  - user: { name: app, home: /srv/app }
`;

describe.skipIf(unavailable)('a task after one that takes away what is against it', () => {
  let host: LabHost;
  const write = async (tasks: string) =>
    `${await folder({ 'playbook.yml': `name: Order\ntasks:${tasks}` })}/playbook.yml`;

  beforeAll(async () => {
    host = await bootHost({ suite: 'trixie', setup: SETUP });
    await host.exec('systemctl daemon-reload; systemctl start app');
    await host.exec(
      'apt-get update -o Dir::Etc::sourcelist=sources.list.d/local.list -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 && apt-get install -y harden-one',
    );
  });
  afterAll(() => host?.stop());

  test('is refused by itself', async () => {
    const alone = PAIRS.split('\n').filter((line) => /sysctl:|modprobe:|user:/.test(line));
    const { document } = await hardenJson('plan', [await write(`\n${alone.join('\n')}\n`)], host);
    expect(document.hosts[0]?.tasks?.map(({ error }) => error !== undefined)).toEqual([true, true, true]);
  });

  test('is known after apply behind it, applied, proved, and in sync', async () => {
    const playbook = await write(PAIRS);
    const { document } = await hardenJson('plan', [playbook], host);
    expect(document.hosts[0]?.tasks?.map(({ known_after_apply: unknown }) => unknown !== undefined)).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
    const applied = await harden(['apply', '--yes', playbook, ...hostArgs(host)]);
    expect(applied).toMatchObject({ exitCode: 0 });
    expect(
      (await host.exec('getent passwd app; cat /etc/modules /proc/sys/net/ipv4/conf/all/send_redirects')).stdout,
    ).toMatch(/:\/srv\/app:[\s\S]*\n0$/);
    const again = await harden(['plan', '--detailed-exitcode', playbook, ...hostArgs(host)]);
    expect(again.exitCode).toBe(0);
  });

  test('what apt would remove for a package is refused by name, and allowed by name', async () => {
    const refused = await hardenJson('plan', [await write('\n  - apt: { name: harden-rival }\n')], host);
    expect(refused.document.hosts[0]?.tasks?.[0]?.error).toContain(
      'apt would remove harden-one to install harden-rival',
    );
    const playbook = await write('\n  - apt: { name: harden-rival, allow_removals: [harden-one] }\n');
    expect(await harden(['apply', '--yes', playbook, ...hostArgs(host)])).toMatchObject({ exitCode: 0 });
    const { stdout } = await host.exec("dpkg-query -W -f '${Package} ${db:Status-Status}\\n' 'harden-*'");
    expect(stdout).toBe('harden-one not-installed\nharden-rival installed');
    expect(await harden(['plan', '--detailed-exitcode', playbook, ...hostArgs(host)])).toMatchObject({ exitCode: 0 });
  });

  test('a directory on the way is made, said in the plan, and gone with the rollback', async () => {
    const playbook = await write(`
  - apt: { name: harden-one, allow_removals: [harden-rival] }
  - copy: { dest: /etc/systemd/coredump.conf.d/50.conf, content: "[Coredump]\\nStorage=none\\n" }
  - lineinfile: { path: /etc/ahead/a/b, line: x, create: true }
`);
    const { document } = await hardenJson('plan', [playbook], host);
    expect(document.hosts[0]?.tasks?.map(({ changes }) => changes[0]).slice(1)).toEqual([
      { key: 'directories', before: null, after: ['/etc/systemd/coredump.conf.d'] },
      { key: 'directories', before: null, after: ['/etc/ahead', '/etc/ahead/a'] },
    ]);
    expect(await harden(['apply', '--yes', playbook, ...hostArgs(host)])).toMatchObject({ exitCode: 0 });
    const look = async () =>
      (await host.exec("stat -c '%U %G %a %n' /etc/systemd/coredump.conf.d /etc/ahead /etc/ahead/a")).stdout;
    expect(await look()).toBe(
      'root root 755 /etc/systemd/coredump.conf.d\nroot root 755 /etc/ahead\nroot root 755 /etc/ahead/a',
    );
    expect(await harden(['plan', '--detailed-exitcode', playbook, ...hostArgs(host)])).toMatchObject({ exitCode: 0 });
    expect(await harden(['rollback', '--yes', ...hostArgs(host)])).toMatchObject({ exitCode: 0 });
    expect(await look()).toBe('');
  });
});
