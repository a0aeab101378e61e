import { raw, type Script, sh } from '../../remote/sh.ts';
import { HOST_FILES } from '../host-files/index.ts';
import { RUNS } from '../host-layout.ts';

/** A path that a run kept, and what stands there now. */
export interface KeptPath {
  /** `0007`. */
  readonly step: string;
  /** Empty where the record of it is damaged. */
  readonly path: string;
  /** null: there was nothing, and rolling back removes what is there now. */
  readonly before: string | null;
  readonly now: string | null;
  /** Content, owner, group and mode are as they were kept. */
  readonly same: boolean;
  /** The content is as it was kept, whatever the owner, group and mode of the file. */
  readonly sameContent: boolean;
  /** What stands there now is not what the run left. */
  readonly changedSince: boolean;
}

/** Prints what the steps of a run kept, beside what stands there now; texts up to 64 KiB, and none of a file into which any run wrote a secret. */
export function keptProbe(runId: string): Script {
  return sh`${raw(HOST_FILES)}secret=$(for step in ${RUNS}/*/*/secret; do
  for path in "\${step%/secret}"/kept/*/path; do [ ! -e "$path" ] || { cat "$path"; echo; }; done
done)
describe() {
  (
    harden_enter "$1" 2>/dev/null || exit 0
    if [ -L "./$harden_name" ]; then printf 'link to %s' "$(readlink -- "./$harden_name")"
    elif [ -d "./$harden_name" ]; then stat -c 'directory %U:%G %a' -- "./$harden_name"
    elif [ -e "./$harden_name" ]; then
      stat -c '%U:%G %a' -- "./$harden_name"
      if printf '%s\n' "$secret" | grep -qxF -e "$2"; then echo ${NOT_SHOWN}; else harden_cat 65536; fi
    fi
  ) | base64 -w0
}
same_content() {
  (
    harden_enter "$2" 2>/dev/null && [ ! -L "./$harden_name" ] && [ -f "./$harden_name" ] || exit 1
    size=$(stat -c %s -- "$1")
    [ "$size" = "$(stat -c %s -- "./$harden_name")" ] && harden_cat "$size" | cmp -s "$1" -
  )
}
# As 0.1.0 told directories apart.
digest_of_tree() {
  (harden_enter "$1" 2>/dev/null && [ -d "./$harden_name" ] && harden_enter_this && find . -xdev \\( -type f -exec sha256sum {} + -o -true \\) -printf '%P %y %m %U %G %l\n' | sort) | sha256sum
}
for step in ${RUNS}/${runId}/[0-9]*/; do
  [ ! -d "$step" ] || [ -d "$step/kept" ] || printf '%s\\0\\0\\0\\0\\0\\0' "$(basename "$step")"
done
for kept in ${RUNS}/${runId}/[0-9]*/kept/*/; do
  [ -d "$kept" ] || continue
  step=\${kept%/kept/*}
  path=$(cat "$kept/path" 2>/dev/null)
  [ -n "$path" ] || { printf '%s\\0\\0\\0\\0\\0\\0' "\${step##*/}"; continue; }
  printf '%s\\0%s\\0' "\${step##*/}" "$path"
  describe "\${kept}item" "$path"; printf '\\0'
  describe "$path" "$path"; printf '\\0'
  now=$(harden_digest "$path")
  if [ "$(harden_digest "\${kept}item")" = "$now" ]; then printf 'same'
  elif [ -f "\${kept}item" ] && [ ! -L "\${kept}item" ] && same_content "\${kept}item" "$path"; then printf 'content'; fi
  printf '\\0'
  if [ -s "$kept/left" ] && [ "$(cat "$kept/left")" != "$now" ] && [ "$(cat "$kept/left")" != "$(digest_of_tree "$path")" ]; then printf 'changed'; fi
  printf '\\0'
done`;
}

/** In place of a content that holds a secret. */
const NOT_SHOWN = '(not shown: a run wrote a secret into this file)';

/** Reads what `keptProbe` printed. */
export function readKept(output: string): readonly KeptPath[] {
  const words = output.split('\0');
  const kept: KeptPath[] = [];
  for (let at = 0; at + 5 < words.length; at += 6) {
    const [step = '', path = '', before = '', now = '', same = '', changed = ''] = words.slice(at, at + 6);
    kept.push({
      step,
      path,
      before: decode(before),
      now: decode(now),
      same: same === 'same',
      sameContent: same !== '',
      changedSince: changed !== '',
    });
  }
  return kept;
}

function decode(text: string): string | null {
  return text === '' ? null : Buffer.from(text, 'base64').toString('utf8');
}
