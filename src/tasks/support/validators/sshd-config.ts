import { raw, type Script, sh } from '../../../remote/sh.ts';

/** Checks `/etc/ssh/sshd_config` or one of its drop-ins as a part of the whole configuration, with `sshd -t`. */
export function validateSshdConfig(candidate: Script, realPath: string): Script {
  return sh`command -v sshd >/dev/null || exit 0
copy=$harden_tmp/ssh
rm -rf "$copy" && mkdir -p "$copy/sshd_config.d"
for file in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*; do
  [ ! -f "$file" ] || cp "$file" "$copy\${file#/etc/ssh}"
done
cp ${raw(candidate)} "$copy"${realPath.slice('/etc/ssh'.length)}
find "$copy" -type f -exec sed -E -i \
  -e '/^[ \\t]*include[ \\t=]/I s#/etc/ssh/#'"$copy"'/#g' \
  -e 's#^([ \\t]*include[ \\t=]+"?)([^/" \\t])#\\1'"$copy"'/\\2#I' {} +
# the last thing that sshd checks is a directory that only a running ssh.service has
if ! message=$(sshd -t -f "$copy/sshd_config" 2>&1); then
  case $message in
    *'Missing privilege separation directory'*) ;;
    *) printf '%s\\n' "$message" | sed "s#$copy/#/etc/ssh/#g" >&2; exit 1 ;;
  esac
fi
`;
}
