import type { Change } from '../../engine/diff.ts';
import type { Finding, FindingContext } from '../../engine/task.ts';
import { refusal, warning } from '../support/finding.ts';
import type { Service, ServiceState } from './params.ts';
import { fullUnitName } from './unit.ts';

/** True for a task that nothing but an existing unit can satisfy. */
export function wantsUnit(p: Service): boolean {
  return p.state === 'started' || p.enabled === true;
}

/** What follows from how the unit is, whether or not anything changes. */
export function unitFindings(p: Service, before: ServiceState): Finding[] {
  if (before === null)
    return wantsUnit(p)
      ? [
          refusal(
            `there is no unit ${fullUnitName(p.name)} on the host`,
            'Install the package that brings it in an earlier task, or correct the name',
          ),
        ]
      : [];
  const { load = '', file = '', passes, unit = '' } = before;
  const findings: Finding[] = [];
  if (load === 'error' || load === 'bad-setting')
    findings.push(
      refusal(
        `systemd cannot load ${unit} (${load})`,
        `\`systemctl status ${unit}\` on the host says which line is wrong`,
      ),
    );
  if (before.masked && wantsUnit(p) && p.masked !== false)
    findings.push(
      refusal(
        `${unit} is masked, so it can neither run nor be enabled`,
        'Add masked: false to have the mask taken off',
      ),
    );
  if (p.state === 'started' && passes)
    findings.push(
      refusal(
        `${unit} is a oneshot that is over as soon as it has done its work, so state: started could never hold`,
        'Write enabled: true, or name the timer that starts it',
      ),
    );
  if (p.enabled && !before.enabled) findings.push(...cannotEnable(unit, file));
  if (p.enabled === false && file === 'static' && p.masked === undefined)
    findings.push(
      warning(
        `${unit} is static: it is not started at boot by itself, but another unit may still start it`,
        'masked: true prevents that',
      ),
    );
  const name = fullUnitName(p.name);
  const isAlias = unit !== '' && unit !== name;
  if (p.masked && !before.masked && isAlias)
    findings.push(
      before.alias_file === undefined
        ? warning(
            `${name} is another name of ${unit}: the mask stops this name alone, and ${unit} can be started by its own`,
            `To stop ${unit} itself, name it`,
          )
        : refusal(
            `${name} cannot be masked: it is another name of ${unit}, and the link that says so, ${before.alias_file}, stands where the mask would go`,
            `Name ${unit} to mask the unit itself`,
          ),
    );
  else if (p.masked === false && before.masked && isAlias)
    findings.push(
      refusal(`${name} is another name of ${unit}, and that is what is masked`, `Name ${unit} to take the mask off`),
    );
  if (p.masked && !before.masked && !isAlias && before.path?.startsWith('/etc/systemd/system/'))
    findings.push(
      refusal(
        `${unit} cannot be masked: its own file ${before.path} stands where the mask would go`,
        'Move the unit file to /usr/local/lib/systemd/system, or disable the unit',
      ),
    );
  return findings;
}

function cannotEnable(unit: string, file: string): Finding[] {
  switch (file) {
    case 'static':
      return [
        refusal(
          `${unit} is static: it has no [Install] section, so it cannot be enabled`,
          'Enable the socket, timer or target that starts it',
        ),
      ];
    case 'indirect':
      return [
        refusal(
          `${unit} is indirect: enabling it enables another unit`,
          `\`systemctl cat ${unit}\` names that unit after Also=: enable it by its own name`,
        ),
      ];
    case 'generated':
    case 'transient':
      return [
        refusal(
          `${unit} is ${file}: there is no unit file that could be enabled`,
          file === 'generated'
            ? 'It comes from /etc/fstab or from an init script, and starts at boot as that says'
            : 'It ends with the next boot',
        ),
      ];
    default:
      return [];
  }
}

/** What follows from the change. `earlier`: the service tasks before it that change something. */
export function changeFindings(
  p: Service,
  change: Change<ServiceState>,
  before: ServiceState,
  { facts, earlier = [] }: Pick<FindingContext, 'facts' | 'earlier'>,
): Finding[] {
  return [
    ...stillTriggered(p, change, before),
    ...(facts.ssh ? offAtBoot(p, change, before, earlier as readonly Service[]) : []),
  ];
}

/** The fresh login succeeds while sshd still runs, so no guard sees this one: it comes with the next boot. */
function offAtBoot(
  p: Service,
  { keys }: Change<ServiceState>,
  before: ServiceState,
  earlier: readonly Service[],
): Finding[] {
  const off = (p.enabled === false && keys.includes('enabled')) || (p.masked === true && keys.includes('masked'));
  const bySocket =
    before?.triggers?.includes('ssh.socket') ||
    earlier.some(({ name, enabled }) => fullUnitName(name) === 'ssh.socket' && enabled === true);
  if (!off || (before?.unit ?? fullUnitName(p.name)) !== 'ssh.service' || bySocket) return [];
  return [
    {
      level: 'refuse',
      message:
        'nobody could log in after the next boot: sshd, by which this run came in, would not be started any more',
      hint: 'Leave ssh enabled, or enable ssh.socket in a task before this one; where another server lets you in, say so with --i-know ssh-off-at-boot',
      consent: 'ssh-off-at-boot',
      because: [],
    },
  ];
}

function stillTriggered(p: Service, change: Change<ServiceState>, before: ServiceState): Finding[] {
  const stops = change.keys.includes('state') && p.state === 'stopped' && !p.masked;
  const triggers = before?.triggers ?? [];
  if (!stops || triggers.length === 0) return [];
  const names = triggers.join(' and ');
  return [
    warning(
      `${names} ${triggers.length === 1 ? 'is' : 'are'} active and will start ${before?.unit ?? p.name} again`,
      `Stop and disable ${names} in a task before this one`,
    ),
  ];
}
