import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Script } from '../../src/remote/sh.ts';

/** What is meant as it stands in scripts that are made and not written. */
const EXCLUDED = [
  'SC1087', // `$name[`: dash has no arrays
  'SC1090', // sourced files
  'SC1091',
  'SC2015', // a && b || c
  'SC2016', // text that another program expands
  'SC2034', // a helper's variable that not every script uses
  'SC2043', // a loop over a list of one
  'SC2140', // a word put together from quoted pieces
  'SC2154', // what the step brings: $harden_tmp, $harden_step
  'SC2174', // mkdir -p -m where only the last directory can be missing
];

/** Why shellcheck cannot be asked here, or undefined when it can. As root on a Debian machine it is installed if it is missing. */
export function shellcheckUnavailable(): string | undefined {
  if (isThere('shellcheck')) return undefined;
  if (!isThere('apt-get')) return 'shellcheck is not installed, and there is no apt-get to install it with';
  if (process.getuid?.() === 0) {
    const options = { encoding: 'utf8', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
    const install = (): string => spawnSync('apt-get', ['-y', 'install', 'shellcheck'], options).stderr;
    let said = install();
    if (!isThere('shellcheck')) {
      spawnSync('apt-get', ['update'], options);
      said = install();
    }
    return isThere('shellcheck')
      ? undefined
      : `shellcheck is not installed, and apt-get could not install it: ${said.trim()}`;
  }
  return 'shellcheck is not installed: run `sudo apt-get install shellcheck`';
}

/** What shellcheck says of the scripts as dash would run them, a line for each remark; equal scripts are looked at once. */
export function shellcheck(named: ReadonlyMap<string, Script>): readonly string[] {
  const scripts = new Map(
    [...new Map([...named].map(([name, script]) => [script, name])).entries()].map(([script, name]) => [name, script]),
  );
  if (scripts.size === 0) return [];
  const directory = mkdtempSync(join(tmpdir(), 'harden-shellcheck-'));
  try {
    const names = [...scripts.keys()];
    for (const [index, script] of [...scripts.values()].entries())
      writeFileSync(join(directory, `${index}.sh`), `${script}\n`);
    const files = names.map((_, index) => `${index}.sh`);
    const options = ['-s', 'dash', '-S', 'warning', '-f', 'json', '-e', EXCLUDED.join(',')];
    const { stdout } = spawnSync('shellcheck', [...options, ...files], {
      cwd: directory,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    const remarks = JSON.parse(stdout) as { file: string; line: number; code: number; message: string }[];
    return remarks.map(({ file, line, code, message }) => {
      const name = names[Number.parseInt(file, 10)] ?? file;
      const text = scripts.get(name)?.split('\n')[line - 1]?.trim() ?? '';
      return `${name}: SC${code} ${message}: ${text}`;
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function isThere(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, program)));
}
