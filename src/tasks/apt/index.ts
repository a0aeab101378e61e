import type { Change } from '../../engine/diff.ts';
import { defineTask, type Finding } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { proofForPackages } from '../support/docker/prove-docker.ts';
import { aptFindings } from './findings.ts';
import { aptFunctions } from './get.ts';
import { Apt, namedPackages } from './params.ts';
import { type AptState, probePackages, readPackages, removeOptions, wanted } from './probe.ts';
import { installOptions, packageWords, simulateScript, simulationFindings } from './simulate.ts';
import { applySystem, probeSystem, readSystem, wantSystem } from './system.ts';

/** Debian packages: installed, exactly at a version, at the newest one, or gone. */
export const aptTask = defineTask<Apt, AptState>({
  type: 'apt',
  summary: 'Debian packages: installed, exactly at a version, at the newest one, or gone.',
  notes:
    'Read with `dpkg-query`; apt is asked only about packages that would change, and writes nothing while a plan is made. A package that is only half configured counts as not installed, and apply finishes what an interrupted dpkg left. Missing or outdated package lists are refreshed before an install, with or without `update_cache`. Where packages change, `apt-get -s` is asked for all tasks together, with the lists as they are: what apt would not install, and what it would remove, is refused by name; where an earlier task refreshes the lists or alters the sources, it is known after apply. An install removes only what `allow_removals` names, and a removal only those that the plan showed. Configuration files that were changed by hand stay as they are. A rollback does not remove what was installed. Upgrades of Docker restart its containers unless `live-restore` is on.',
  params: Apt,
  examples: [
    { name: 'ufw' },
    { name: ['nginx=1.22.1-9', 'curl'], update_cache: true, install_recommends: false },
    { name: 'telnetd', state: 'absent', purge: true, autoremove: true },
    { name: 'chrony', allow_removals: ['systemd-timesyncd', 'ntpsec'] },
    { upgrade: 'safe', update_cache: true },
  ],
  id: (p) =>
    p.name === undefined
      ? `all packages${p.upgrade === 'no' ? '' : ` (upgrade ${p.upgrade})`}`
      : namedPackages(p)
          .map(({ name }) => name)
          .sort()
          .join(' '),

  probe: (p) => (p.name === undefined ? probeSystem(p) : probePackages(p)),
  proof: (p) => (p.state === 'absent' ? undefined : proofForPackages(namedPackages(p).map(({ name }) => name))),
  read: (output, p) => (p.name === undefined ? readSystem(output, p) : readPackages(output, p)),

  want(p) {
    if (p.name === undefined) return wantSystem(p);
    if (p.state === 'absent') return null;
    const packages = Object.fromEntries(namedPackages(p).map(({ name, version }) => [name, wanted(p, version)]));
    return p.state === 'latest' && p.update_cache ? { ...packages, package_lists: 'fresh' } : packages;
  },

  apply(change, p) {
    if (p.name === undefined) return applySystem(change, p);
    return change.action === 'delete' ? removal(change, p) : installation(change, p);
  },

  needs: () => ['command:apt-get'],
  provides: (p) =>
    p.state === 'absent' ? [] : namedPackages(p).map(({ name }) => `package:${name.split(':')[0]}` as const),
  touches: (p) => touched(p),
  foresee: { script: simulateScript, findings: simulationFindings },
  findings: (change, p, context): readonly Finding[] => aptFindings(change, p, context),

  irreversible(p, change) {
    if (change.action === 'delete')
      return p.purge
        ? 'the configuration files of purged packages are lost'
        : 'removed packages are not installed again by a rollback';
    if (p.name === undefined && p.upgrade !== 'no') return 'a rollback does not bring older versions back';
    return change.keys.some((key) => !key.includes('_'))
      ? 'a rollback leaves the packages as they are then'
      : undefined;
  },
});

// The lists may prove older than the mirror: apt_install then refreshes them, whatever the task says of update_cache.
function installation(change: Change<AptState>, p: Apt): Script {
  const allowed = p.allow_removals.join(' ');
  const options = [...(allowed === '' ? ['--no-remove'] : []), ...installOptions(p)];
  const words = packageWords(change, p);
  return sh`${raw(aptFunctions(p.lock_timeout))}apt_mend
apt_refresh ${p.update_cache ? p.cache_valid_time : 2_000_000_000}
${raw(allowed === '' ? '' : sh`apt_removable=${allowed}\n`)}apt_install ${options} ${words}
`;
}

function touched(p: Apt): readonly string[] {
  const names =
    p.name === undefined ? ['*'] : [...namedPackages(p).map(({ name }) => name.split(':')[0]), ...p.allow_removals];
  return [...names.map((name) => `package:${name}`), ...(p.update_cache ? ['path:/var/lib/apt/lists/'] : [])];
}

function removal(change: Change<AptState>, p: Apt): Script {
  const named = namedPackages(p).flatMap(({ name }) => (change.before?.[name] === undefined ? [] : [name]));
  const others = change.before?.also_removes;
  const allowed = [...named, ...(Array.isArray(others) ? others : [])];
  return sh`${raw(aptFunctions(p.lock_timeout))}apt_mend
apt_remove_only ${allowed.join(' ')} ${removeOptions(p)} ${named}
`;
}
