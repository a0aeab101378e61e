import type { Change } from '../../engine/diff.ts';
import { defineTask } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { proofForUnit } from '../support/docker/prove-docker.ts';
import { refusal } from '../support/finding.ts';
import { changeFindings, unitFindings, wantsUnit } from './findings.ts';
import { Service, type ServiceState } from './params.ts';
import { fullUnitName, parseUnits } from './unit.ts';

const PROPERTIES =
  'Id,LoadState,ActiveState,SubState,UnitFileState,FragmentPath,NeedDaemonReload,Type,RemainAfterExit,TriggeredBy';

/** A systemd unit: whether it runs, starts at boot, or is masked. */
export const serviceTask = defineTask<Service, ServiceState>({
  type: 'service',
  summary: 'A systemd unit: whether it runs, starts at boot, or is masked.',
  notes:
    'Read with one `systemctl show`, so aliases (`sshd` is `ssh`), failed units and units that wait for a restart loop are seen as they are. A unit that does not exist is stopped and disabled. Static, indirect and generated units cannot be enabled. Stopping a unit that an active socket or timer starts again is warned of: name that unit too.',
  params: Service,
  examples: [
    { name: 'docker', state: 'started', enabled: true },
    { name: 'avahi-daemon.socket', state: 'stopped', enabled: false, masked: true },
    { name: 'my-app', daemon_reload: true, state: 'started', enabled: true },
  ],
  id: (p) => fullUnitName(p.name),

  probe: (p) => sh`out=$(systemctl show -p ${PROPERTIES} -- ${fullUnitName(p.name)}) || exit 0
printf '%s\n' "$out"
file=${`/etc/systemd/system/${fullUnitName(p.name)}`}
if [ -L "$file" ] && [ "$(readlink -f -- "$file")" != /dev/null ]; then printf 'AliasFile=%s\n' "$file"; fi
set -f
triggers=\${out##*TriggeredBy=}
[ "$triggers" = "$out" ] || triggers=\${triggers%%"
"*}
[ "$triggers" = "$out" ] || [ -z "$triggers" ] || { echo; systemctl show -p Id,ActiveState -- $triggers; }`,

  read(output, p) {
    const [unit, ...triggers] = parseUnits(output);
    if (unit === undefined) return null;
    const get = (key: string): string => unit.get(key) ?? '';
    const active = runState(get('ActiveState'), get('SubState'));
    if (get('LoadState') === 'not-found' && active !== 'started') return null;
    const file = get('UnitFileState');
    return {
      state: active === 'failed' && p.state === 'stopped' ? 'stopped' : active,
      enabled: file === 'enabled',
      masked: file === 'masked',
      loaded: get('NeedDaemonReload') === 'yes' ? 'stale' : 'current',
      unit: get('Id'),
      load: get('LoadState'),
      file,
      path: get('FragmentPath'),
      ...(get('AliasFile') === '' ? {} : { alias_file: get('AliasFile') }),
      passes: get('Type') === 'oneshot' && get('RemainAfterExit') === 'no',
      triggers: triggers.filter((by) => by.get('ActiveState') === 'active').map((by) => by.get('Id') ?? ''),
    };
  },

  want(p, _facts, before) {
    // what is not there is stopped and disabled: a mask is all that can be wanting
    if (before === null && !wantsUnit(p)) return p.masked ? { masked: true } : null;
    return {
      ...(p.state === undefined ? {} : { state: p.state }),
      ...(p.enabled === undefined ? {} : { enabled: p.enabled }),
      ...(p.masked === undefined ? {} : { masked: p.masked }),
      ...(p.daemon_reload ? { loaded: 'current' as const } : {}),
    };
  },

  apply(change, p) {
    const unit = change.before?.unit ?? fullUnitName(p.name);
    const reload = p.daemon_reload || change.before?.loaded === 'stale' ? 'systemctl daemon-reload\n' : '';
    const come = change.before === null && !wantsUnit(p) ? restIfThere(unit, p) : '';
    return (
      reload +
      come +
      transition(
        unit,
        fullUnitName(p.name),
        pick(change.after, change.keys),
        hidesEnabled(change) ? noteEnabled(unit) : '',
      )
    );
  },

  needs: (p) => (wantsUnit(p) ? [`unit:${fullUnitName(p.name)}`] : []),
  provides: (p) =>
    wantsUnit(p)
      ? [`unit:${fullUnitName(p.name)}`, ...(p.state === 'started' ? [`running:${fullUnitName(p.name)}` as const] : [])]
      : [],
  proof: (p) => (p.state === 'stopped' ? undefined : proofForUnit(p.name)),
  risk: (p, change) => (isAccess(change.before?.unit ?? fullUnitName(p.name)) ? 'access' : undefined),

  findings(change, p, { facts, before, earlier }) {
    if (!facts.systemd)
      return [
        refusal(
          'this host does not run systemd, so there is no unit to set',
          'Leave the task out here with `unless: { facts.systemd: false }`',
          [],
        ),
      ];
    return [...unitFindings(p, before), ...(change ? changeFindings(p, change, before, { facts, earlier }) : [])];
  },

  undo(change, p) {
    const unit = change.before?.unit ?? fullUnitName(p.name);
    if (change.before === null)
      return change.after?.masked ? transition(unit, fullUnitName(p.name), { masked: false }) : undefined;
    const script = hidesEnabled(change)
      ? sh`[ -e "$harden_step/enabled" ] || systemctl disable -q -- ${unit}\n${raw(
          transition(
            unit,
            fullUnitName(p.name),
            pick(
              change.before,
              change.keys.filter((key) => key !== 'enabled'),
            ),
          ),
        )}`
      : transition(unit, fullUnitName(p.name), pick(change.before, change.keys));
    return script === '' ? undefined : script;
  },
});

