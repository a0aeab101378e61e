import { raw, type Script, sh } from '../../remote/sh.ts';

/**
 * Script that takes rules out of the kernel which a file of ufw's had put into chains that are not ufw's own (such as DOCKER-USER): ufw
 * itself leaves them there, whether it reloads or is disabled. Rules that the file as it is now still holds stay. Undefined where `path`
 * is no such file, or `text` holds no such rule.
 */
export function withdrawRules(path: string, text: string): Script | undefined {
  const match = /^\/etc\/ufw\/(?:before|after|user)(6?)\.rules$/.exec(path);
  if (!match) return undefined;
  const rules = foreignRules(text);
  if (rules.length === 0) return undefined;
  const [restore, withdraw] = match[1] === '6' ? ['ip6tables-restore', 'withdraw6'] : ['iptables-restore', 'withdraw'];
  return sh`${raw(withdraw)}() {
  ! grep -qxF -e "$2" ${path} 2>/dev/null || return 0
  for twice in 1 2 3; do printf '*%s\n-D%s\nCOMMIT\n' "$1" "\${2#-A}" | ${raw(restore)} -n -w 2>/dev/null || return 0; done
}
${raw(rules.map(([table, rule]) => sh`${raw(withdraw)} ${table} ${rule}`).join('\n'))}
`;
}

function foreignRules(text: string): (readonly [table: string, rule: string])[] {
  let table = 'filter';
  return text.split('\n').flatMap((line) => {
    table = /^\*(\w+)/.exec(line)?.[1] ?? table;
    // Docker ends its chain with this one too, and where nothing else is it says nothing.
    if (/^-A \S+ -j RETURN$/.test(line)) return [];
    return /^-A (?!ufw6?-)\S/.test(line) ? [[table, line] as const] : [];
  });
}
