import { type Command, InvalidArgumentError } from 'commander';
import { CONSENTS, type Consent, isConsent } from './engine/task.ts';

export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function consents(value: string, before: readonly Consent[] = []): readonly Consent[] {
  if (!isConsent(value)) throw new InvalidArgumentError(`Refusals can be set aside for: ${risks()}.`);
  return [...before, value];
}

export function risks(): string {
  return Object.entries(CONSENTS)
    .map(([name, risk]) => `${name} (${risk})`)
    .join(', ');
}

/** Its value may be left out, so a playbook that follows it would be taken for the machine. */
export function vagrantMachine(value: string): string {
  if (/\.(?:ya?ml|plan|json)$/.test(value)) {
    throw new InvalidArgumentError('That is a file, not a machine: write the file first, and --vagrant after it.');
  }
  return value;
}

export function goOn(value: string, before?: string): string {
  return before === undefined ? value : `${before},${value}`;
}

export function commas(value: string, before: readonly string[] = []): readonly string[] {
  const words = value
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  // An empty variable of a script must not choose everything, nor switch a gate off.
  if (words.length === 0) throw new InvalidArgumentError('It names nothing.');
  return [...before, ...words];
}

/** What names a run, as the help says it. */
export const RUN = 'its name in the history, or a beginning that no other has';

export function score(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('It must be a number.');
  return number;
}

export function positive(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}

/** Options whose further values join the first. */
const JOINING: readonly unknown[] = [collect, consents, goOn, commas];

/** Of every option and argument: an empty value, as an unset variable of a script leaves it, chooses nothing and switches nothing off; and of two values that cannot both hold none wins in silence. */
export function checkValues(command: Command): void {
  for (const argument of command.registeredArguments) {
    const parse = argument.parseArg as ((value: string, before: unknown) => unknown) | undefined;
    argument.argParser((value: string, before: unknown) => {
      if (value.trim() === '') throw new InvalidArgumentError('It names nothing.');
      return parse ? parse(value, before) : value;
    });
  }
  for (const option of command.options) {
    if (!option.required && !option.optional) continue;
    const parse = option.parseArg as ((value: string, before: unknown) => unknown) | undefined;
    const joins = JOINING.includes(parse);
    let given = false;
    option.argParser((value: string, before: unknown) => {
      if (value.trim() === '') throw new InvalidArgumentError('It names nothing.');
      if (given && !joins) throw new InvalidArgumentError('It stands there twice: write one of them.');
      given = true;
      return parse ? parse(value, before) : value;
    });
  }
}
