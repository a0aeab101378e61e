import type { Change } from '../../engine/diff.ts';
import type { Finding, FindingContext } from '../../engine/task.ts';
import { refusal, warning } from '../support/finding.ts';
import { compareVersions } from './debian-version.ts';
import { type Apt, namedPackages } from './params.ts';
import type { AptState } from './probe.ts';

/** What a person should know of a change of packages, and what apt would refuse. */
export function aptFindings(
  change: Change<AptState> | undefined,
  p: Apt,
  context: FindingContext<AptState>,
): readonly Finding[] {
  const { before } = context;
  const lines = (key: string): readonly string[] => {
    const value = before?.[key];
    return Array.isArray(value) ? value : [];
  };
  const kept = lines('kept_back');
  const keptBack =
    kept.length === 0
      ? []
      : [
          warning(
            `upgrade: ${p.upgrade} keeps back ${kept.join(', ')}`,
            'A package is kept back that is on hold, that comes in phases (Ubuntu), or that needs another one removed, which upgrade: dist may do',
          ),
        ];
  if (change === undefined) return keptBack;
  return [
    ...keptBack,
    ...lines('not_available').map((message) => notAvailable(message, context)),
    ...lines('apt_refuses').map((text) => refusal(`apt refuses: ${text}`, undefined, ['path:/etc/apt/', 'package:'])),
    ...lines('on_hold').map((name) =>
      refusal(
        `${name} is on hold, so apt does not change it`,
        `Release it on the host with \`apt-mark unhold ${name}\`, or leave it out here`,
      ),
    ),
    ...downgrades(change, p),
    ...removals(change, context),
    ...(lines('upgrades').length > 0 && before?.package_lists === 'old'
      ? [warning('the package lists are refreshed first, so more may be upgraded than is shown')]
      : []),
  ];
}

function notAvailable(message: string, { pending = [] }: FindingContext<AptState>): Finding {
  if (pending.some((need) => need.startsWith('path:/etc/apt/')))
    return warning(`${message} yet; an earlier task changes where packages come from`);
  return refusal(
    message,
    'Correct the name (a virtual package cannot be installed: name one that provides it), or add its source in an earlier task',
    ['path:/etc/apt/'],
  );
}

function downgrades(change: Change<AptState>, p: Apt): readonly Finding[] {
  if (p.allow_downgrade) return [];
  return namedPackages(p).flatMap(({ name, version }) => {
    const installed = change.before?.[name];
    if (version === undefined || !change.keys.includes(name) || typeof installed !== 'string' || !/^\d/.test(installed))
      return [];
    if (compareVersions(installed, version) <= 0) return [];
    return [
      refusal(
        `${name} is at ${installed}, newer than ${version}`,
        'Add allow_downgrade: true if the older version is what you want',
      ),
    ];
  });
}

// what the run itself stands on
function removals(change: Change<AptState>, { facts }: FindingContext<AptState>): readonly Finding[] {
  const { before } = change;
  const also = Array.isArray(before?.also_removes) ? before.also_removes : [];
  const upgrades = Array.isArray(before?.upgrades) ? before.upgrades : [];
  const unneeded = Array.isArray(before?.not_needed) ? before.not_needed : [];
  const leaving = upgrades.flatMap((step) => (step.startsWith('remove ') ? [step.slice('remove '.length)] : []));
  const named = change.action === 'delete' ? Object.keys(before ?? {}) : [];
  const gone = [...named, ...also, ...leaving, ...unneeded];
  return [
    ...(also.length > 0 ? [warning(`removes ${also.join(', ')} too`)] : []),
    ...(leaving.length > 0 ? [warning(`the upgrade removes ${leaving.join(', ')}`)] : []),
    ...(facts.ssh !== null && gone.includes('openssh-server')
      ? [refusal('removes openssh-server, the way in that this run uses', undefined, [])]
      : []),
    ...(facts.login !== 'root' && gone.includes('sudo')
      ? [refusal(`removes sudo, with which ${facts.login} becomes root`, undefined, [])]
      : []),
  ];
}
