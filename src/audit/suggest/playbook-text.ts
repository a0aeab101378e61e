import { stringify } from 'yaml';
import type { LeftOut } from '../result.ts';
import type { Prediction } from './predict.ts';
import { paramsOf, type SuggestedTask } from './suggest.ts';

/** What a suggested playbook says about itself. */
export interface SuggestedPlaybook {
  /** As the operator named the host. */
  readonly host: string;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** The score that was found. */
  readonly score: number;
  readonly tasks: readonly SuggestedTask[];
  readonly left: readonly LeftOut[];
  readonly prediction: Prediction;
  readonly trustedUsers: readonly string[];
  readonly dockerGroup: readonly string[];
}

const WIDTH = 116;

/** The playbook as YAML, each task under the checks that it mends. */
export function playbookText(playbook: SuggestedPlaybook): string {
  const { tasks, left, prediction, score, host, day } = playbook;
  const done = tasks.filter(({ optIn }) => !optIn);
  const also = prediction.changes.filter(({ id }) => !done.some(({ parts }) => parts.some((part) => part.id === id)));
  const head = [
    `What docker-bench-security found on ${host} on ${day}, as far as tasks mend it. Read it, and then: harden plan FILE -H HOST`,
    '',
    `Score then: ${score}. Score once this is applied: ${prediction.score}.`,
    ...(also.length > 0
      ? [`Beside what the tasks are for, also: ${also.map(({ id, from, to }) => `${id} ${from} -> ${to}`).join(', ')}.`]
      : []),
  ];
  const parts = [
    comment(head),
    `name: ${scalar(`Mend what the audit of ${host} found`)}\n`,
    done.length > 0 ? `tasks:\n${done.map(taskText).join('\n')}` : 'tasks: []\n',
    ...tasks.filter(({ optIn }) => optIn).map((task) => optInText(task, done)),
    auditText(playbook),
    leftText(left),
  ];
  return parts.filter(Boolean).join('\n');
}

function taskText(task: SuggestedTask): string {
  const lines = task.parts.map(({ id, about }) => `${id}: ${about}`);
  const body = stringify({ [task.type]: paramsOf(task) }, { lineWidth: 0, flowCollectionPadding: true });
  const text = `- name: ${scalar(task.name)}\n${indent(body, '  ')}`;
  return indent(`${comment([...lines, ...task.notes])}${text}`, '  ');
}

/** Only a person can decide for it: it stands there as a comment. */
function optInText(task: SuggestedTask, beside: readonly SuggestedTask[]): string {
  // Two tasks that set daemon.json differently would contradict each other.
  const same = beside.some(({ type }) => type === task.type);
  const yaml = same ? stringify(paramsOf(task)) : taskText(task).replace(/^ {2}/gm, '');
  const where = same ? `put this into the ${task.type} above` : 'move this up among the tasks';
  const about = same ? [...task.parts.map(({ id, about: what }) => `${id}: ${what}`), ...task.notes] : [];
  return `${comment([`Not part of it, for it moves data or puts it out of sight. To have it, ${where}:`, ...about])}#\n${indent(yaml, '#   ')}`;
}

function auditText({ prediction, trustedUsers, dockerGroup }: SuggestedPlaybook): string {
  const hint =
    trustedUsers.length === 0 && dockerGroup.length > 0
      ? comment([
          `1.1.2: in the group docker, which is as good as root: ${dockerGroup.join(', ')}. If they may be, say so with trusted_users: [${dockerGroup.join(', ')}].`,
        ])
      : '';
  const bench = {
    ...(trustedUsers.length > 0 ? { trusted_users: [...trustedUsers] } : {}),
    min_score: prediction.score,
  };
  return `${comment(['The run fails when the score is below what is predicted. Lower it for each task that you take out.'])}${hint}${stringify({ audit: { docker_bench: bench } })}`;
}

function leftText(left: readonly LeftOut[]): string {
  if (left.length === 0) return '';
  const alike = new Map<string, string[]>();
  for (const { id, why } of left) alike.set(why, [...(alike.get(why) ?? []), id]);
  const lines = [...alike].map(([why, ids]) => `${ids.join(', ')}: ${why}`);
  return comment(['What was found as well, and no task here mends:', ...lines]);
}

/** Lines of comment; a text of a stranger stays within them. */
function comment(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return lines
    .flatMap((line) => wrapped(clean(line)))
    .map((line) => `# ${line}`.trimEnd())
    .join('\n')
    .concat('\n');
}

function wrapped(line: string): string[] {
  const rows: string[] = [''];
  for (const word of line.split(' ')) {
    const last = rows.at(-1) ?? '';
    if (last !== '' && last.length + word.length >= WIDTH) rows.push(`  ${word}`);
    else rows[rows.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return rows;
}

function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+/g, ' ');
}

/** One line of YAML that is exactly this text, and no expression. */
function scalar(text: string): string {
  return stringify(clean(text).replaceAll('{{', '{ {'), { lineWidth: 0 }).trimEnd();
}

function indent(text: string, by: string): string {
  return text.replace(/^(?=.)/gm, by);
}
