import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootHost, type LabHost, labUnavailable } from '../test/lab/lab.ts';

const PLAYBOOK = 'playbooks/docker-host.yml';
const { values } = parseArgs({ options: { suite: { type: 'string', default: 'bookworm' } } });

const unavailable = await labUnavailable();
if (unavailable !== undefined || !isSuite(values.suite)) {
  process.stderr.write(
    unavailable === undefined
      ? '--suite is bookworm or trixie\n'
      : `The demo boots a server to harden. ${unavailable}\n`,
  );
  process.exit(unavailable === undefined ? 64 : 1);
}

say('A throw-away Debian server with Docker, in a container of this machine; the first time, its image is built');
execFileSync('rolldown', ['-c', 'rolldown.config.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
const host = await bootHost({ suite: values.suite, docker: true });
const directory = mkdtempSync(join(tmpdir(), 'harden-demo-'));
try {
  process.exitCode = await show(host);
} finally {
  await host.stop();
  rmSync(directory, { recursive: true });
  say('The server is gone again');
}

async function show(server: LabHost): Promise<number> {
  const config = join(directory, 'ssh_config');
  writeFileSync(config, sshConfig(server));
  // A container has no audit of its own in the kernel that it shares.
  const options = ['--skip-tags', 'auditd', '-e', `admin_key_file=${server.keyFile}.pub`];
  const harden = (title: string, host: string, ...args: readonly string[]) => runHarden(title, config, host, args);

  // Where docker-bench-security cannot be fetched, harden says so, and the rest goes on.
  await harden('What an audit says of it as it is', 'root@demo', 'audit');
  const steps = [
    () => harden('What the playbook would change: nothing is touched', 'root@demo', 'plan', PLAYBOOK, ...options),
    () => harden('Make it so, and prove it', 'root@demo', 'apply', PLAYBOOK, '--yes', ...options),
    () =>
      harden(
        'The same plan again, as the new administrator, for root cannot log in any more',
        'admin@demo',
        'plan',
        PLAYBOOK,
        '--detailed-exitcode',
        ...options,
      ),
    () => harden('What was done is on record, and can be rolled back', 'admin@demo', 'history'),
  ];
  for (const step of steps) {
    const status = await step();
    if (status !== 0) return status;
  }
  await harden('What the audit says now', 'admin@demo', 'audit', PLAYBOOK, ...options);
  return 0;
}

function runHarden(title: string, config: string, host: string, args: readonly string[]): Promise<number> {
  say(title);
  const short = args.filter((arg, at) => arg !== '-e' && args[at - 1] !== '-e');
  process.stdout.write(`$ harden ${short.join(' ')} -H ${host}\n`);
  const child = spawn(process.execPath, ['dist/cli.js', ...args, '-H', host, '--ssh-config', config], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
}

function sshConfig({ address, port, keyFile, knownHostsFile }: LabHost): string {
  return `Host demo
  HostName ${address}
  Port ${port}
  IdentityFile ${keyFile}
  IdentitiesOnly yes
  UserKnownHostsFile ${knownHostsFile}
`;
}

function isSuite(text: string): text is 'bookworm' | 'trixie' {
  return text === 'bookworm' || text === 'trixie';
}

function say(text: string): void {
  process.stdout.write(`\n── ${text}\n`);
}
