import { raw, type Script, sh } from '../../../remote/sh.ts';

/** Checks a file below `/etc/nginx` as a part of the whole configuration, with `nginx -t`. */
export function validateNginx(candidate: Script, realPath: string): Script {
  return sh`command -v nginx >/dev/null && [ -d /etc/nginx ] || exit 0
copy=$harden_tmp/nginx
rm -rf "$copy"
cp -a /etc/nginx "$copy"
real=$(readlink -f -- ${realPath})
case $real in /etc/nginx/*) ;; *) exit 0 ;; esac
find "$copy" -type l | while IFS= read -r link; do
  target=$(readlink -- "$link")
  case $target in /etc/nginx/*) ln -sfn -- "$copy\${target#/etc/nginx}" "$link" ;; esac
done
mkdir -p "$(dirname -- "$copy\${real#/etc/nginx}")"
cp ${raw(candidate)} "$copy\${real#/etc/nginx}"
# a test makes the pid file and the logs that are missing: here they are the copy's
find "$copy" -type f -exec sed -E -i -e "s#/etc/nginx/#$copy/#g" -e 's#^[ \\t]*pid[ \\t][^;]*;##' \\
  -e 's#\\b(access|error)_log([ \\t]+)/[^ \\t;]*#\\1_log\\2'"$copy"'/test.log#g' {} +
if ! message=$(nginx -t -q -e "$copy/error.log" -c "$copy/nginx.conf" -g "pid $copy/nginx.pid;" 2>&1); then
  printf '%s\\n' "$message" | sed "s#$copy/#/etc/nginx/#g" >&2
  exit 1
fi
`;
}
