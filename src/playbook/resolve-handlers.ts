import type { Handler } from '../engine/task.ts';
import { type Script, sh } from '../remote/sh.ts';
import type { Playbook } from './load.ts';
import type { PlaybookFile } from './playbook.ts';
import { type RenderContext, renderLine } from './render-node.ts';
import type { Scope } from './template-lookup.ts';

/** The handlers of a playbook and its includes; each one's text is a script of its own, so that a mistake in it breaks nothing else. */
export function resolveHandlers(
  playbook: Playbook,
  scopes: ReadonlyMap<PlaybookFile, Scope>,
  rendering: RenderContext,
): readonly Handler[] {
  return playbook.handlers.flatMap((handler) => {
    const scope = [...scopes].find(([file]) => file.handlers.includes(handler))?.[1] ?? rendering.scope;
    const check = handler.check && renderLine(handler.check, { ...rendering, scope });
    const run = renderLine(handler.run, { ...rendering, scope });
    if (run === undefined || (handler.check && check === undefined)) return [];
    return [{ name: handler.name, run: ownScript(run), ...(check === undefined ? {} : { check: ownScript(check) }) }];
  });
}

// In the arguments of a program (sh -c) everybody on the host could read it.
function ownScript(text: string): Script {
  return sh`(set +eu; eval ${text})`;
}
