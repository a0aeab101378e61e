import { type Script, sh } from '../../remote/sh.ts';
import { RUNS } from '../host-layout.ts';

/** A path that a run kept, and what stands there now. */
export interface KeptPath {
  /** `0007`. */
  readonly step: string;
  readonly path: string;
  /** null: there was nothing, and rolling back removes what is there now. */
  readonly before: string | null;
  readonly now: string | null;
  /** Content, owner, group and mode are as they were kept. */
  readonly same: boolean;
}

/** Prints what the steps of a run kept, beside what stands there now; texts up to 64 KiB. */
export function keptProbe(runId: string): Script {
  return sh`describe() {
  if [ -L "$1" ]; then printf 'link to %s' "$(readlink "$1")" | base64 -w0
  elif [ -d "$1" ]; then stat -c 'directory %U:%G %a' "$1" | base64 -w0
  elif [ -e "$1" ]; then { stat -c '%U:%G %a' "$1"; head -c 65536 "$1"; } | base64 -w0
  fi
}
for kept in ${RUNS}/${runId}/[0-9]*/kept/*/; do
  [ -e "$kept/path" ] || continue
  step=\${kept%/kept/*}
  path=$(cat "$kept/path")
  printf '%s\\0%s\\0' "\${step##*/}" "$path"
  describe "\${kept}item"; printf '\\0'
  describe "$path"; printf '\\0'
done`;
}

/** Reads what `keptProbe` printed. */
export function readKept(output: string): readonly KeptPath[] {
  const words = output.split('\0');
  const kept: KeptPath[] = [];
  for (let at = 0; at + 3 < words.length; at += 4) {
    const [step = '', path = '', before = '', now = ''] = words.slice(at, at + 4);
    kept.push({ step, path, before: decode(before), now: decode(now), same: before === now });
  }
  return kept;
}

function decode(text: string): string | null {
  return text === '' ? null : Buffer.from(text, 'base64').toString('utf8');
}
