import { raw, type Script, sh } from '../../remote/sh.ts';
import { enterParent } from './enter-parent.ts';
import type { FileAttributes } from './file-attributes.ts';

/**
 * Script that gives what stands at a path an owner, a group and a mode. In a directory that others can write, the thing is held (a
 * directory by entering it, all else by another name in a directory of root's) so that it cannot be swapped. What has a name outside
 * of it too is refused: it may be somebody else's file that was linked there.
 */
export function setAttributes(path: string, attributes: FileAttributes): Script {
  const set = (target: Script) => changeAttributes(attributes, target);
  return sh`(
${raw(enterParent(path))}
[ -e "./$harden_name" ] || refuse ${`${path} does not exist`}
if harden_root_only; then
  ${raw(set('"./$harden_name"'))}
elif [ -d "./$harden_name" ]; then
  harden_enter_this || exit 1
  ${raw(set('.'))}
elif harden_beside; then
  trap 'rm -rf -- "$harden_private"' EXIT
  harden_hold && [ ! -L "$harden_held_thing" ] || refuse ${`${path} was changed by somebody else meanwhile`}
  ${raw(set('"$harden_held_thing"'))}
else
  refuse ${`the owner and mode of ${path} cannot be changed: others than root can write where it is, and root has no directory of its own on that file system`}
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
