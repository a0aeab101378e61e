import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { survived } from './support/row.ts';
import { apply, plan } from './support/run.ts';

const unavailable = await labUnavailable();

interface Config {
  readonly fault: string;
  /** Runs on the host before. */
  readonly setup?: string;
  /** A task that the program would not start from. */
  readonly bad: string;
  /** harden's refusal, in the program's own words. */
  readonly says: RegExp;
  /** The same file as the program takes it: what shows that the check does not just say no. */
  readonly good: string;
  /** Prints the running program, its process and what it is configured with. */
  readonly running: string;
}

const CONFIGS: readonly Config[] = [
  {
    fault: 'a drop-in of sshd with a `Subsystem` that sshd_config has too: good alone, an error in the whole',
    bad: 'copy: { dest: /etc/ssh/sshd_config.d/sftp.conf, content: "Subsystem sftp internal-sftp\\n" }',
    says: /\/etc\/ssh\/sshd_config line \d+: Subsystem 'sftp' already defined/,
    good: 'copy: { dest: /etc/ssh/sshd_config.d/sftp.conf, content: "MaxStartups 20:30:100\\n" }',
    running: 'systemctl show -p MainPID ssh; sshd -T | sort',
  },
  {
    fault: 'a sudoers file with an alias that another one has too',
    setup: 'echo "User_Alias OPS = admin1" >/etc/sudoers.d/10-ops && chmod 0440 /etc/sudoers.d/10-ops',
    bad: 'copy: { dest: /etc/sudoers.d/20-ops, content: "User_Alias OPS = admin0\\n", mode: "0440" }',
    says: /Alias "OPS" already defined/,
    good: 'copy: { dest: /etc/sudoers.d/20-ops, content: "User_Alias MORE = admin0\\n", mode: "0440" }',
    running: 'visudo -cs; sudo -l -U admin0',
  },
  {
    fault: 'a site of nginx that is the default server beside another one',
    bad: 'copy: { dest: /etc/nginx/conf.d/site.conf, content: "server { listen 80 default_server; }\\n" }',
    says: /a duplicate default server for 0\.0\.0\.0:80 in \/etc\/nginx\//,
    good: 'copy: { dest: /etc/nginx/conf.d/site.conf, content: "server { listen 8081; }\\n" }',
    running: 'systemctl show -p MainPID nginx; nginx -T',
  },
  {
    fault: 'an option that dockerd does not know, in daemon.json',
    bad: 'copy: { dest: /etc/docker/daemon.json, content: \'{"live-restored": true}\' }',
    says: /with file \/etc\/docker\/daemon\.json: .* don't match any configuration option: live-restored/,
    good: 'copy: { dest: /etc/docker/daemon.json, content: \'{"live-restore": true}\' }',
    running: 'systemctl show -p MainPID docker; docker info; ls /etc/docker/daemon.json 2>/dev/null',
  },
  {
    fault: 'a file of apt’s configuration that every apt command would stop at',
    bad: 'copy: { dest: /etc/apt/apt.conf.d/90-lab, content: "APT::Get::Assume-Yes \\"false\\"\\n" }',
    says: /Syntax error \/etc\/apt\/apt\.conf\.d\/90-lab:2: Extra junk/,
    good: 'copy: { dest: /etc/apt/apt.conf.d/90-lab, content: "APT::Get::Assume-Yes \\"false\\";\\n" }',
    running: 'apt-config dump',
  },
  {
    fault: 'a kernel parameter that the kernel does not have, in a file of sysctl.d',
    bad: 'copy: { dest: /etc/sysctl.d/90-lab.conf, content: "net.ipv4.tcp_syncookie = 1\\n" }',
    says: /the kernel has no key net\.ipv4\.tcp_syncookie\b/,
    good: 'copy: { dest: /etc/sysctl.d/90-lab.conf, content: "net.ipv4.tcp_syncookies = 1\\n" }',
    running: 'cat /etc/sysctl.d/*',
  },
  {
    fault: 'a rule that iptables does not take, in ufw’s before.rules',
    bad: 'lineinfile: { path: /etc/ufw/before.rules, line: "-A ufw-before-input -p tcp --dports 1:2 -j ACCEPT", insertbefore: "^COMMIT" }',
    says: /\/etc\/ufw\/before\.rules: .*--dports/,
    good: 'lineinfile: { path: /etc/ufw/before.rules, line: "-A ufw-before-input -p tcp -m multiport --dports 81,82 -j ufw-user-input", insertbefore: "^COMMIT" }',
    running: 'ufw status verbose; cat /etc/ufw/before.rules; iptables -S',
  },
  {
    fault: 'a rule that ip6tables does not take, in ufw’s user6.rules',
    bad: 'lineinfile: { path: /etc/ufw/user6.rules, line: "-A ufw6-user-input -s 10.0.0.1 -j ACCEPT", insertbefore: "^COMMIT" }',
    says: /\/etc\/ufw\/user6\.rules: .*10\.0\.0\.1/,
    good: 'lineinfile: { path: /etc/ufw/user6.rules, line: "-A ufw6-user-input -s 2001:db8::1 -j ACCEPT", insertbefore: "^COMMIT" }',
    running: 'ufw status verbose; cat /etc/ufw/user6.rules; ip6tables -S',
  },
];

