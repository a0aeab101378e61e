import { raw, type Script, sh } from '../../remote/sh.ts';
import { enterParent } from './enter-parent.ts';
import type { FileAttributes } from './file-attributes.ts';

/**
 * Script that gives what stands at a path an owner, a group and a mode. In a directory that others can write, the thing is held (a
 * directory by entering it, a file by an open descriptor) so that it cannot be swapped for a link.
 */
export function setAttributes(path: string, attributes: FileAttributes): Script {
  const set = (target: Script) => changeAttributes(attributes, target);
  const moved = `${path} was changed by somebody else meanwhile`;
  return sh`(
${raw(enterParent(path))}
here=\${PWD%/}
[ -e "./$name" ] || refuse ${`${path} does not exist`}
if only_root; then
  ${raw(set('"./$name"'))}
elif [ -d "./$name" ]; then
  cd -P "./$name" && [ "$PWD" = "$here/$name" ] || refuse ${moved}
  ${raw(set('.'))}
elif [ -f "./$name" ]; then
  exec 3<"./$name" && [ "$(readlink -n /proc/self/fd/3)" = "$here/$name" ] || refuse ${moved}
  ${raw(set('/proc/self/fd/3'))}
else
  refuse ${`${path} is neither a file nor a directory, and others than root can write where it is`}
fi
)
`;
}

/** Commands that set what is given on `target`, a shell word; each ends the shell when it fails. */
export function changeAttributes({ owner, group, mode }: FileAttributes, target: Script): Script {
  const commands: Script[] = [];
  const ownership = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`;
  if (ownership !== '') commands.push(sh`chown -- ${ownership} ${raw(target)} || exit 1`);
  // after chown, which clears the setuid bits; of four digits chmod would leave a directory's setgid bit alone
  if (mode !== undefined) commands.push(sh`chmod ${mode.padStart(5, '0')} ${raw(target)} || exit 1`);
  return commands.length === 0 ? ':' : commands.join('\n  ');
}
