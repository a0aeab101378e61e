import { expect, test } from 'vitest';
import type { PlannedTask } from '../../src/engine/plan.ts';
import { shownChanges } from '../../src/engine/shown.ts';
import { Masker } from '../../src/text/masker.ts';

type Value = string | readonly string[];

function shown(before: Value, after: Value) {
  const planned = {
    task: { type: {}, sensitive: false },
    change: { action: 'update', before: { content: before }, after: { content: after }, keys: ['content'] },
  } as unknown as PlannedTask;
  return shownChanges(planned, new Masker(['the-new-secret'])).map((change) => [change.before, change.after])[0];
}

const WITHHELD = '(not shown: it may be the old value of a secret)';

test.each<[string, Value, Value, Value, Value]>([
  [
    'a file',
    'user=app\npassword=the-old-secret\n',
    'user=app\npassword=the-new-secret\n',
    `user=app\n${WITHHELD}\n`,
    'user=app\npassword=********\n',
  ],
  ['one line', 'the-old-secret', 'the-new-secret', WITHHELD, '********'],
  ['a list', ['A=1', 'PW=the-old-secret'], ['A=1', 'PW=the-new-secret'], ['A=1', WITHHELD], ['A=1', 'PW=********']],
  ['base64 of it', 'dGhlLW9sZC1zZWNyZXQ=', 'dGhlLW5ldy1zZWNyZXQ=', WITHHELD, '********'],
  ['what holds no secret', 'a\nb\n', 'a\nc\n', 'a\nb\n', 'a\nc\n'],
])('of a secret that is rotated in %s, the old value is not shown either', (_name, before, after, old, now) => {
  expect(shown(before, after)).toEqual([old, now]);
});
