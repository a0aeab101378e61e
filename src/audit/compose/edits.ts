import { isCollection, isMap, isPair, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';

/** A piece of a text that is replaced. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What is to become of a list: items by their place, and new ones. */
export interface ListChange {
  readonly remove: ReadonlySet<number>;
  readonly replace: ReadonlyMap<number, string>;
  readonly add: readonly string[];
}

/** The text with all edits made; two that meet are a mistake of whoever made them. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  // Of two that come to the same place, the first one stands first: it is made last.
  const ordered = [...edits].reverse().sort((a, b) => b.start - a.start || b.end - a.end);
  let result = text;
  let limit = text.length;
  for (const { start, end, text: now } of ordered) {
    if (end > limit) throw new Error('two edits of one file meet');
    result = result.slice(0, start) + now + result.slice(end);
    limit = start;
  }
  return result;
}

/** The edits of one YAML text, which leave all else of it, comments and blanks included, as it is. */
export class YamlEditor {
  private readonly text: string;
  private readonly newline: string;

  constructor(text: string) {
    this.text = text;
    this.newline = text.includes('\r\n') ? '\r\n' : '\n';
  }

  /** Adds lines (of YAML that starts in column 0) as keys at the end of a map; undefined where its form does not allow it. */
  addKeys(map: YAMLMap, lines: readonly string[]): Edit | undefined {
    if (lines.length === 0 || map.items.length === 0) return undefined;
    if (map.flow) {
      // A comment would take the rest of the line with it.
      const keys = lines.map((line) => line.replace(/\s+#.*$/, ''));
      return this.insert(this.endOf(map.items.at(-1)), `, ${keys.join(', ')}`);
    }
    const first = map.items[0]?.key;
    const indent = ' '.repeat(this.columnOf(startOf(first)));
    return this.addLines(
      this.endOf(map.items.at(-1)),
      lines.map((line) => indent + line),
    );
  }

  /** Takes a key and its value out of a block map. */
  removeKey(map: YAMLMap, pair: Pair): Edit | undefined {
    const start = this.lineStart(startOf(pair.key));
    if (map.flow || map.items.length < 2 || this.text.slice(start, startOf(pair.key)).trim() !== '') return undefined;
    return { start, end: this.nextLine(this.endOf(pair)), text: '' };
  }

  /** Writes another scalar in the place of a scalar. */
  replaceScalar(node: unknown, text: string): Edit | undefined {
    if (!isScalar(node) || !node.range || node.range[0] === node.range[1]) return undefined;
    return { start: node.range[0], end: node.range[1], text };
  }

  /** Changes a list; undefined where its form does not allow it. */
  changeList(list: YAMLSeq, change: ListChange): readonly Edit[] | undefined {
    return list.flow ? this.changeFlow(list, change) : this.changeBlock(list, change);
  }

  private changeFlow(list: YAMLSeq, { remove, replace, add }: ListChange): readonly Edit[] | undefined {
    const [start, end] = list.range ?? [0, 0];
    if (/#/.test(this.text.slice(start, end))) return undefined;
    const kept = list.items.flatMap((item, index) => {
      if (remove.has(index)) return [];
      return [replace.get(index) ?? this.text.slice(startOf(item), this.endOf(item))];
    });
    return [{ start, end, text: `[${[...kept, ...add].join(', ')}]` }];
  }

  private changeBlock(list: YAMLSeq, { remove, replace, add }: ListChange): readonly Edit[] | undefined {
    const edits: Edit[] = [];
    // An item that goes makes room for one that comes: no two edits meet.
    const coming = [...add];
    for (const [index, item] of list.items.entries()) {
      const now = replace.get(index) ?? (remove.has(index) ? coming.shift() : undefined);
      if (now !== undefined) {
        const edit = this.replaceScalar(item, now);
        if (!edit) return undefined;
        edits.push(edit);
      } else if (remove.has(index)) {
        edits.push({ start: this.lineStart(startOf(item)), end: this.nextLine(this.endOf(item)), text: '' });
      }
    }
    const last = list.items.at(-1);
    if (coming.length > 0) {
      if (!last || !list.range) return undefined;
      const dash = ' '.repeat(this.columnOf(list.range[0]));
      edits.push(
        this.addLines(
          this.endOf(last),
          coming.map((item) => `${dash}- ${item}`),
        ),
      );
    }
    return edits;
  }

  /** After the line that `offset` is in, whatever comment ends it. */
  private addLines(offset: number, lines: readonly string[]): Edit {
    const at = this.nextLine(offset);
    const before = at > 0 && this.text[at - 1] !== '\n' ? this.newline : '';
    const after = before ? '' : this.newline;
    return this.insert(at, before + lines.join(this.newline) + after);
  }

  private insert(offset: number, text: string): Edit {
    return { start: offset, end: offset, text };
  }

  /** Where the last character of a value is behind us; what follows on its line does not count. */
  private endOf(node: unknown): number {
    if (isPair(node))
      return node.value === null ? this.endOf(node.key) : Math.max(this.endOf(node.key), this.endOf(node.value));
    if (isCollection(node) && !node.flow && (isMap(node) || isSeq(node)) && node.items.length > 0)
      return this.endOf(node.items.at(-1));
    const range = (node as { range?: readonly [number, number, number] | null } | null)?.range;
    return range?.[1] ?? 0;
  }

  private lineStart(offset: number): number {
    return this.text.lastIndexOf('\n', offset - 1) + 1;
  }

  private nextLine(offset: number): number {
    // A block scalar ends with its newline.
    if (offset > 0 && this.text[offset - 1] === '\n') return offset;
    const end = this.text.indexOf('\n', offset);
    return end < 0 ? this.text.length : end + 1;
  }

  private columnOf(offset: number): number {
    return offset - this.lineStart(offset);
  }
}

function startOf(node: unknown): number {
  return (node as { range?: readonly [number, number, number] | null } | null)?.range?.[0] ?? 0;
}
