import { expect, test } from 'vitest';
import type { JournalRun } from '../../src/engine/journal/read-journal.ts';
import { historyText, runText } from '../../src/report/journal-text.ts';
import { paintWith } from '../../src/report/paint.ts';

const run = (ended: boolean | undefined, ...states: readonly JournalRun['steps'][number]['state'][]): JournalRun => ({
  ...{ id: '20261201T120000Z-1a2b', number: 1, identity: undefined, guard: 'none' },
  ...(ended === undefined ? {} : { ended }),
  steps: states.map((state, at) => ({ directory: `000${at}`, state, record: undefined })),
});

test.each([
  [run(true, 'done', 'done'), '2 changed', undefined],
  [run(false, 'done', 'failed'), '1 changed, 1 failed', '[failed]'],
  [run(false, 'done', 'started'), '1 changed, 1 not ended', '[did not come to its end]'],
  [run(false, 'done'), '1 changed', '[did not come to its end]'],
])('history and show say how a run ended (%#)', (entry, counts, note) => {
  const texts = [historyText('web1', [entry], paintWith(false)), runText('web1', entry, paintWith(false))];
  expect(texts[0]).toContain(counts);
  for (const text of texts) {
    if (note) expect(text).toContain(note);
    else expect(text).not.toContain('[');
  }
});