describe.skipIf(unavailable)('a configuration that its program does not take', () => {
  let host: LabHost;
  const said = async (command: string) => (await host.exec(`${command} 2>&1`)).stdout;

  beforeAll(async () => {
    const install = 'DEBIAN_FRONTEND=noninteractive apt-get -qy install ufw nginx-light';
    host = await bootHost({ docker: true, setup: `apt-get -q update && ${install}` });
    expect((await host.exec('ufw allow 22/tcp && ufw --force enable')).exitCode).toBe(0);
  });
  afterAll(() => host?.stop());

  test.each(CONFIGS)('$fault', async ({ fault, setup, bad, says, good, running }) => {
    if (setup) expect((await host.exec(setup)).exitCode).toBe(0);
    const before = await said(running);
    const refused = await apply(host, `tasks:\n  - ${bad}\n`);
    expect(refused.stderr + refused.stdout).toMatch(says);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).not.toMatch(/: applying \d/);
    expect(await said(running)).toBe(before);

    const taken = await apply(host, `tasks:\n  - ${good}\n`);
    expect(taken.exitCode, taken.stderr).toBe(0);
    expect((await plan(host, `tasks:\n  - ${good}\n`)).exitCode).toBe(0);
    survived({
      section: 'config',
      fault,
      host: 'not touched; the program runs on as before',
      next: 'refused at plan, in the program’s own words; a version that the program takes is applied',
      seconds: refused.seconds,
    });
  });

  test('what was good at plan is not any more when its step comes', async () => {
    const other = 'server { listen 8090 default_server; }';
    const playbook = `tasks:
  - command: { cmd: "echo '${other}' >/etc/nginx/conf.d/other.conf", creates: /etc/nginx/conf.d/other.conf }
  - copy: { dest: /etc/nginx/conf.d/late.conf, content: "${other}\\n" }
    notify: reload
handlers:
  reload: { run: systemctl reload nginx }
`;
    const before = await said('systemctl show -p MainPID nginx');
    const failed = await apply(host, playbook);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/a duplicate default server for 0\.0\.0\.0:8090 in \/etc\/nginx\//);
    expect(await said('ls -A /etc/nginx/conf.d; nginx -tq; systemctl show -p MainPID nginx')).toBe(
      `other.conf\nsite.conf\n${before}`,
    );
    await host.exec('rm /etc/nginx/conf.d/other.conf');
    const late = playbook.replace(/ {2}- command.*\n/, '');
    const next = await apply(host, late);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(next.stderr).toContain('proved: nothing differs');
    expect(await said('nginx -tq; ss -Htln sport = :8090 | wc -l')).toBe('1');
    survived({
      section: 'config',
      fault: 'a site of nginx that was good at plan, and is not any more when its step comes',
      host: 'the file was not written; nginx runs on with a configuration that holds',
      next: 'this one ends with 1 and nginx’s words; with the other file gone, the next one ends in proof',
      seconds: failed.seconds,
    });
  });
});
