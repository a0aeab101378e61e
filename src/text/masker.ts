import { findSecrets, type Needle, needleOf, type Span } from './find-secrets.ts';

const MASK = '********';
/** Shorter values are not masked: they would tear every text apart and hide nothing. */
const shortest = 3;
/** Of one line of several. */
const shortestLine = 8;

/** Replaces secrets in any text that leaves the program, in whatever encoding they stand there: what was found is hidden whole. */
export class Masker {
  private readonly needles = new Map<string, Needle>();

  constructor(secrets: Iterable<string> = []) {
    this.add(secrets);
  }

  /** Values of fewer than 3 characters are not masked; of several lines, each of at least 8 is a secret of its own. */
  add(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      const lines = secret.includes('\n')
        ? secret.split('\n').filter((line) => line.trim().length >= shortestLine)
        : [];
      for (const each of [secret.trim(), ...lines.map((line) => line.trim())])
        if (each.length >= shortest && !this.needles.has(each)) this.needles.set(each, needleOf(each));
    }
  }

  /** Whether a secret stands in the text. */
  finds(text: string): boolean {
    return findSecrets(text, [...this.needles.values()]).length > 0;
  }

  text(text: string): string {
    if (this.needles.size === 0) return text;
    const spans = [...findSecrets(text, [...this.needles.values()])].sort((a, b) => a[0] - b[0]);
    if (spans.length === 0) return text;
    let masked = '';
    let at = 0;
    for (const [from, to] of merged(spans)) {
      masked += text.slice(at, from) + MASK;
      at = to;
    }
    return masked + text.slice(at);
  }

  /** The same shape with every string in it masked. */
  deep<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T;
    if (Array.isArray(value)) return value.map((item) => this.deep(item)) as T;
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.deep(item)])) as T;
    }
    return value;
  }
}

function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const [from, to] of spans) {
    const last = result.at(-1);
    if (last && from <= last[1]) result[result.length - 1] = [last[0], Math.max(last[1], to)];
    else result.push([from, to]);
  }
  return result;
}
