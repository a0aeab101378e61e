import { didYouMean } from '../text/did-you-mean.ts';
import type { HandlerItem, PlaybookFile } from './playbook.ts';
import type { Problems } from './problems.ts';

/** The handlers of a playbook and its includes; one name for two things is a problem. */
export function linkHandlers(root: PlaybookFile, problems: Problems): readonly HandlerItem[] {
  return joinHandlers([root, ...included(root)], problems);
}

/** Each file once, however often it is included. */
function included(file: PlaybookFile, seen = new Set<PlaybookFile>()): ReadonlySet<PlaybookFile> {
  for (const item of file.items) {
    if (item.kind !== 'include' || seen.has(item.file)) continue;
    seen.add(item.file);
    included(item.file, seen);
  }
  return seen;
}

function joinHandlers(files: readonly PlaybookFile[], problems: Problems): readonly HandlerItem[] {
  const byName = new Map<string, HandlerItem>();
  for (const handler of new Set(files.flatMap((file) => file.handlers))) {
    const first = byName.get(handler.name);
    const same = first && first.run.value === handler.run.value && first.check?.value === handler.check?.value;
    if (!first) byName.set(handler.name, handler);
    else if (!same) {
      problems.add(
        `The handler \`${handler.name}\` stands in ${first.at.file}:${first.at.line} too, and does something else there`,
        handler.at,
        'Give one of them another name',
      );
    }
  }
  return [...byName.values()];
}

/** Adds a problem for each `notify` that names no handler. */
export function checkNotify(root: PlaybookFile, handlers: readonly HandlerItem[], problems: Problems): void {
  const names = handlers.map(({ name }) => name);
  for (const item of [root, ...included(root)].flatMap(({ items }) => items)) {
    if (item.kind === 'include') continue;
    for (const { name, at } of item.notify) {
      if (names.includes(name)) continue;
      const hint =
        didYouMean(name, names) ?? (names.length > 0 ? `There are ${names.join(', ')}` : 'Write it under `handlers:`');
      problems.add(`There is no handler \`${name}\``, at, hint);
    }
  }
}
