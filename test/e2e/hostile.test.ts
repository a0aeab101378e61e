import { describe, test } from 'vitest';
import { endsWell, type HostileCommand } from '../support/against-hostile.ts';
import { HOSTILE_MODES } from '../support/hostile-host.ts';

// One of each kind; all of them with all commands and both transports: npm run test:faults -- hostile
const CASES: [mode: string, command: HostileCommand, connection?: 'openssh'][] = [
  ['a flood on stdout', 'plan'],
  ['a flood on stderr before the shell', 'history', 'openssh'],
  ['facts that steer', 'json'],
  ['an answer far behind the last', 'history'],
  ['no answer at all', 'rollback'],
  ['answers again and again', 'plan'],
  ['an end that steers', 'show'],
  ['answers that look right and steer', 'audit'],
  ['a journal that steers', 'history'],
  ['a journal that steers', 'show'],
  ['a step that fails and steers', 'apply'],
  ['a version that steers', 'plan'],
];

describe('a host that means harm', () => {
  test.each(CASES)(
    'with %s ends %s in a sentence, in bounded time and memory',
    async (...[mode, command, connection]: (typeof CASES)[number]) => {
      await endsWell(HOSTILE_MODES[mode]!, command, connection);
    },
  );
});
