import { execFileSync, spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { labUnavailable } from '../test/lab/lab.ts';
import { ensurePackages } from '../test/lab/packages.ts';

const USAGE = `usage: npm run test:faults -- [--record] [part]...
  part      a file of test/faults by the beginning of its name (kills, network); all where none is given
  --record  writes the rows of what ran into docs/reliability.md, where all of it passed
`;

// Breaks real hosts on purpose, and looks at what is left of them.
const { values, positionals, tokens } = parseArgs({
  options: { record: { type: 'boolean', default: false } },
  allowPositionals: true,
  strict: false,
  tokens: true,
});
if (tokens.some((token) => token.kind === 'option' && token.name !== 'record')) {
  process.stderr.write(USAGE);
  process.exit(64);
}
const unavailable = await labUnavailable();
if (unavailable !== undefined) {
  process.stderr.write(`Faults need hosts to happen on. ${unavailable}\n`);
  process.exit(1);
}
await ensurePackages();
execFileSync('rolldown', ['-c', 'rolldown.config.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
const { status } = spawnSync(
  'vitest',
  ['run', '--config', 'vitest.faults.config.ts', ...positionals.map((part) => `test/faults/${part}`)],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...(values.record ? { HARDEN_RECORD: '1' } : {}) },
  },
);
process.exitCode = status ?? 1;
