import { dirname, isAbsolute, join } from 'node:path';
import { UserError } from '../errors.ts';
import { quote } from '../remote/sh.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { MOST_OF_CONTENT, readLocalFile } from '../text/local-file.ts';
import { describeValue } from './nodes.ts';
import { MissingHereError } from './problems.ts';
import { type Helper, HelperError, type Helpers } from './template.ts';

/** The operator's machine, as expressions see it. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Gathers every value that `env` gave. */
  readonly secrets: Set<string>;
}

/** Names that variables cannot have, because expressions use them for something else. */
export const reservedNames: readonly string[] = [
  'facts',
  'item',
  'this',
  'true',
  'false',
  'null',
  'undefined',
  'else',
  'if',
  'unless',
  'each',
  'with',
  'env',
  'file',
  'default',
  'join',
  'json',
  'quote',
  'eq',
];

/** The helpers of expressions, by the file in which they stand: relative paths start at its folder. */
export function makeHelpersIn(around: Surroundings): (file: string) => Helpers {
  const byFolder = new Map<string, Helpers>();
  return (file) => {
    const folder = dirname(file);
    const known = byFolder.get(folder) ?? makeHelpers(around, folder);
    byFolder.set(folder, known);
    return known;
  };
}

function makeHelpers(around: Surroundings, folder: string): Helpers {
  return {
    env: {
      minimum: 1,
      maximum: 2,
      usage: 'env "NAME"',
      call: ([name, fallback]) => {
        const found = around.env[text(name, 'env')];
        if (found === undefined && fallback === undefined) {
          throw new HelperError(
            `The environment variable ${name} is not set`,
            didYouMean(String(name), Object.keys(around.env)) ?? `Set it before the run: ${name}=…`,
            true,
          );
        }
        if (found) around.secrets.add(found);
        return found ?? fallback;
      },
    },
    file: {
      minimum: 1,
      maximum: 1,
      usage: 'file "path"',
      call: ([path]) => {
        let content: string;
        try {
          content = readLocal(text(path, 'file'), folder, around.home).toString('utf8');
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          throw new HelperError(error.message, error.hint, true);
        }
        if (content.includes('\0'))
          throw new HelperError(`The local file ${path} is not text`, 'Copy it with a task instead');
        return content.replace(/\r?\n$/, '');
      },
    },
    ...pureHelpers,
  };
}

const pureHelpers: Helpers = {
  default: {
    minimum: 2,
    maximum: 2,
    usage: 'default name "value"',
    optionalFirst: true,
    call: ([value, fallback]) => (value === undefined || value === null || value === '' ? fallback : value),
  },
  join: {
    minimum: 1,
    maximum: 2,
    usage: 'join list ","',
    call: ([list, separator = ',']) => {
      if (!Array.isArray(list)) throw new HelperError(`\`join\` takes a list, not ${describeValue(list)}`);
      if (list.some((item) => item === null || typeof item === 'object')) {
        throw new HelperError('`join` takes a list of texts and numbers');
      }
      return list.join(text(separator, 'join'));
    },
  },
  json: one('json', (value) => JSON.stringify(value)),
  quote: one('quote', (value) => quote(text(value, 'quote'))),
  eq: {
    minimum: 2,
    maximum: 2,
    usage: 'eq name "value"',
    call: ([a, b]) => String(a) === String(b),
  },
};

function one(name: string, call: (value: unknown) => unknown): Helper {
  return { minimum: 1, maximum: 1, usage: `${name} value`, call: ([value]) => call(value) };
}

function text(value: unknown, helper: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new HelperError(`\`${helper}\` takes text, not ${describeValue(value)}`);
}

/** Where a path of a playbook is on the operator's machine: `~` is the home, relative paths start at `folder`. */
export function localPath(path: string, folder: string, home: string): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? path : join(folder, path);
}

/** The bytes of an operator's file; throws a UserError that names the path. */
export function readLocal(path: string, folder: string, home: string): Buffer {
  const place = localPath(path, folder, home);
  try {
    return readLocalFile(place, MOST_OF_CONTENT);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new MissingHereError(`The local file ${place} does not exist`, {
        hint: 'Relative paths start at the folder of the file that names them',
      });
    }
    if (code === 'EISDIR') throw new UserError(`${place} is a directory`, { hint: 'Name a file' });
    throw new UserError(`The local file ${place} cannot be read: ${code}`, {
      hint: 'Check its permissions',
      cause: error,
    });
  }
}