/** A mask hides from systemctl whether the unit would start at boot without it. */
function hidesEnabled({ before, keys }: Change<ServiceState>): boolean {
  return before?.masked === true && keys.includes('masked') && keys.includes('enabled');
}

function noteEnabled(unit: string): Script {
  return sh`if [ -n "\${harden_step:-}" ] && [ "$(systemctl is-enabled -- ${unit})" = enabled ]; then : >"$harden_step/enabled"; fi`;
}

function runState(active: string, sub: string): 'started' | 'stopped' | 'failed' {
  if (active === 'failed' || sub === 'auto-restart') return 'failed';
  return active === 'active' || active === 'reloading' || active === 'refreshing' || active === 'activating'
    ? 'started'
    : 'stopped';
}

function pick(state: ServiceState, keys: readonly string[]): NonNullable<ServiceState> {
  return Object.fromEntries(Object.entries(state ?? {}).filter(([key]) => keys.includes(key)));
}

/** An earlier task may have brought a unit that the plan did not find. */
function restIfThere(unit: string, { state, enabled }: Service): Script {
  const rest = transition(unit, unit, { ...(state && { state }), ...(enabled !== undefined && { enabled }) });
  if (rest === '') return '';
  return sh`[ "$(systemctl show -p LoadState --value -- ${unit})" = not-found ] || {
${raw(rest)}}
`;
}

// Unmask first, or nothing else works; mask last, for the same reason. A mask is for the name as it is written: by the unit behind an
// alias it would stop that one too. All else reaches the unit behind it, and systemd refuses to enable by an alias.
function transition(unit: string, name: string, to: NonNullable<ServiceState>, unmasked: Script = ''): Script {
  const lines: Script[] = [];
  if (to.masked === false)
    lines.push(sh`systemctl unmask -q -- ${name}; systemctl unmask -q --runtime -- ${name}`, unmasked);
  if (to.enabled !== undefined) lines.push(sh`systemctl ${to.enabled ? 'enable' : 'disable'} -q -- ${unit}`);
  if (to.state === 'started') {
    lines.push(sh`systemctl reset-failed -- ${unit} 2>/dev/null || :
systemctl start -- ${unit} || { systemctl status --no-pager --full -n 20 -- ${unit} >&2 || :; exit 1; }`);
  }
  if (to.state === 'stopped' || to.state === 'failed') lines.push(sh`systemctl stop -- ${unit}`);
  if (to.masked === true) lines.push(sh`systemctl mask -q -- ${name}`);
  return lines
    .filter((line) => line !== '')
    .map((line) => sh`${raw(line)}\n`)
    .join('');
}

// whoever logs in through one of these loses the way in when it stops, and some also when it starts
function isAccess(unit: string): boolean {
  return /^(sshd?|ufw|nftables|iptables|netfilter-persistent|firewalld|fail2ban|networking|ifup@.+|NetworkManager|systemd-(networkd|resolved|logind|homed)|connman|netplan-.+|wpa_supplicant|dhcpcd|wg-quick@.+|openvpn.*|tailscaled|sssd|nslcd|winbind|dbus)\.(service|socket)$/.test(
    unit,
  );
}
