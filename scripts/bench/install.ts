import { execFileSync } from 'node:child_process';
import type { LabHost } from '../../test/lab/lab.ts';
import { exists } from '../../test/lab/packages.ts';

const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };

/** Makes ansible-playbook available on this machine. */
export async function installAnsible(): Promise<void> {
  if (await exists('ansible-playbook')) return;
  process.stderr.write('bench: installing ansible-core\n');
  const install = () => aptGet('install', '-y', '--no-install-recommends', 'ansible-core');
  try {
    install();
  } catch {
    aptGet('update');
    install();
  }
}

/** Ansible needs Python on the host; harden does not. */
export async function installPython(host: LabHost): Promise<void> {
  const { exitCode, stderr } = await host.exec(
    'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends python3 python3-apt',
  );
  if (exitCode !== 0) throw new Error(`python3 could not be installed on the host: ${stderr}`);
}

function aptGet(...args: readonly string[]): void {
  execFileSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=600', ...args], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
