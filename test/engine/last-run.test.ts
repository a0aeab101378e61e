import { expect, test } from 'vitest';
import { explainLastRun } from '../../src/engine/last-run.ts';

const RUN = JSON.stringify({ by: 'ann@desk', at: '2026-11-25T10:00:00Z', playbook: 'web.yml' });

test.each([
  ['', undefined],
  [
    `${RUN}\0none\0The firewall is there\n`,
    'the run before this one (ann@desk since 2026-11-25T10:00:00Z, applying web.yml) did not come to its end: it stopped in "The firewall is there"',
  ],
  [
    `${RUN}\0armed\0`,
    'the run before this one (ann@desk since 2026-11-25T10:00:00Z, applying web.yml) did not come to its end: it stopped between two steps, and its guard is still armed: an apply takes it over',
  ],
  [
    `${RUN}\0running\0The firewall is there\n`,
    'another run (ann@desk since 2026-11-25T10:00:00Z, applying web.yml) is under way, and is at "The firewall is there": what is read now may be different when it ends',
  ],
  [
    '{"by":\0guard-undone\0A\nB\n',
    'the run before this one did not come to its end: it stopped in "A", "B", and the host has undone what touched the way in',
  ],
])('%j', (output, said) => {
  expect(explainLastRun(output)).toBe(said);
});
