import { raw, type Script, sh } from '../../../remote/sh.ts';

/**
 * Checks one of ufw's files of rules with the program that ufw hands it to, iptables-restore, which stops at the first line that it does
 * not take: the firewall would stand half. Chains that ufw itself makes before it loads the file count as being there.
 */
export function validateUfwRules(candidate: Script, realPath: string): Script {
  const restore = realPath.endsWith('6.rules') ? 'ip6tables-restore' : 'iptables-restore';
  return sh`command -v ufw >/dev/null && command -v ${raw(restore)} >/dev/null || exit 0
if message=$(${raw(restore)} -n --test <${raw(candidate)} 2>&1); then exit 0; fi
awk '
  function close_table(  line) {
    if (table == "") return
    print "*" table
    for (target in used) if (!(target in made)) print ":" target " - [0:0]"
    for (line = 1; line <= lines; line++) print text[line]
    table = ""; lines = 0
    split("", used); split("", made)
  }
  /^\\*/ { close_table(); table = substr($1, 2); next }
  table == "" { print; next }
  { text[++lines] = $0 }
  /^:/ { made[substr($1, 2)] }
  /^-[AI] / { if ($2 ~ /^ufw6?-/) used[$2]; for (at = 3; at < NF; at++) if ($at ~ /^(-j|-g|--jump|--goto)$/ && $(at + 1) ~ /^ufw6?-/) used[$(at + 1)] }
  $1 == "COMMIT" { close_table() }
  END { close_table() }
' ${raw(candidate)} >"$harden_tmp/ufw.rules"
if ! whole=$(${raw(restore)} -n --test <"$harden_tmp/ufw.rules" 2>&1); then
  # the lines are those of the file, unless what is wrong in it is hidden behind a chain of ufw's
  case $message in *"Couldn't load target "?ufw*) message=$whole ;; esac
  printf '%s: %s\\n' ${realPath} "$message" >&2
  exit 1
fi
`;
}
