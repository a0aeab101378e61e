import { dirname } from 'node:path';
import type { LocalFiles } from '../engine/task.ts';
import { type SourcePosition, UserError } from '../errors.ts';
import { localPath, readLocal } from './helpers.ts';
import { parseParams } from './parse-params.ts';
import type { TaskItem } from './playbook.ts';
import { MissingHereError, type Problems } from './problems.ts';
import { type Origin, type RenderContext, type Rendered, renderLine, renderNode, userError } from './render-node.ts';
import { sensitiveValues, watched } from './sensitive-values.ts';
import { renderText } from './template.ts';
import { TemplateError } from './template-error.ts';
import type { Scope } from './template-lookup.ts';

/** What of a resolved task comes from its parameters. */
export interface BuiltTask {
  readonly name: string;
  readonly params: unknown;
  readonly id: string;
  /** What of a sensitive task must never be shown. */
  readonly secrets: readonly string[];
}

/** Renders a task, parses its parameters and loads its local files; undefined after mistakes, which are in `problems`. */
export function buildTask(
  item: TaskItem,
  scope: Scope,
  helpersIn: RenderContext['helpersIn'],
  home: string,
  problems: Problems,
): BuiltTask | undefined {
  const before = problems.count;
  const rendering = { scope, helpersIn, problems };
  const given = renderNode(item.params, rendering);
  const name = item.name && renderLine(item.name, rendering);
  if (problems.count > before) return undefined;
  // A type without a value has no parameters: what it needs is then said one by one.
  const rendered: Rendered = given.value === null ? { ...given, value: {} } : given;
  const { type } = item;
  const parsed = parseParams(
    type.params,
    rendered,
    { name: type.type, at: item.typeAt, sensitive: item.sensitive },
    problems,
  );
  if (!parsed) return undefined;
  const secrets = item.sensitive ? sensitiveValues(item, scope, helpersIn) : [];
  const local = localFiles(item, rendered, item.sensitive ? watched(scope, secrets) : scope, helpersIn, home);
  try {
    const params = type.load ? type.load(parsed.value, local) : parsed.value;
    const id = type.id(params);
    return { name: name ?? `${type.type} ${inOneLine(id)}`, params, id, secrets };
  } catch (error) {
    problems.catch(error instanceof UserError ? at(error, item.typeAt) : error);
    return undefined;
  }
}

/** A script stands for itself by how it begins. */
function inOneLine(id: string): string {
  if (!id.includes('\n')) return id;
  const line = id.trim().replaceAll(/\s*\n\s*/g, ' ');
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}

function localFiles(
  item: TaskItem,
  rendered: Rendered,
  scope: Scope,
  helpersIn: RenderContext['helpersIn'],
  home: string,
): LocalFiles {
  const folder = dirname(item.at.file);
  return {
    read(path) {
      try {
        return readLocal(path, folder, home);
      } catch (error) {
        const place = placeOfText(path, rendered.value, rendered.origin);
        throw error instanceof UserError && place ? at(error, place) : error;
      }
    },
    render(text, name) {
      const file = localPath(name, folder, home);
      try {
        return renderText(text, scope, helpersIn(file));
      } catch (error) {
        throw error instanceof TemplateError
          ? userError(error, { file, line: error.line, column: error.column })
          : error;
      }
    },
  };
}

function at(error: UserError, place: SourcePosition): UserError {
  if (error.at) return error;
  const options = { at: place, hint: error.hint };
  return error instanceof MissingHereError
    ? new MissingHereError(error.message, options)
    : new UserError(error.message, { ...options, exitCode: error.exitCode });
}

/** Where a text stands among the parameters, if it does. */
function placeOfText(text: string, value: unknown, origin: Origin): SourcePosition | undefined {
  if (value === text) return origin.at;
  if (value === null || typeof value !== 'object') return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const child = origin.children.get(key);
    const found = child && placeOfText(text, inner, child);
    if (found) return found;
  }
  return undefined;
}
