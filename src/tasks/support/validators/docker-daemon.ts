import { raw, type Script, sh } from '../../../remote/sh.ts';

/** Checks `/etc/docker/daemon.json` with `dockerd --validate`, which Docker has from 23.0 on. */
export function validateDockerDaemon(candidate: Script, realPath: string): Script {
  return sh`command -v dockerd >/dev/null || exit 0
if ! message=$(dockerd --validate --config-file ${raw(candidate)} 2>&1); then
  case $message in
    *'unknown flag: --validate'*) ;;
    *) printf '%s\\n' "$message" | sed "s#"${raw(candidate)}"#"${realPath}"#g" >&2; exit 1 ;;
  esac
fi
`;
}
