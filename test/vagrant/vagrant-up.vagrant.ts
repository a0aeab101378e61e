import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../lab/wait-for.ts';
import { virsh } from './libvirt.ts';
import { VagrantProject, type VagrantRun } from './machine.ts';
import { makeBox } from './make-box.ts';
import { record, spent } from './record.ts';

const TYPO = `name: A playbook with a typo
tasks:
  - name: Only keys open the door
    sshd: { optoins: { PasswordAuthentication: no } }
`;
/** What docker-bench-security goes on warning of: choices that the playbook leaves to people. */
const DECLINED = ['1.1.1', '2.9', 'userns-remap', '2.12', '4.5'];
const benched = Boolean(process.env.HARDEN_DOCKER_BENCH);
const suite = process.env.HARDEN_SUITE === 'trixie' ? 'trixie' : 'bookworm';

// Each test goes on from where the one before it left the machine.
describe(`vagrant up of ${suite}`, () => {
  let project: VagrantProject;
  let up: VagrantRun;
  let again: VagrantRun;
  let typo: string;

  beforeAll(async () => {
    project = await VagrantProject.create(await makeBox(suite));
    typo = join(project.folder, 'typo.yml');
    await writeFile(typo, TYPO);
    // harden, and then how much processor time it took.
    await writeFile(join(project.folder, 'timed.sh'), 'node dist/cli.js "$@"; status=$?; times >&2; exit "$status"\n');
  });
  afterAll(async () => {
    await project?.remove();
  });

  test('has a Vagrantfile that Ruby and Vagrant take, for every system', async () => {
    expect((await execa('ruby', ['-c', 'Vagrantfile'])).stdout).toBe('Syntax OK');
    for (const HARDEN_OS of ['debian12', 'debian13', 'ubuntu2404'])
      expect(await project.run(['validate'], { HARDEN_OS, HARDEN_BOX: '' })).toMatchObject({ exitCode: 0 });
    const wrong = await project.run(['validate'], { HARDEN_OS: 'debian7', HARDEN_BOX: '' });
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.text).toContain('HARDEN_OS is debian7; write one of debian12, debian13, ubuntu2404');
  });

  test('boots a machine, hardens it and audits it', async () => {
    up = await project.run(['up'], { HARDEN_COMMAND: `sh ${join(project.folder, 'timed.sh')}` });
    expect(up, up.text).toMatchObject({ exitCode: 0 });
    expect(up.text).toContain('proved: nothing differs');
    expect(up.text).toContain('1 host: 1 changed, 0 unchanged');
    expect(existsSync(project.adminKey)).toBe(true);
  });

  test('leaves a machine that says so itself', () => holds());

  test('lets Vagrant in as before, and the administrator beside it', async () => {
    expect(await project.run(['ssh', '-c', 'true'])).toMatchObject({ exitCode: 0 });
    const address = await project.inside('hostname -I');
    const { stdout } = await execa(
      'ssh',
      [
        ...['-F', 'none', '-i', project.adminKey, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes'],
        ...['-o', 'StrictHostKeyChecking=yes', '-o', 'HostKeyAlias=vagrant'],
        ...['-o', `UserKnownHostsFile=${join(project.machineDirectory, 'harden_known_hosts')}`],
        `admin@${address.split(' ')[0]}`,
        'sudo -n id -un',
      ],
      { timeout: 120_000 },
    );
    expect(stdout).toBe('root');
  });

  test('fails with one paragraph of harden for a typo', async () => {
    const failed = await project.run(['up', '--provision'], { HARDEN_PLAYBOOK: typo });
    expect(failed, failed.text).toMatchObject({ exitCode: 1 });
    expect(failed.text).toMatch(/harden: \S+typo\.yml:4:\d+: .*`optoins`.*Did you mean `options`\?/s);
    expect(failed.text).toContain('harden ended with 64; why stands above');
    expect(failed.text).not.toMatch(/\bat .*\.(js|rb):\d+/);
  });

  test('provisions again when it is mended, and changes nothing', async () => {
    again = await project.run(['provision']);
    expect(again, again.text).toMatchObject({ exitCode: 0 });
    expect(again.text).toMatch(/Nothing differs: \d+ tasks hold/);
    expect(again.text).toContain('1 host: 0 changed, 1 unchanged');
  });

  test('leaves a machine that is the same after it was booted anew', async () => {
    const bootId = () => project.inside('cat /proc/sys/kernel/random/boot_id').catch(() => undefined);
    const before = await bootId();
    await project.inside('sudo systemctl reboot').catch(() => undefined);
    await waitFor(
      async () => {
        const now = await bootId();
        return now !== undefined && now !== before ? now : undefined;
      },
      900_000,
      () => 'The machine did not come back.',
    );
    await project.inside('systemctl is-system-running --wait || true');
    await holds();
    expect(await project.inside('systemctl is-active ufw; systemctl --failed --quiet')).toBe('active');
    const plan = await project.harden([
      ...['plan', 'playbooks/docker-host.yml', '--vagrant', '--detailed-exitcode'],
      ...['-e', `admin_key_file=${project.adminKey}.pub`],
    ]);
    expect(plan, plan.text).toMatchObject({ exitCode: 0 });
  });

  test.runIf(benched)('has a score that leaves only what people must decide', () => {
    expect(Number(/docker-bench-security: score (\d+) of/.exec(up.text)?.[1])).toBeGreaterThanOrEqual(43);
    const warned = [...up.text.matchAll(/^ +WARN (\S+) /gm)].map(([, id]) => id);
    expect(warned.filter((id) => !DECLINED.includes(id ?? ''))).toEqual([]);
  });

  test('leaves nothing when it is destroyed', async () => {
    expect(readFileSync(join(project.machineDirectory, 'harden_known_hosts'), 'utf8')).toMatch(/^vagrant ssh-/);
    const domain = readFileSync(join(project.machineDirectory, 'id'), 'utf8');
    expect(await project.run(['destroy', '-f'])).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(project.machineDirectory, 'harden_known_hosts'))).toBe(false);
    expect(await virsh('list', '--all', '--uuid')).not.toContain(domain);
    const gone = await project.harden(['plan', 'playbooks/docker-host.yml', '--vagrant']);
    expect(gone).toMatchObject({ exitCode: 1 });
    expect(gone.text).toContain('the Vagrant machine default (not created) does not run. Boot it with vagrant up');

    const time = spent(up);
    process.stdout.write(`From vagrant up to the score ${time.total.toFixed(0)} s: ${JSON.stringify(time)}\n`);
    if (process.env.HARDEN_RECORD === '1' && benched) record(up, again, new Date());
  });

  /** Asks the machine's own commands whether it is as the playbook says. */
  async function holds(): Promise<void> {
    const said = await project.asked({
      sshd: 'sudo sshd -T | grep -E "^(permitrootlogin|passwordauthentication|authenticationmethods) " | sort',
      ufw: 'sudo ufw status verbose',
      docker: "sudo docker info -f '{{.LiveRestoreEnabled}} {{.LoggingDriver}}'",
      forward: 'sudo iptables -S DOCKER-USER',
      services: 'systemctl is-active ssh docker auditd',
      // Debian's package lets the unit of ufw start at the next boot only, whatever `ufw enable` has done by then.
      firewall: 'systemctl is-enabled ufw',
      written: "sudo grep -c '^-w' /etc/audit/rules.d/50-harden.rules",
      watched: "sudo auditctl -l | grep -c '^-w'",
      audit: 'sudo auditctl -s | grep -E "^(enabled|lost) "',
      apparmor: 'cat /sys/module/apparmor/parameters/enabled',
      profile: 'sudo grep -c "^docker-default (enforce)" /sys/kernel/security/apparmor/profiles',
      sysctl: 'sudo sysctl -n kernel.kptr_restrict net.ipv4.conf.all.rp_filter net.ipv4.ip_forward',
    });
    expect(said).toMatchObject({
      sshd: 'authenticationmethods publickey\npasswordauthentication no\npermitrootlogin no',
      ufw: expect.stringMatching(/Status: active[\s\S]*deny \(incoming\)[\s\S]*22\/tcp +ALLOW/),
      docker: 'true local',
      forward: expect.stringContaining('-A DOCKER-USER -j ufw-user-forward'),
      services: 'active\nactive\nactive',
      firewall: 'enabled',
      watched: said.written,
      audit: expect.stringMatching(/^enabled [12]\nlost \d+$/),
      apparmor: 'Y',
      profile: '1',
      sysctl: '2\n1\n1',
    });
    expect(Number(said.written)).toBeGreaterThan(10);
  }
});
