import { stringify } from 'yaml';
import { ExitCode, UserError } from '../errors.ts';
import { type DescribedParameter, describeType } from '../playbook/describe-type.ts';
import { registry } from '../registry.ts';
import type { Io } from '../report/io.ts';
import { didYouMean } from '../text/did-you-mean.ts';

/** `harden tasks [TYPE]`: the types with their summaries, or one type's parameters with an example. */
export function tasks(name: string | undefined, options: { readonly json?: boolean }, io: Io): ExitCode {
  if (name === undefined) {
    const width = Math.max(...registry.types.map(({ type }) => type.length));
    if (options.json)
      io.out(
        `${JSON.stringify(
          registry.types.map(({ type, summary }) => ({ type, summary })),
          null,
          2,
        )}\n`,
      );
    else io.out(registry.types.map(({ type, summary }) => `${type.padEnd(width)}  ${summary}\n`).join(''));
    return ExitCode.Done;
  }
  const type = registry.get(name);
  if (!type) {
    const meant = didYouMean(
      name,
      registry.types.map((known) => known.type),
    );
    throw new UserError(`there is no task type "${name}"`, {
      hint: meant ?? 'harden tasks lists them',
    });
  }
  const described = describeType(type);
  if (options.json) {
    io.out(`${JSON.stringify(described, null, 2)}\n`);
    return ExitCode.Done;
  }
  const lines = [`${described.type}: ${described.summary}`, ''];
  if (described.notes) lines.push(described.notes, '');
  lines.push('Parameters:');
  lines.push(
    ...described.parameters.flatMap((parameter) => about(parameter, '  ')),
    '',
    'Example:',
    '',
    ...stringify([{ [described.type]: described.examples[0] }])
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  );
  io.out(`${lines.join('\n')}\n`);
  return ExitCode.Done;
}

/** A line for the parameter, and below it, further in, one for each that is written within it. */
function about(
  { name, kind, required, default: value, description, parameters }: DescribedParameter,
  indent: string,
): string[] {
  const facts = [kind, ...(required ? ['required'] : []), ...(value === undefined ? [] : [`default ${value}`])];
  return [
    `${indent}${name} (${facts.join(', ')}): ${description}`,
    ...parameters.flatMap((inner) => about(inner, `${indent}  `)),
  ];
}
