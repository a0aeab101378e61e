import { raw, type Script, sh } from '../../../remote/sh.ts';

/**
 * Checks `/etc/docker/daemon.json` with `dockerd --validate`, which Docker has from 23.0 on. An older dockerd reads its file before it says
 * that it must be root, and does nothing else: asked as nobody, who may read the candidate all the same, it tells as much.
 */
export function validateDockerDaemon(candidate: Script, realPath: string): Script {
  return sh`command -v dockerd >/dev/null || exit 0
if ! message=$(dockerd --validate --config-file ${raw(candidate)} 2>&1); then
  case $message in
    *'unknown flag: --validate'*)
      command -v setpriv >/dev/null || exit 0
      message=$(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search \\
        dockerd --config-file ${raw(candidate)} 2>&1) || :
      case $message in
        *'unable to configure the Docker daemon'*) ;;
        *) exit 0 ;;
      esac
      ;;
  esac
  printf '%s\\n' "$message" | sed "s#"${raw(candidate)}"#"${realPath}"#g" >&2
  exit 1
fi
`;
}
