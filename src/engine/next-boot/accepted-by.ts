import type { Script } from '../../remote/sh.ts';

/** What let this login in: the outermost process that it comes from. */
export interface AcceptedBy {
  /** `sshd`, `dropbear`, `tailscaled`, `teleport`; empty where it could not be told. */
  readonly program: string;
  /** The unit whose files start it: `ssh.service`, `ssh@.service` behind a socket; undefined where none could be told. */
  readonly unit?: string | undefined;
  /** The socket that systemd listens on for it. */
  readonly socket?: string | undefined;
  /** The socket and the unit may be started for the boot by each other: what of them the boot would start. */
  readonly starts: readonly string[];
}

/** Script that prints what `readAcceptedBy` reads; it asks the processes that its own shell comes from. `port`: where the login came in. */
export function acceptedByScript(port: number): Script {
  return `harden_p=$$
harden_top=
while [ "$harden_p" -gt 1 ]; do
  harden_name= harden_up=
  while read -r harden_key harden_value harden_rest; do
    case $harden_key in
      Name:) harden_name=$harden_value ;;
      PPid:) harden_up=$harden_value; break ;;
    esac
  done </proc/$harden_p/status || break
  # an own init of a container, or a supervisor such as runit, is behind the server
  case $harden_name in systemd | init | runsv | s6-supervise | supervise) break ;; esac
  harden_top="$harden_p $harden_name"
  harden_p=\${harden_up:-0}
done
echo "program \${harden_top#* }"
harden_p=\${harden_top%% *}
sed -n 's|.*/\\([^/]*\\.service\\)$|service \\1|p' "/proc/$harden_p/cgroup" 2>/dev/null | head -n 1
if [ -d /run/systemd/system ]; then
  systemctl list-sockets --no-legend --no-pager --plain 2>/dev/null | while read -r harden_listen harden_socket harden_rest; do
    case $harden_listen in
      *:${port}) echo "socket $harden_socket $(systemctl show -p Accept --value "$harden_socket") $(systemctl show -p Triggers --value "$harden_socket")" ;;
    esac
  done
fi`;
}

/** What the script printed. */
export function readAcceptedBy(output: string): AcceptedBy {
  const line = (name: string): string => new RegExp(`^${name} (.*)$`, 'm').exec(output)?.[1]?.trim() ?? '';
  const program = line('program').replace(/^sshd-(session|auth)$/, 'sshd');
  const [socket, accept, ...triggers] = line('socket').split(/\s+/);
  const service = line('service').replace(/@.*\.service$/, '@.service') || undefined;
  if (!socket) return { program, unit: service, starts: service === undefined ? [] : [service] };
  const unit = accept === 'yes' ? socket.replace(/\.socket$/, '@.service') : (triggers[0] ?? service);
  return { program, unit, socket, starts: [socket, ...(unit === undefined ? [] : [unit])] };
}
