import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { fight, prepare } from './support/rounds.ts';

const unavailable = await labUnavailable();
const rounds = Number(process.env.HARDEN_RACES ?? 200);

describe.skipIf(unavailable).each(['bookworm', 'trixie'] as const)('a home whose user fights root, on %s', (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ suite });
  });
  afterAll(() => host?.stop());

  test(`${rounds} rounds each of apply, rollback and the guard write nothing elsewhere, and read nothing out`, async () => {
    await prepare(host);
    const { seconds } = await fight(host, rounds);
    process.stderr.write(`${suite}: ${rounds} rounds each in ${seconds} s\n`);
    expect(seconds).toBeGreaterThan(0);
  });
});
