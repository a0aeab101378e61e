import { type Instruction, Onbuild } from 'dockerfile-ast';
import type { ParsedDockerfile } from './parse.ts';
import type { Place } from './rule.ts';
import type { ShellCommand } from './shell-commands.ts';
import { commandsOf, shellText } from './shell-text.ts';

/** Those of the stages, and those that an image built on this one gets (`ONBUILD`). */
export function all(dockerfile: ParsedDockerfile, ...keywords: readonly string[]): readonly Instruction[] {
  return dockerfile.stages
    .flatMap(({ instructions }) => instructions)
    .flatMap((each) => (each instanceof Onbuild ? (each.getTriggerInstruction() ?? []) : each))
    .filter((each) => keywords.includes(each.getKeyword()));
}

type Settings = Instruction & { getProperties(): { getName(): string; getValue(): string | null }[] };

/** What ENV and ARG set. */
export function variables(dockerfile: ParsedDockerfile) {
  const settings = [
    ...dockerfile.globals.filter((each) => each.getKeyword() === 'ARG'),
    ...all(dockerfile, 'ENV', 'ARG'),
  ];
  return settings.flatMap((instruction) =>
    (instruction as Settings)
      .getProperties()
      .map((property) => ({ instruction, name: property.getName(), value: property.getValue() })),
  );
}

/** An instruction on one line, short enough to name it. */
export function shown(instruction: Instruction): string {
  const text = (instruction.getArgumentsContent() ?? '').replace(/\s+/g, ' ');
  return `${instruction.getKeyword()} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

export function runs(dockerfile: ParsedDockerfile, judge: (text: string) => string | undefined): readonly Place[] {
  return all(dockerfile, 'RUN').flatMap((instruction) => {
    const text = shellText(instruction);
    const details = judge(text);
    return details === undefined ? [] : [{ instruction, subject: shown(instruction), details }];
  });
}

/** Asks of the commands of each RUN. */
export function shellRuns(
  dockerfile: ParsedDockerfile,
  judge: (commands: readonly ShellCommand[]) => readonly string[],
): readonly Place[] {
  return all(dockerfile, 'RUN').flatMap((instruction) => {
    const found = [...new Set(judge(commandsOf(instruction)))];
    return found.length > 0 ? [{ instruction, subject: shown(instruction), details: found.join(', ') }] : [];
  });
}
