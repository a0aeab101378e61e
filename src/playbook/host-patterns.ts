import { UserError } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import type { Inventory, InventoryHost } from './inventory-shape.ts';

/**
 * The hosts that a limit names, in the order of the inventory: names, groups, globs and `all`, with commas between them;
 * `!pattern` takes hosts away, `&pattern` keeps only its own. Without a limit all. Throws a UserError for a pattern that matches nothing, and when no host is left.
 */
export function selectHosts(inventory: Inventory, limit?: string): InventoryHost[] {
  const patterns = (limit ?? 'all')
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
  if (patterns.length === 0) throw new UserError('The limit names no host', { hint: 'Write -l name, or leave it out' });
  const added = patterns.filter((pattern) => !/^[!&]/.test(pattern));
  let names = new Set((added.length > 0 ? added : ['all']).flatMap((pattern) => matching(inventory, pattern)));
  for (const pattern of patterns.filter((each) => each.startsWith('&'))) {
    const kept = matching(inventory, pattern.slice(1));
    names = new Set([...names].filter((name) => kept.includes(name)));
  }
  for (const pattern of patterns.filter((each) => each.startsWith('!'))) {
    for (const name of matching(inventory, pattern.slice(1))) names.delete(name);
  }
  const hosts = inventory.hosts.filter(({ name }) => names.has(name));
  if (hosts.length === 0)
    throw new UserError(`\`${limit ?? 'all'}\` leaves no host of ${inventory.file}`, {
      hint: 'Every host that it names is taken away again',
    });
  return hosts;
}

function matching(inventory: Inventory, pattern: string): string[] {
  const names = inventory.hosts.map(({ name }) => name);
  if (pattern === 'all') return names;
  const fits = matcher(pattern);
  const found = inventory.hosts.filter((host) => fits(host.name) || host.groups.some(fits)).map(({ name }) => name);
  // A group without hosts is known all the same.
  if (found.length > 0 || inventory.groups.some(fits)) return found;
  const known = [...names, ...inventory.groups, 'all'];
  throw new UserError(`\`${pattern}\` is no host or group of ${inventory.file}`, {
    hint: didYouMean(pattern, known) ?? `There are ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}`,
  });
}

function matcher(pattern: string): (name: string) => boolean {
  if (!/[*?[]/.test(pattern)) return (name) => name === pattern;
  const source = pattern.replace(
    /\[(!?)([^\]]+)\]|[*?]|[\\^$.+(){}|[\]]/g,
    (sign, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^\]]/g, '\\$&')}]`;
      return sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`;
    },
  );
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${source})$`);
  } catch {
    throw new UserError(`\`${pattern}\` is not a pattern`, {
      hint: 'Write * for any text, ? for one sign, [abc] for one of several',
    });
  }
  return (name) => expression.test(name);
}
