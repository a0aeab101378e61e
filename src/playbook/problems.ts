import { type SourcePosition, UserError, type UserErrorOptions } from '../errors.ts';
import { Masker } from '../text/masker.ts';

/** Several mistakes found together; `paragraph` and `message` hold one paragraph per line. */
export class PlaybookErrors extends UserError {
  readonly errors: readonly UserError[];

  constructor(errors: readonly UserError[]) {
    super('');
    this.message = errors.map((error) => error.paragraph).join('\n');
    this.name = 'PlaybookErrors';
    this.errors = errors;
  }

  override get paragraph(): string {
    return this.message;
  }
}

/** The operator's machine lacks something that a task asks for (an environment variable, a file): no matter where that task is not wanted. */
export class MissingHereError extends UserError {
  constructor(message: string, options: Pick<UserErrorOptions, 'hint' | 'at'> = {}) {
    super(message, options);
    this.name = 'MissingHereError';
  }
}

/** Gathers mistakes so that a person sees all of them at once. */
export interface Problems {
  readonly count: number;
  add(message: string, at: SourcePosition | undefined, hint?: string): void;
  /** Adds an error that was thrown; anything but a UserError is a bug and thrown on. */
  catch(error: unknown): void;
  /** The mistakes, each once, in the order of the files and their lines. */
  list(): readonly UserError[];
  /** The one mistake as it is, or all of them as PlaybookErrors; `secrets` are masked in what they say. MUST NOT be asked of an empty collection. */
  error(secrets?: Iterable<string>): UserError;
  /** Throws `error`, if there is any. */
  throwIfAny(secrets?: Iterable<string>): void;
}

/** A new, empty collection. */
export function collectProblems(): Problems {
  const errors = new Map<string, UserError>();
  const files: string[] = [];

  function put(error: UserError): void {
    if (error instanceof PlaybookErrors) {
      for (const each of error.errors) put(each);
      return;
    }
    if (error.at && !files.includes(error.at.file)) files.push(error.at.file);
    if (!errors.has(error.paragraph)) errors.set(error.paragraph, error);
  }

  const problems: Problems = {
    get count() {
      return errors.size;
    },
    add(message, at, hint) {
      put(new UserError(message, { at, hint }));
    },
    catch(error) {
      if (!(error instanceof UserError)) throw error;
      put(error);
    },
    list() {
      return [...errors.values()].sort((a, b) => {
        if (!a.at || !b.at) return Number(Boolean(b.at)) - Number(Boolean(a.at));
        return (
          files.indexOf(a.at.file) - files.indexOf(b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column
        );
      });
    },
    error(secrets = []) {
      const masker = new Masker(secrets);
      const found = problems.list().map((error) => masked(error, masker));
      const [first] = found;
      if (!first) throw new Error('no mistake was found');
      return found.length > 1 ? new PlaybookErrors(found) : first;
    },
    throwIfAny(secrets) {
      if (errors.size > 0) throw problems.error(secrets);
    },
  };
  return problems;
}

function masked(error: UserError, masker: Masker): UserError {
  const message = masker.text(error.message);
  const hint = error.hint === undefined ? undefined : masker.text(error.hint);
  if (message === error.message && hint === error.hint) return error;
  return new UserError(message, { hint, at: error.at, exitCode: error.exitCode });
}
