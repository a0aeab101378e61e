import { parseArgs } from 'node:util';
import { createHost } from './create-host.ts';
import { type HostRecord, RECORDS_LOCK, readRecords } from './host-record.ts';
import { SUDO_PASSWORD } from './image.ts';
import type { Suite } from './lab-host.ts';
import { labUnavailable } from './lab-unavailable.ts';
import { withLock } from './lock.ts';
import { isAlive } from './process-identity.ts';
import { destroyHost, reap } from './reap.ts';

const USAGE = `Debian hosts to try harden on.

  npm run lab -- up [--suite bookworm|trixie] [--docker] [--name NAME]   boots a host that stays
  npm run lab -- list                                                   the hosts there are
  npm run lab -- down [NAME]                                            ends one that stays, or all that stay
`;
const SUITES: readonly string[] = ['bookworm', 'trixie'] satisfies readonly Suite[];
// The name of a host is part of its network card's name, which the kernel limits to 15 characters.
const NAME = /^[a-z][a-z0-9-]{0,11}$/;

class Problem extends Error {}

class UsageError extends Problem {}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { suite: { type: 'string' }, docker: { type: 'boolean' }, name: { type: 'string' } },
    allowPositionals: true,
  });
  const [command, name, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`What is "${rest.join(' ')}"?`);
  if (command === 'up' && name === undefined) return up(values);
  if (command === 'list' && name === undefined) return list();
  if (command === 'down') return down(name);
  throw new UsageError(command === undefined ? 'What to do?' : `What is "${positionals.join(' ')}"?`);
}

async function up(options: { suite?: string; docker?: boolean; name?: string }): Promise<void> {
  const { suite = 'bookworm', docker = false, name } = options;
  if (!isSuite(suite)) throw new UsageError(`There is no suite ${suite}, only ${SUITES.join(' and ')}.`);
  if (name !== undefined && !NAME.test(name)) throw new UsageError(`The name ${name} does not match ${NAME}.`);
  await demandLab();
  if ((await readRecords()).some((record) => record.name === name))
    throw new Problem(`The host ${name} is up already.`);
  const { record, keyFile, knownHostsFile } = await createHost({ suite, docker }, { name, stays: true });
  process.stdout.write(`name         ${record.name}
address      ${record.address}
key          ${keyFile}
known hosts  ${knownHostsFile}
users        root, admin0 (sudo without a password), admin1 (sudo with the password ${SUDO_PASSWORD})

ssh -i ${keyFile} -o UserKnownHostsFile=${knownHostsFile} admin0@${record.address}
`);
}

async function list(): Promise<void> {
  await demandLab();
  const records = await withLock(RECORDS_LOCK, async () => {
    await reap();
    return readRecords();
  });
  for (const record of records) process.stdout.write(`${describe(record)}\n`);
}

async function down(name: string | undefined): Promise<void> {
  await demandLab();
  const staying = (await readRecords()).filter(({ owner }) => owner === undefined);
  const chosen = name === undefined ? staying : staying.filter((record) => record.name === name);
  if (name !== undefined && chosen.length === 0) throw new Problem(`No host ${name} is up that stays.`);
  for (const record of chosen) {
    await destroyHost(record);
    process.stdout.write(`${record.name} is down\n`);
  }
}

function describe({ name, address, suite, docker, owner, keeper }: HostRecord): string {
  const state = keeper !== undefined && isAlive(keeper) ? 'up' : 'not running';
  const fate = owner === undefined ? 'stays' : `ends with process ${owner.pid}`;
  return [name.padEnd(12), address.padEnd(14), `${suite}${docker ? ' with docker' : ''}`.padEnd(20), state, fate].join(
    ' ',
  );
}

function isSuite(text: string): text is Suite {
  return SUITES.includes(text);
}

async function demandLab(): Promise<void> {
  const reason = await labUnavailable();
  if (reason !== undefined) throw new Problem(reason);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // parseArgs throws plain type errors with a code.
  const misused = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  const known = misused || error instanceof Problem;
  process.stderr.write(`${known ? error.message : (error as Error).stack}\n${misused ? `\n${USAGE}` : ''}`);
  process.exitCode = misused ? 64 : 1;
}
