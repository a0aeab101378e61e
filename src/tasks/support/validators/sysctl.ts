import { raw, type Script, sh } from '../../../remote/sh.ts';

/** Checks that every key of a `sysctl.d` file is one that the running kernel has; lines that start with `-` may fail, as for sysctl itself. */
export function validateSysctl(candidate: Script, realPath: string): Script {
  return sh`awk '
  { sub(/^[ \\t]+/, ""); sub(/[ \\t\\r]+$/, "") }
  /^$/ || /^[#;-]/ { next }
  {
    key = $0
    if (!sub(/[ \\t]*=.*$/, "", key)) { print "!" $0; next }
    if (key ~ /[*?[]/) next
    name = key
    if (match(key, /[.\\/]/) && substr(key, RSTART, 1) == ".") { gsub(/\\//, "\\001", key); gsub(/\\./, "/", key); gsub(/\\001/, ".", key) }
    print key "=" name
  }' ${raw(candidate)} | {
  bad=
  while IFS= read -r key; do
    case $key in
      '!'*) bad=yes; printf '%s: not "key = value": %s\\n' ${realPath} "\${key#!}" >&2 ;;
      *) [ -e "/proc/sys/\${key%%=*}" ] || { bad=yes; printf '%s: the kernel has no key %s (yet: its module may have to be loaded first; a line that starts with "-" may fail)\\n' ${realPath} "\${key#*=}" >&2; } ;;
    esac
  done
  [ -z "$bad" ]
}
`;
}
