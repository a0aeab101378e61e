import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlaybook } from '../src/playbook/load.ts';
import { resolvePlaybook, validatePlaybook } from '../src/playbook/resolve.ts';
import { registry } from '../src/registry.ts';
import { debian12Facts } from './support/facts.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDx3Wg6PGPfYoLIBvwLLtzVWcd0jBPzcrBO+3fRsIMsD admin\n';

function tracked(pattern: string): string[] {
  return execFileSync('git', ['ls-files', '--', pattern], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

describe('pages', () => {
  const links = tracked('*.md').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) => ({
      file,
      target,
    })),
  );
  test('link to what is there', () => {
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter(({ file, target }) => !existsSync(join(dirname(file), target)))).toEqual([]);
  });

  test('name only npm scripts that are there', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly scripts: object };
    const named = tracked('*.md').flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(/npm run (?:-s )?([a-z:-]+)/g),
    ]);
    expect(named.map(([, name = '']) => name).filter((name) => !(name in scripts))).toEqual([]);
  });
});

test('what the Vagrantfile reads from the environment stands at its top and in its page', () => {
  const vagrantfile = readFileSync('Vagrantfile', 'utf8');
  const names = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name).sort();
  const read = [...new Set(names(vagrantfile, /setting(?:\.call)?\('([A-Z_]+)'/g)), 'DOCKER_BENCH'].sort();
  expect(read.length).toBeGreaterThan(10);
  expect(names(vagrantfile, /^# +HARDEN_([A-Z_]+) {2}/gm)).toEqual(read);
  expect(names(readFileSync('docs/vagrant.md', 'utf8'), /^\| `HARDEN_([A-Z_]+)`/gm)).toEqual(read);
});

describe('playbooks', () => {
  const home = mkdtempSync(join(tmpdir(), 'harden-docs-'));
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh/id_ed25519.pub'), KEY);

  const [, written = ''] = /```yaml\n(name: [\s\S]*?)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
  writeFileSync(join(home, 'readme.yml'), written);

  // what only those who use them have
  writeFileSync(
    join(home, 'packages.asc'),
    '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBFdDN1ABCADa\n-----END PGP PUBLIC KEY BLOCK-----\n',
  );
  const vars = { tailscale_key_file: join(home, 'packages.asc'), teleport_key_file: join(home, 'packages.asc') };

  test.each([...tracked('playbooks/*.yml'), join(home, 'readme.yml')])('%s is valid', async (file) => {
    validatePlaybook(await loadPlaybook(file, registry), { vars, env: {}, home });
  });

  test('are all applied by a test on a real host, by name or as a part of another', () => {
    const tests = tracked('test/e2e/*.test.ts').map((file) => readFileSync(file, 'utf8'));
    const byName = tracked('playbooks/*.yml').filter((file) =>
      tests.some((text) => new RegExp(`['/]${basename(file).replace('.', '\\.')}'`).test(text)),
    );
    const applied = new Set(byName);
    // a set is walked on to what is added meanwhile
    for (const file of applied)
      for (const [, part = ''] of readFileSync(file, 'utf8').matchAll(/^ *- include: (\S+)$/gm))
        applied.add(join(dirname(file), part));
    expect(byName.length).toBeGreaterThan(10);
    expect(tracked('playbooks/*.yml').filter((file) => !applied.has(file))).toEqual([]);
  });

  test.each(['off', 'default'])('cis-docker.yml speaks of daemon.json once with userns_remap %s', async (userns) => {
    const playbook = await loadPlaybook('playbooks/cis-docker.yml', registry);
    const context = { vars: { userns_remap: userns }, env: {}, home, facts: debian12Facts };
    expect(() => resolvePlaybook(playbook, context)).not.toThrow();
  });
});
