/** One setting of apt as `apt-config dump` prints it; a list has an entry for each item, whose key ends with `::`. */
export type AptConf = ReadonlyMap<string, readonly string[]>;

/** Parses `apt-config dump`: full key (lower case: apt ignores case) to its values in order. */
export function parseAptConf(output: string): AptConf {
  const conf = new Map<string, string[]>();
  for (const [, key = '', value = ''] of output.matchAll(/^([^\s"]+) "(.*)";$/gm)) {
    const name = key.toLowerCase();
    conf.set(name, [...(conf.get(name) ?? []), value]);
  }
  return conf;
}

/** The items of a list. */
export function listOf(conf: AptConf, key: string): readonly string[] {
  return conf.get(`${key.toLowerCase()}::`) ?? [];
}

/** A setting's value; undefined where it is not set, or empty. */
export function textOf(conf: AptConf, key: string): string | undefined {
  return conf.get(key.toLowerCase())?.at(-1) || undefined;
}

/** A setting as apt itself takes it for true or false. */
export function booleanOf(conf: AptConf, key: string, otherwise: boolean): boolean {
  const value = textOf(conf, key)?.toLowerCase();
  if (value === undefined) return otherwise;
  if (/^(yes|true|with|on|enable|[1-9]\d*)$/.test(value)) return true;
  return /^(no|false|without|off|disable|0)$/.test(value) ? false : otherwise;
}
