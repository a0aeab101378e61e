import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootHost, type LabHost, labUnavailable } from '../test/lab/lab.ts';
import { measureContainers } from './bench/containers.ts';
import { type Contender, contenders } from './bench/contenders.ts';
import { installAnsible, installPython } from './bench/install.ts';
import { run, timed } from './bench/timed.ts';

const USAGE =
  'usage: npm run bench -- [--rounds N] [--latency MS]... [--without-ansible]\n       npm run bench -- --containers N   the audit of N containers\n';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    latency: { type: 'string', multiple: true, default: ['0', '50'] },
    'without-ansible': { type: 'boolean', default: false },
    containers: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const latencies = values.latency.map(Number);
if (!(rounds >= 1) || latencies.some((latency) => !(latency >= 0))) {
  process.stderr.write(USAGE);
  process.exit(64);
}
const unavailable = await labUnavailable();
if (unavailable !== undefined) {
  process.stderr.write(`The bench needs a host. ${unavailable}\n`);
  process.exit(1);
}

if (values.containers !== undefined) {
  const { bytes, checks, first, later } = await measureContainers(Number(values.containers), rounds + 1);
  process.stdout.write(
    `${values.containers} containers: one answer of ${Math.round(bytes / 1000)} kB, ${checks} checks; from there to the printed text ${first.toFixed(0)} ms, once warm ${median(later).toFixed(0)} ms (median of ${rounds})\n`,
  );
  process.exit(0);
}

const withAnsible = !values['without-ansible'];
if (withAnsible) await installAnsible();
execFileSync('rolldown', ['-c', 'rolldown.config.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
for (const latency of latencies) {
  const host = await bootHost(latency > 0 ? { latencyMs: latency } : {});
  const directory = mkdtempSync(join(tmpdir(), 'harden-bench-'));
  try {
    await measure(host, directory, latency);
  } finally {
    await host.stop();
    rmSync(directory, { recursive: true });
  }
}

async function measure(host: LabHost, directory: string, latency: number): Promise<void> {
  if (withAnsible) await installPython(host);
  const { prepare, measured } = contenders(host, directory, withAnsible);
  for (const command of prepare) await run(command);
  const times = new Map<string, number[]>(measured.map(({ name }) => [name, []]));
  // Taken in turns, so that whatever else the machine does meets all of them.
  for (let round = 0; round < rounds; round++) {
    for (const contender of measured) {
      if (contender.slow && round >= 3) continue;
      times.get(contender.name)?.push(await timed(contender));
    }
  }
  print(measured, times, latency);
}

function print(measured: readonly Contender[], times: ReadonlyMap<string, readonly number[]>, latency: number): void {
  const medians = new Map([...times].map(([name, list]) => [name, median(list)]));
  const bare = medians.get('ssh HOST true') ?? Number.NaN;
  process.stdout.write(
    `\n40 tasks, all in sync, ${latency} ms round trip (median of ${rounds}; slow ones of at most 3)\n`,
  );
  for (const { name } of measured) {
    const value = medians.get(name) ?? Number.NaN;
    process.stdout.write(
      `  ${name.padEnd(36)} ${value.toFixed(2).padStart(7)} s  ${(value / bare).toFixed(1).padStart(6)} x ssh\n`,
    );
  }
  const plan = medians.get('harden plan') ?? Number.NaN;
  const ansible = medians.get('ansible-playbook --check');
  if (ansible !== undefined)
    process.stdout.write(`  harden plan is ${(ansible / plan).toFixed(1)} times as fast as ansible-playbook --check\n`);
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
