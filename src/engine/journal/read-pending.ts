import { z } from 'zod';
import { type Script, sh } from '../../remote/sh.ts';
import { PENDING, RUNS, RUNTIME_DIRECTORY, STATE_DIRECTORY } from '../host-layout.ts';
import { LOCKED } from './journal-script.ts';

/** A handler that was notified and has not run, and whose it is. */
export interface LeftHandler {
  /** Its file under the pending ones. */
  readonly file: string;
  /** Undefined where its record is damaged. */
  readonly name: string | undefined;
  /** What an apply would run. */
  readonly run: string;
  /** The last run that notified it, and by which step; undefined where the journal does not reach that far back. */
  readonly left: { readonly run: string; readonly by: string; readonly step: string } | undefined;
}

/** Prints each handler that is pending, beside the run and the step that notified it last. */
export const LEFT_PROBE: Script = sh`for file in ${PENDING}/*; do
  [ -f "$file" ] || continue
  last= top=-1
  for after in ${RUNS}/*/*/after/"\${file##*/}"; do
    [ -f "$after" ] || continue
    number=
    read -r number 2>/dev/null <"\${after%/*/after/*}/number" || :
    case $number in '' | *[!0-9]* | ??????????*) number=0 ;; esac
    if [ "$number" -ge "$top" ]; then last=\${after%/after/*} top=$number; fi
  done
  printf '%s\t%s\t%s\t' "\${file##*/}" "$(base64 -w0 "$file")" "$(basename "\${last%/*}")"
  if [ -n "$last" ]; then base64 -w0 "\${last%/*}/run.json" 2>/dev/null; printf '\t'; base64 -w0 "$last/name" 2>/dev/null; else printf '\t'; fi
  printf '\n'
done`;

const Who = z.object({ by: z.string(), playbook: z.string() });

/** Reads what the probe printed. */
export function readLeft(output: string): readonly LeftHandler[] {
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [file = '', encoded = '', run = '', who = '', step = ''] = line.split('\t');
      const [name, , script] = decode(encoded).split('\0');
      return {
        file,
        name: name === '' ? undefined : name,
        run: script ?? '',
        left: run === '' ? undefined : { run, by: whose(decode(who)), step: decode(step).trim() },
      };
    });
}

/** Forgets one handler, under the host's lock; the run that left it keeps a record of who did. */
export function dropScript({ file, name = file, left }: LeftHandler, by: string, at: string): Script {
  return sh`set -eu
mkdir -p -m 0700 ${RUNTIME_DIRECTORY}
exec 9>>${RUNTIME_DIRECTORY}/lock
flock -n 9 || { echo "another run is at work on this host: $(cat ${RUNTIME_DIRECTORY}/holder 2>/dev/null)" >&2; exit ${LOCKED}; }
printf '%s\n' ${`${at} ${by} dropped the handler "${name}"`} >>${left ? `${RUNS}/${left.run}/dropped` : `${STATE_DIRECTORY}/dropped`}
rm -f ${PENDING}/${file}`;
}

function whose(text: string): string {
  try {
    const { by, playbook } = Who.parse(JSON.parse(text));
    return `${by}, applying ${playbook}`;
  } catch {
    return 'its record is damaged';
  }
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
