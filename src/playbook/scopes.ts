import { UserError } from '../errors.ts';
import type { Facts } from '../remote/facts.ts';
import type { IncludeItem, PlaybookFile } from './playbook.ts';
import type { RenderContext } from './render-node.ts';
import type { Scope } from './template-lookup.ts';
import { lazyVariables } from './variables.ts';
import { type Vars, varEntries } from './vars.ts';

type HelpersIn = RenderContext['helpersIn'];

/** The names of a playbook, and among them those from outside, which win everywhere. */
export interface RootScope {
  readonly scope: Scope;
  readonly external: Scope;
}

/** The names that the playbook's own tasks see: its variables, those from outside in their place, and `facts`. */
export function rootScope(file: PlaybookFile, vars: Vars, facts: Facts, helpersIn: HelpersIn): RootScope {
  const scope = new Map<string, () => unknown>();
  const context = () => ({ scope, helpersIn });
  const nowhere = { file: file.file, line: 0, column: 0 };
  const external = lazyVariables(varEntries(vars, nowhere), context);
  for (const [name, value] of external) external.set(name, namingItself(name, value));
  for (const [name, value] of lazyVariables(file.vars, context)) scope.set(name, value);
  for (const [name, value] of external) scope.set(name, value);
  scope.set('facts', () => facts);
  return { scope, external };
}

/** The names that the tasks of an included file see; the outside wins: variables from outside, of the include, of the including file, of the file itself. */
export function includedScope(item: IncludeItem, outer: Scope, external: Scope, helpersIn: HelpersIn): Scope {
  const scope = new Map<string, () => unknown>();
  const layers = [
    lazyVariables(item.file.vars, () => ({ scope, helpersIn })),
    outer,
    lazyVariables(item.vars, () => ({ scope: outer, helpersIn })),
    external,
  ];
  for (const layer of layers) for (const [name, value] of layer) scope.set(name, value);
  return scope;
}

/** A variable that stands in no file: its mistakes name the variable instead of a place. */
function namingItself(name: string, value: () => unknown): () => unknown {
  return () => {
    try {
      return value();
    } catch (error) {
      if (!(error instanceof UserError) || error.at?.line !== 0) throw error;
      throw new UserError(`The variable \`${name}\`, which was given from outside: ${error.message}`, {
        hint: error.hint,
      });
    }
  };
}
