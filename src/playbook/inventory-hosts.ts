import { type SourcePosition, UserError } from '../errors.ts';
import { parseTarget } from '../remote/target.ts';
import { checkKeys } from './common-keys.ts';
import { readInventoryVars } from './inventory-vars.ts';
import { describeNode, entryOf, isEmpty, type MapEntry, type MapNode, type ScalarNode } from './nodes.ts';
import type { Problems } from './problems.ts';
import type { Vars } from './vars.ts';

/** A host as it stands under `hosts:`. */
export interface HostEntry {
  readonly name: string;
  readonly at: SourcePosition;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly vars: Vars;
}

const foreign: Readonly<Record<string, string>> = {
  host: 'Write `address:`',
  hostname: 'Write `address:`',
  ip: 'Write `address:`',
  ansible_host: 'Write `address:`',
  ansible_port: 'Write `port:`',
  ansible_user: 'Write `user:`',
  ansible_ssh_private_key_file: 'Name the key in ~/.ssh/config, or with --identity',
  password: 'Log in with a key',
  ansible_become_password: 'Set HARDEN_BECOME_PASSWORD, or give -K',
};

/** The hosts of an inventory: a map of names, or a list of them. */
export function readHosts(root: MapNode, problems: Problems): readonly HostEntry[] {
  const entry = entryOf(root, 'hosts');
  if (!entry || isEmpty(entry.value)) return [];
  if (entry.value.kind === 'scalar') {
    problems.add(
      '`hosts` must be a map, and this is text',
      entry.value.at,
      'Write hosts: { web1: { address: 192.0.2.10 } }',
    );
    return [];
  }
  const entries: readonly MapEntry[] =
    entry.value.kind === 'map' ? entry.value.entries : listed(entry.value.items, problems);
  const seen = new Set<string>();
  return entries.flatMap((each) => {
    if (seen.has(each.key))
      problems.add(`The host \`${each.key}\` stands twice in this list`, each.keyAt, 'Remove one of them');
    seen.add(each.key);
    return readHost(each, problems) ?? [];
  });
}

function listed(items: readonly MapEntry['value'][], problems: Problems): readonly MapEntry[] {
  return items.flatMap((item) => {
    if (item.kind === 'scalar' && typeof item.value === 'string') {
      const nothing: ScalarNode = { ...item, value: null };
      return [{ key: item.value, keyAt: item.at, value: nothing }];
    }
    problems.add(
      `A host in a list is a name, and this is ${describeNode(item)}`,
      item.at,
      'Write a map to say more: hosts: { web1: { address: … } }',
    );
    return [];
  });
}

function readHost({ key, keyAt, value }: MapEntry, problems: Problems): HostEntry | undefined {
  const bare = { name: key, at: keyAt, address: undefined, port: undefined, user: undefined, vars: {} };
  checkName(key, keyAt, problems);
  if (isEmpty(value)) {
    checkAddress(key, keyAt, problems);
    return bare;
  }
  if (value.kind !== 'map') {
    problems.add(
      `The host \`${key}\` must be a map, and this is ${describeNode(value)}`,
      value.at,
      'Write { address: 192.0.2.10, user: admin }',
    );
    return undefined;
  }
  checkKeys(value, ['address', 'port', 'user', 'vars'], 'A host', foreign, problems);
  const address = textOf(value, 'address', problems);
  const target = entryOf(value, 'address')?.value.at ?? keyAt;
  if (!entryOf(value, 'address') || address !== undefined) checkAddress(address ?? key, target, problems);
  return {
    ...bare,
    address,
    port: portOf(value, problems),
    user: textOf(value, 'user', problems),
    vars: readInventoryVars(entryOf(value, 'vars')?.value, problems),
  };
}

function checkName(name: string, at: SourcePosition, problems: Problems): void {
  if (/\[.*\]/.test(name)) {
    problems.add(
      `\`${name}\` cannot be the name of a host: there are no ranges`,
      at,
      'Write each host on a line of its own',
    );
  } else if (/^[!&@]|[\s,*?[\]{}]/.test(name) || name === 'all' || name === '') {
    problems.add(
      `\`${name}\` cannot be the name of a host`,
      at,
      '`all`, commas, spaces and the signs ! & @ * ? have a meaning in patterns',
    );
  }
}

function checkAddress(address: string, at: SourcePosition, problems: Problems): void {
  try {
    parseTarget(address);
  } catch (error) {
    problems.catch(error instanceof UserError ? new UserError(error.message, { at, hint: error.hint }) : error);
  }
}

function textOf(map: MapNode, key: string, problems: Problems): string | undefined {
  const node = entryOf(map, key)?.value;
  if (!node) return undefined;
  const text =
    node.kind === 'scalar' && node.value !== null
      ? String(typeof node.value === 'string' ? node.value : node.written)
      : '';
  if (text !== '' && !text.includes('{{')) return text;
  const found = text !== '' ? 'an expression' : isEmpty(node) ? 'empty' : describeNode(node);
  problems.add(
    `\`${key}\` must be text, and this is ${found}`,
    node.at,
    found === 'an expression' ? 'Write the value itself' : undefined,
  );
  return undefined;
}

function portOf(map: MapNode, problems: Problems): number | undefined {
  const node = entryOf(map, 'port')?.value;
  if (!node) return undefined;
  const port = node.kind === 'scalar' ? Number(node.value ?? Number.NaN) : Number.NaN;
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  problems.add('`port` must be a number from 1 to 65535', node.at, 'Write port: 22');
  return undefined;
}
