import {
  Copy,
  type Dockerfile,
  DockerfileParser,
  type From,
  type Heredoc,
  type Instruction,
  type ParserDirective,
  Run,
} from 'dockerfile-ast';
import { formatPosition, type SourcePosition, UserError } from '../../errors.ts';
import { interpolate, openIn } from '../interpolate.ts';

/** A Dockerfile that can be built, as far as its text tells. */
export interface ParsedDockerfile {
  readonly file: string;
  readonly stages: readonly Stage[];
  /** The stage that becomes the image. */
  readonly last: Stage;
  /** `ARG` before the first `FROM`. */
  readonly globals: readonly Instruction[];
  /** The value of a text with variables that the file itself gives; undefined where the build decides. */
  resolve(text: string, at: Instruction): string | undefined;
}

/** One `FROM` and what follows it. */
export interface Stage {
  readonly from: From;
  /** As it is written. */
  readonly base: string;
  /** The earlier stage that it starts from. */
  readonly parent: Stage | undefined;
  readonly instructions: readonly Instruction[];
}

const KEYWORDS = new Set(
  'ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR'.split(
    ' ',
  ),
);

/** Reads a Dockerfile. Throws a UserError at the first line that no build would take. */
export function parseDockerfile(text: string, file: string): ParsedDockerfile {
  const parsed = DockerfileParser.parse(text.replace(/^\uFEFF/, ''));
  const instructions = parsed.getInstructions();
  const globals: Instruction[] = [];
  const stages: { from: From; base: string; parent: Stage | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of instructions) {
    refuse(instruction, file, stages.length > 0, parsed.getDirectives());
    const stage = stages.at(-1);
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      const base = from.getImage() ?? '';
      const parent = stages.find((each) => each.from.getBuildStage()?.toLowerCase() === base.toLowerCase());
      stages.push({ from, base, parent, instructions: [] });
    } else if (stage) stage.instructions.push(instruction);
    else globals.push(instruction);
  }
  const last = stages.at(-1);
  if (!last) {
    throw new UserError('A Dockerfile starts from an image, and this file has no `FROM`', {
      at: { file, line: 1, column: 1 },
      hint: 'Write `FROM image:tag`, or name another file',
    });
  }
  return { file, stages, last, globals, resolve: (value, at) => resolve(parsed, value, at) };
}

/** `file:line:column` of an instruction, or of a place inside it. */
export function placeOf(file: string, instruction: Pick<Instruction, 'getRange'>): string {
  return formatPosition(positionOf(file, instruction));
}

function positionOf(file: string, instruction: Pick<Instruction, 'getRange'>): SourcePosition {
  const { line, character } = instruction.getRange().start;
  return { file, line: line + 1, column: character + 1 };
}

function refuse(
  instruction: Instruction,
  file: string,
  hasStage: boolean,
  directives: readonly ParserDirective[],
): void {
  const keyword = instruction.getKeyword();
  const at = positionOf(file, instruction);
  const shown = /^[\x21-\x7e]{1,30}$/.test(instruction.getInstruction()) ? instruction.getInstruction() : undefined;
  if (!KEYWORDS.has(keyword)) {
    const syntax = directives.find((directive) => directive.getName().toLowerCase() === 'syntax')?.getValue();
    throw new UserError(shown ? `\`${shown}\` is no instruction of a Dockerfile` : 'This is no Dockerfile', {
      at,
      hint:
        syntax && !/docker\/dockerfile/.test(syntax)
          ? `It is written for ${syntax}, which only that frontend can read`
          : 'Is the end of the line before it missing a backslash?',
    });
  }
  if (instruction.getArguments().length === 0 && !['CMD', 'ENTRYPOINT', 'MAINTAINER'].includes(keyword))
    throw new UserError(`\`${keyword}\` needs an argument`, { at });
  const open = heredocsOf(instruction).find(
    (heredoc) => heredoc.getName() !== '' && heredoc.getContentRange() !== null && heredoc.getDelimiterRange() === null,
  );
  // All that comes after it would count as its text.
  if (open)
    throw new UserError(`The heredoc \`${open.getName()}\` is not closed`, {
      at: positionOf(file, { getRange: () => open.getStartRange() }),
      hint: `End it with a line that is ${open.getName()} alone`,
    });
  if (!hasStage && keyword !== 'FROM' && keyword !== 'ARG')
    throw new UserError(`\`${keyword}\` stands before the first \`FROM\``, {
      at,
      hint: 'Only `ARG` may stand there: start with `FROM image:tag`',
    });
}

function heredocsOf(instruction: Instruction): readonly Heredoc[] {
  return instruction instanceof Run || instruction instanceof Copy ? instruction.getHeredocs() : [];
}

const DEEPEST = 10;

/** Defaults that hold variables are followed, too. */
function resolve(parsed: Dockerfile, text: string, at: Instruction, depth = 0): string | undefined {
  const value = interpolate(text.replaceAll('\\$', '$$$$'), (name) => {
    const known = parsed.resolveVariable(name, at.getRange().start.line);
    if (known === undefined || known === null || known === '') return undefined;
    return depth < DEEPEST ? resolve(parsed, known.replace(/^(["'])(.*)\1$/, '$2'), at, depth + 1) : undefined;
  });
  return openIn(value) === undefined ? value.replace(/^(["'])(.*)\1$/, '$2') : undefined;
}
