import { raw, type Script, sh } from '../../../remote/sh.ts';

/** Checks `/etc/sudoers` or one of its drop-ins with `visudo`, alone and as a part of the whole. */
export function validateSudoers(candidate: Script, realPath: string): Script {
  return sh`command -v visudo >/dev/null || exit 0
copy=$harden_tmp/sudoers
rm -rf "$copy" && mkdir -p "$copy/sudoers.d"
for file in /etc/sudoers /etc/sudoers.d/*; do
  [ ! -f "$file" ] || cp "$file" "$copy\${file#/etc}"
done
cp ${raw(candidate)} "$copy/candidate"
cp ${raw(candidate)} "$copy"${realPath.slice('/etc'.length)}
find "$copy" -type f -exec sed -E -i 's#^([\\#@]include(dir)?[ \\t]+"?)/etc/#\\1'"$copy"'/#' {} +
find "$copy" -type f -exec chmod 0440 {} +
for file in "$copy/candidate" "$copy/sudoers"; do
  [ -f "$file" ] || continue
  if ! message=$(visudo -cf "$file" 2>&1); then
    printf '%s\\n' "$message" | sed -e "s#$copy/candidate#"${realPath}'#g' -e "s#$copy/#/etc/#g" >&2
    exit 1
  fi
done
`;
}
