import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { fight, prepare } from './support/rounds.ts';

const unavailable = await labUnavailable();

describe.skipIf(unavailable)(`a user who fights root${unavailable ? ` (left out: ${unavailable})` : ''}`, () => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ suite: 'trixie' });
  });
  afterAll(() => host?.stop());

  test('wins no round; npm run test:races has hundreds of them', { timeout: 300_000 }, async () => {
    await prepare(host);
    expect((await fight(host, 3)).seconds).toBeLessThan(300);
  });
});
