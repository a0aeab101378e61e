import { raw, type Script, sh } from '../../remote/sh.ts';
import { enterParent, refuseFunction, refuseOther } from './enter-parent.ts';
import { validatorFor } from './validators/for-path.ts';

export interface Candidate {
  readonly path: string;
  /** Writes the whole new content to stdout; `$old` is what the path holds, or `/dev/null`. */
  readonly produce: Script;
  /** The operator's own check; `%s` is the candidate's path. */
  readonly validate?: string | undefined;
}

/** Script that checks a file before it is written: that the path may be written, the operator's check, and the one that the path brings by itself. */
export function validateCandidate({ path, produce, validate }: Candidate): Script {
  const parts = [refuseFunction, sh`(\n${raw(enterParent(path, { missing: 'accept' }))}${raw(refuseOther(path))})\n`];
  const word = '"$harden_tmp/candidate"';
  const checks: Script[] = [];
  if (validate !== undefined) {
    // the path takes the place of %s as text, also within quotes; it holds nothing that a shell would read
    checks.push(sh`check=${validate} command=
while [ "$check" != "\${check#*%s}" ]; do
  command=$command\${check%%%s*}$harden_tmp/candidate
  check=\${check#*%s}
done
(eval "$command$check") || refuse ${`the check "${validate}" does not pass`}`);
  }
  const own = validatorFor(path)?.(word, path);
  if (own !== undefined) checks.push(own);
  if (checks.length > 0) {
    parts.push(
      sh`old=${path}\n[ -f "$old" ] || old=/dev/null\n(\n${raw(produce)}\n) >"$harden_tmp/candidate" || exit 1\n`,
    );
    parts.push(...checks.map((check) => `(\n${check}\n) || exit 1\n`));
  }
  return parts.join('');
}
