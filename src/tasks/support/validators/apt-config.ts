import { raw, type Script, sh } from '../../../remote/sh.ts';

/** Checks the syntax of a file of `/etc/apt/apt.conf.d`: one that does not parse stops every apt command. */
export function validateAptConfig(candidate: Script, realPath: string): Script {
  return sh`command -v apt-config >/dev/null || exit 0
if ! message=$(apt-config -c ${raw(candidate)} dump 2>&1 >/dev/null); then
  printf '%s\\n' "$message" | sed "s#"${raw(candidate)}"#"${realPath}"#g" >&2
  exit 1
fi
`;
}
