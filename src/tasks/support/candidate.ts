import { raw, type Script, sh } from '../../remote/sh.ts';
import { enterParent, refuseFunction, refuseOther } from './enter-parent.ts';
import type { FileAttributes } from './file-attributes.ts';
import { validatorFor } from './validators/for-path.ts';

export interface Candidate extends FileAttributes {
  readonly path: string;
  /** Writes the whole new content to stdout; `$old` is what the path holds, or `/dev/null`. */
  readonly produce: Script;
  /** The operator's own check; `%s` is the candidate's path. */
  readonly validate?: string | undefined;
}

/** Script that checks a file before it is written: that the path may be written, the operator's check, and the one that the path brings by itself. */
export function validateCandidate({ path, produce, validate, ...attributes }: Candidate): Script {
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
  const take = checks.length === 0 ? '' : '[ ! -e "./$harden_name" ] || harden_take "$harden_tmp/old" || exit 1\n';
  const parts = [
    refuseFunction,
    sh`(\n${raw(enterParent(path, { missing: 'accept' }))}${raw(refuseOther(path))}${raw(checkPlace(attributes))}${raw(take)}) || exit $?\n`,
  ];
  if (checks.length > 0) {
    parts.push(
      sh`old=$harden_tmp/old\n[ -f "$old" ] || old=/dev/null\n(\n${raw(produce)}\n) >"$harden_tmp/candidate" || exit 1\n`,
    );
    parts.push(...checks.map((check) => `(\n${check}\n) || exit 1\n`));
  }
  return parts.join('');
}

/** For use after `enterParent`: refuses an owner and a group that nothing new could get there. */
export function checkPlace({ owner, group }: FileAttributes): Script {
  const another = [
    ...(owner === undefined ? [] : [sh`[ "$(id -u -- ${owner})" != "$harden_stranger" ]`]),
    ...(group === undefined
      ? []
      : [sh`[ "$(getent group ${group} | cut -d: -f3)" != "$(id -g -- "$harden_stranger")" ]`]),
  ].join(' || ');
  if (another === '') return '';
  return `if ! harden_top && { ${another}; }; then harden_not_theirs; exit 1; fi\n`;
}
