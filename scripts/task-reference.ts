import { stringify } from 'yaml';
import { catalogue } from '../src/audit/docker-bench/catalogue/catalogue.ts';
import type { Mend } from '../src/audit/docker-bench/catalogue/entry.ts';
import { type DescribedParameter, type DescribedType, describeType } from '../src/playbook/describe-type.ts';
import type { TaskRegistry } from '../src/playbook/registry.ts';

/** docs/tasks.md: every type with its parameters and examples, as its own schema describes them. */
export function taskReference(registry: TaskRegistry): string {
  const types = registry.types.map(describeType);
  return [
    '<!-- Written by `npm run generate` from src/tasks: change it there. -->',
    '# Task types',
    '',
    'Every task has exactly one of these keys, and may have `name`, `when`, `unless`, `each`, `tags`, `notify` and `sensitive`',
    'beside it. `harden tasks TYPE` prints the same in a terminal.',
    '',
    '| type | what it says of a host |',
    '|---|---|',
    ...types.map(({ type, summary }) => `| [${code(type)}](#${type}) | ${cell(summary)} |`),
    ...types.flatMap((type) => ['', ...section(type)]),
    '',
  ].join('\n');
}

function section(type: DescribedType): readonly string[] {
  const width = { lineWidth: 110 };
  const example = stringify(
    type.examples.map((params) => ({ [type.type]: params })),
    width,
  ).trimEnd();
  return [
    `## ${type.type}`,
    '',
    type.summary,
    ...(type.notes ? ['', type.notes] : []),
    ...mended(type.type),
    '',
    '| parameter | value | default | |',
    '|---|---|---|---|',
    ...type.parameters.flatMap(rows),
    '',
    '```yaml',
    example,
    '```',
  ];
}

/** The type that mends what a finding of docker-bench-security asks for. */
const MENDED_BY: Partial<Record<Mend['by'], string>> = {
  watch: 'audit_rules',
  daemon: 'docker_daemon',
  file: 'file',
  container: 'docker_container',
};

function mended(type: string): readonly string[] {
  const ids = [...catalogue].filter(([, { mend }]) => MENDED_BY[mend.by] === type).map(([id]) => id);
  return ids.length > 0 ? ['', `Checks of docker-bench-security that it mends: ${ids.join(', ')}.`] : [];
}

/** A parameter, and below it those that are written within it. */
function rows({ name, kind, required, default: value, description, parameters }: DescribedParameter): string[] {
  const preset = value === undefined ? (required ? '**required**' : '') : code(value);
  return [`| ${code(name)} | ${cell(kind)} | ${preset} | ${cell(description)} |`, ...parameters.flatMap(rows)];
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}

/** A line break or a bar would end the cell of a table. */
function cell(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}
