import { describe, test } from 'vitest';
import { endsWell, HOSTILE_COMMANDS } from '../support/against-hostile.ts';
import { HOSTILE_MODES } from '../support/hostile-host.ts';

describe.each(['ssh', 'openssh'] as const)('by %s, a host with', (connection) => {
  describe.each(Object.entries(HOSTILE_MODES))('%s', (_name, mode) => {
    test.each(HOSTILE_COMMANDS)('ends %s in a sentence, in bounded time and memory', async (command) => {
      await endsWell(mode, command, connection);
    });
  });
});
