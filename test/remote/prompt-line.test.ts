import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { askLine, type LineQuestion } from '../../src/remote/prompt-line.ts';

/** A terminal: what is written to `input` was typed. */
function terminal(columns: number | undefined = 80) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const output = Object.assign(new PassThrough(), { columns });
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  const keyboard = { input: input as unknown as NodeJS.ReadStream, output };
  const until = async (text: string) => {
    while (!shown.includes(text)) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { input, keyboard, until, shown: () => shown };
}

const QUESTION: LineQuestion = { text: 'Apply this?', label: 'Enter a value: ' };

/** Asks, and types `keys` once the question is there. */
async function typed(keys: string, { before = '', columns = 80, more = {} as Partial<LineQuestion> } = {}) {
  const { input, keyboard, until, shown } = terminal(columns);
  input.write(before);
  const answer = askLine(keyboard, { ...QUESTION, ...more });
  await until(QUESTION.label);
  input.write(keys);
  return { answer: await answer, shown: shown(), keyboard, input, until };
}

describe('a question takes', () => {
  test.each([
    ['a line', 'yes\r', { kind: 'line', line: 'yes' }],
    ['a line that ends as in a file', 'yes\n', { kind: 'line', line: 'yes' }],
    ['a corrected line', 'yex\x7fs\r', { kind: 'line', line: 'yes' }],
    ['a line that was begun anew', 'no\x15yes\r', { kind: 'line', line: 'yes' }],
    ['the first line of a paste', 'no\nyes\nyes\n', { kind: 'line', line: 'no' }],
    ['Enter alone as nothing', '\r', { kind: 'line', line: '' }],
    ['Ctrl-D as no', '\x04', { kind: 'declined' }],
    ['Ctrl-C as an interrupt', 'ye\x03', { kind: 'interrupted' }],
  ])('%s', async (_, keys, answer) => {
    expect((await typed(keys)).answer).toEqual(answer);
  });
});

test.each([0, 1, 20])('a terminal of %d columns can be asked', async (columns) => {
  expect((await typed('yes\r', { columns })).answer).toEqual({ kind: 'line', line: 'yes' });
});

test.each([
  ['a key', 'y'],
  ['a line', 'yes\n'],
  ['several lines', 'yes\nyes\r\nyes\n'],
  ['Ctrl-D', '\x04'],
  ['half of an arrow', '\x1b['],
])('%s from before the question is no answer', async (_, before) => {
  expect((await typed('no\r', { before })).answer).toEqual({ kind: 'line', line: 'no' });
});

test('the rest of a paste is no answer to the next question', async () => {
  const { keyboard, input, until } = await typed('yes\nyes\n');
  const second = askLine(keyboard, { ...QUESTION, label: 'Second: ' });
  await until('Second: ');
  input.write('no\n');
  expect(await second).toEqual({ kind: 'line', line: 'no' });
});

test('a key that is held down does not keep the question away, and answers nothing', async () => {
  const { input, keyboard, until } = terminal();
  const held = setInterval(() => input.write('y'), 5);
  const answer = askLine(keyboard, QUESTION);
  await until(QUESTION.label);
  clearInterval(held);
  input.write('\r');
  const { kind, line } = (await answer) as { kind: string; line: string };
  expect(kind).toBe('line');
  expect(line).not.toBe('yes');
});

test('what is hidden is nowhere on the screen', async () => {
  const { answer, shown } = await typed('s3cret\x7ft\r', { more: { hidden: true } });
  expect(answer).toEqual({ kind: 'line', line: 's3cret' });
  expect(shown).not.toMatch(/s3c|\*{2}/);
});

test.each(['end', 'error', 'abort'] as const)('a keyboard that is gone declines (%s)', async (how) => {
  const { input, keyboard, until } = terminal();
  const stop = new AbortController();
  const answer = askLine(keyboard, { ...QUESTION, signal: stop.signal });
  await until(QUESTION.label);
  if (how === 'end') input.end();
  else if (how === 'error') input.emit('error', new Error('EIO'));
  else stop.abort();
  expect(await answer).toEqual({ kind: 'declined' });
});
