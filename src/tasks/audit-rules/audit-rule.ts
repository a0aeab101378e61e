/** A rule in one form, whichever of its forms a file or `auditctl -l` uses: keys, order of permissions and syscalls, unset ids. */
export function canonicalRule(rule: string): string {
  const words = rule.trim().split(/\s+/);
  const parts: string[] = [];
  const syscalls: string[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const [option = '', value = ''] = [words[at], words[at + 1]];
    if (option === '-S') syscalls.push(...value.split(','));
    else if (option === '-k') parts.push(`-F key=${value}`);
    else if (option === '-p') parts.push(`-F perm=${sorted(value)}`);
    else if (option === '-w') parts.push(`-a always,exit`, `-F path=${value.replace(/(?<=.)\/+$/, '')}`);
    else if (option === '-F') parts.push(`-F ${field(value)}`);
    else if (option === '-a' || option === '-A') parts.push(`-a ${value.split(',').sort().join(',')}`);
    else parts.push(`${option} ${value}`);
  }
  if (syscalls.length > 0 && !syscalls.includes('all')) parts.push(`-S ${syscalls.sort().join(',')}`);
  return [...new Set(parts)].sort().join(' ');
}

function field(text: string): string {
  const match = /^(\w+)([!<>&]?=|[<>&])(.*)$/.exec(text);
  const [, name = '', operator = '', value = ''] = match ?? [];
  if (match === null) return text;
  if (name === 'perm') return `perm=${sorted(value)}`;
  if (name === 'dir' || name === 'path') return `path${operator}${value.replace(/(?<=.)\/+$/, '')}`;
  return `${name}${operator}${value === 'unset' || value === '4294967295' ? '-1' : value}`;
}

function sorted(letters: string): string {
  return [...letters].sort().join('');
}
