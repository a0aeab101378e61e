/** Where a text stops being JSON, and why; line and column count from 1. */
export interface JsonError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The first place where a text is not JSON; undefined for JSON. Node's own message names no place in every version. */
export function jsonError(text: string): JsonError | undefined {
  const scan = new Scan(text);
  scan.value();
  scan.space();
  if (scan.failure === undefined && scan.at < text.length) scan.fail('nothing may follow here');
  if (scan.failure === undefined) return undefined;
  const before = text.slice(0, scan.at);
  return { line: before.split('\n').length, column: scan.at - before.lastIndexOf('\n'), message: scan.failure };
}

class Scan {
  readonly text: string;
  at = 0;
  failure: string | undefined;

  constructor(text: string) {
    this.text = text;
  }

  fail(message: string): void {
    this.failure ??= this.at >= this.text.length ? 'the text ends too early' : message;
  }

  space(): void {
    this.take(/[ \t\r\n]*/y);
  }

  value(): void {
    this.space();
    const next = this.text[this.at];
    if (next === '{') this.list('}', () => this.member());
    else if (next === '[') this.list(']', () => this.value());
    else if (next === '"') this.string();
    else if (!this.take(/(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|true|false|null)(?![\w.])/y)) {
      this.fail('a value is expected here (text needs double quotes)');
    }
  }

  private member(): void {
    this.space();
    if (this.text[this.at] === '"') this.string();
    else this.fail('a key in double quotes is expected here');
    this.space();
    if (this.failure === undefined && !this.take(/:/y)) this.fail('a colon is expected here');
    if (this.failure === undefined) this.value();
  }

  private list(end: string, item: () => void): void {
    this.at += 1;
    this.space();
    if (this.text[this.at] === end) {
      this.at += 1;
      return;
    }
    while (this.failure === undefined) {
      item();
      this.space();
      if (this.failure !== undefined) return;
      if (this.text[this.at] === end) {
        this.at += 1;
        return;
      }
      if (!this.take(/,/y)) this.fail(`a comma or ${end} is expected here`);
    }
  }

  private string(): void {
    if (!this.take(/"([^"\\\u0000-\u001f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y))
      this.fail('this text is not closed, or holds something that JSON does not allow');
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return false;
    this.at += match[0].length;
    return true;
  }
}
