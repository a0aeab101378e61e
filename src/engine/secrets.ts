const MASK = '********';

/** Replaces secrets in any text that leaves the program; longest first, so that one secret inside another leaves nothing behind. */
export class Masker {
  private readonly secrets: string[] = [];

  constructor(secrets: Iterable<string> = []) {
    this.add(secrets);
  }

  /** Values of fewer than 3 characters are not masked: they would tear every text apart and hide nothing. */
  add(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      for (const form of forms(secret)) if (form.length >= 3 && !this.secrets.includes(form)) this.secrets.push(form);
    }
    this.secrets.sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    let masked = text;
    for (const secret of this.secrets) masked = masked.replaceAll(secret, MASK);
    return masked;
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

/** A secret as it may stand in scripts, JSON and lines of output. */
function forms(secret: string): string[] {
  const trimmed = secret.trim();
  const quoted = secret.replaceAll("'", `'\\''`);
  const json = JSON.stringify(secret).slice(1, -1);
  const lines = secret.includes('\n') ? secret.split('\n').filter((line) => line.length >= 8) : [];
  return [secret, trimmed, quoted, json, Buffer.from(secret).toString('base64'), ...lines];
}
