import { parse } from 'unbash';

/** A command of a shell text, without what it is wrapped in (`sudo`, `env A=1`, `timeout 5`). */
export interface ShellCommand {
  /** Its name without a folder, and its arguments, without quotes. */
  readonly words: readonly string[];
  /** What is set for it, or by it (`export`). */
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  /** Files that its output goes to. */
  readonly into: readonly string[];
  /** Texts that it gets on its input. */
  readonly input: readonly string[];
}

const DEEPEST = 6;
/** Commands that run the command behind them, and those of their options that take a word. */
const WRAPPERS: Readonly<Record<string, RegExp>> = {
  sudo: /^-[ugpCDRT]$|^--(user|group|prompt|chdir)$/,
  doas: /^-[uC]$/,
  env: /^-[uCS]$|^--(unset|chdir)$/,
  command: /^$/,
  builtin: /^$/,
  exec: /^-a$/,
  nice: /^-n$/,
  ionice: /^-[cn]$/,
  nohup: /^$/,
  time: /^-[of]$/,
  stdbuf: /^-[ioe]$/,
  setarch: /^$/,
  linux32: /^$/,
  linux64: /^$/,
  eatmydata: /^$/,
  setsid: /^$/,
  unbuffer: /^$/,
  xargs: /^-[IinPLdEs]$/,
  busybox: /^$/,
};
/** The same, with so many words before the command. */
const WRAPPERS_WITH_WORDS: Readonly<Record<string, number>> = {
  timeout: 1,
  gosu: 1,
  'su-exec': 1,
  setpriv: 0,
  chroot: 1,
  retry: 0,
  flock: 1,
};
const SHELLS = /^(ba|da|z|k|a|mk|c|tc)?sh$/;

/** All commands of a shell text, wherever they stand: in conditions, substitutions, functions, and in `sh -c`. What no shell could read gives those that stand before it. */
export function shellCommands(text: string, depth = 0): readonly ShellCommand[] {
  const found: ShellCommand[] = [];
  if (depth > DEEPEST || text.length > 200_000) return found;
  let script: unknown;
  try {
    script = parse(text);
  } catch {
    return found;
  }
  const seen = new Set<unknown>();
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null || seen.has(node)) return;
    seen.add(node);
    if (Array.isArray(node)) {
      for (const each of node) walk(each);
      return;
    }
    const { type } = node as { type?: string };
    if (type === 'Command') found.push(...unwrapped(commandOf(node as CommandNode), depth));
    // lazy members are no own ones
    for (const key of ['parts', 'script', 'body', 'value', 'target', 'elements'])
      walk((node as Record<string, unknown>)[key]);
    for (const value of Object.values(node)) walk(value);
  };
  walk(script);
  return found;
}

/** A command as an exec form has it. */
export function execCommand(words: readonly string[]): readonly ShellCommand[] {
  return unwrapped(
    { words: words.map((word, at) => (at === 0 ? nameOf(word) : word)), variables: [], into: [], input: [] },
    0,
  );
}

interface WordNode {
  readonly type: string;
  readonly value?: string;
  readonly text?: string;
  readonly name?: string;
}
interface CommandNode {
  readonly name?: WordNode;
  readonly prefix: readonly (WordNode & { readonly value?: unknown })[];
  readonly suffix: readonly (WordNode & {
    readonly operator?: string;
    readonly target?: WordNode;
    readonly body?: { readonly text?: string };
  })[];
}

function commandOf({ name, prefix, suffix }: CommandNode): ShellCommand {
  const all = [...prefix, ...suffix] as CommandNode['suffix'];
  const variables = all.flatMap((each) =>
    each.type === 'Assignment'
      ? [{ name: each.name ?? '', value: textOf((each as { value?: unknown }).value as WordNode) }]
      : [],
  );
  const words = suffix.flatMap((each) =>
    each.type === 'Word' ? [textOf(each)] : each.type === 'Assignment' ? [each.text ?? ''] : [],
  );
  return {
    words: name ? [nameOf(textOf(name)), ...words] : [],
    variables,
    into: all.flatMap(({ type, operator = '', target }) =>
      type === 'Redirect' && operator.includes('>') && target ? [textOf(target)] : [],
    ),
    input: all.flatMap(({ type, body, target }) =>
      type === 'HereDoc' ? [body?.text ?? ''] : type === 'HereString' && target ? [textOf(target)] : [],
    ),
  };
}

function textOf(word: WordNode | undefined): string {
  return word?.value ?? word?.text ?? '';
}

function nameOf(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

/** The command itself, and what it has a shell run. */
function unwrapped(command: ShellCommand, depth: number): readonly ShellCommand[] {
  const [name = '', ...rest] = command.words;
  if (depth > DEEPEST) return [command];
  const options = WRAPPERS[name];
  const skipped = WRAPPERS_WITH_WORDS[name];
  if (options !== undefined || skipped !== undefined) {
    const variables = [...command.variables];
    let at = 0;
    let words = skipped ?? 0;
    for (; at < rest.length; at += 1) {
      const word = rest[at] ?? '';
      const assigned = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word);
      if (options?.test(word)) at += 1;
      else if (assigned && name === 'env') variables.push({ name: assigned[1] ?? '', value: assigned[2] ?? '' });
      else if (word.startsWith('-')) continue;
      else if (words-- <= 0) break;
    }
    const inner = rest.slice(at);
    if (inner.length === 0) return [command];
    return unwrapped({ ...command, words: [nameOf(inner[0] ?? ''), ...inner.slice(1)], variables }, depth + 1);
  }
  const script =
    SHELLS.test(name) || /^(su|runuser)$/.test(name)
      ? rest[rest.findIndex((word) => /^-[a-z]*c$|^--command$/.test(word)) + 1]
      : undefined;
  const runs =
    script !== undefined && rest.some((word) => /^-[a-z]*c$|^--command$/.test(word))
      ? script
      : name === 'eval'
        ? rest.join(' ')
        : undefined;
  const input = SHELLS.test(name) && runs === undefined ? command.input : [];
  return [
    command,
    ...(runs === undefined ? [] : shellCommands(runs, depth + 1)),
    ...input.flatMap((text) => shellCommands(text, depth + 1)),
  ];
}
