import { appendFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { labUnavailable } from '../lab/lab.ts';
import { type Fate, goWay } from './support/lose.ts';
import { type Row, type Section, survived } from './support/row.ts';
import { waysOf } from './support/way.ts';

const unavailable = await labUnavailable();

/** A few ways of the many: a regular expression that finds them in `once: NAME` or `boot: NAME`. */
const ONLY = process.env.HARDEN_WAY;

describe.skipIf(unavailable).concurrent('ways that were lost', () => ways('lost', 'lost-ways.yml'));
describe.skipIf(unavailable).concurrent('thirty further ways', () => ways('further', 'further-ways.yml'));

function ways(section: Section, file: string): void {
  const all = waysOf(file).filter(({ way, at }) => ONLY === undefined || new RegExp(ONLY).test(`${at}: ${way}`));
  const rows: Row[] = [];
  afterAll(() => {
    for (const row of rows) if (row) survived(row);
  });
  for (const [at, way] of all.entries()) {
    test(way.way, async () => {
      const fate = await goWay(way);
      note({ file, way: way.way, at: way.at, ...fate });
      expect(fate.back, `unreachable:\n${fate.stderr}`).toBeDefined();
      expect(fate.backAfterBoot, `unreachable after the boot:\n${fate.stderr}`).toBeDefined();
      // what was told as done must be so: no boot check may have had to save it
      if (fate.exitCode === 0 && way.at === 'once') expect(fate.backAfterBoot).toBeLessThan(60);
      rows[at] = {
        section,
        fault: `${way.way} (${way.login}, ${way.at === 'once' ? 'at once' : 'at the next boot'})`,
        ...told(fate),
      };
    });
  }
}

function told({
  exitCode,
  refused,
  undone,
  back = 0,
  backAfterBoot = 0,
  seconds,
}: Fate): Pick<Row, 'host' | 'next' | 'seconds'> {
  const next = exitCode === 0 ? 'exit 0' : refused ? 'refused at plan' : 'exit 1 and the reason';
  if (refused) return { host: 'not touched', next, seconds };
  const gone = back < 3 ? '' : `, after ${Math.round(back)} s`;
  const boot =
    backAfterBoot < 60
      ? 'and after a boot'
      : `and ${Math.round(backAfterBoot)} s after a boot, undone by the boot check`;
  return { host: `${undone ? 'undone by itself; the login works' : 'the login works'}${gone} ${boot}`, next, seconds };
}

/** What came of each way, held or lost, where somebody asked for it. */
function note(fate: Fate & { readonly file: string; readonly way: string; readonly at: string }): void {
  const file = process.env.HARDEN_FATES;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(fate)}\n`);
}
