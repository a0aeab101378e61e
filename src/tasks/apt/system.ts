import type { Change } from '../../engine/diff.ts';
import type { StateValue } from '../../engine/state.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { aptFunctions, aptReadOnlyOptions, parseAge, readAge, readOnlyApt } from './get.ts';
import type { Apt } from './params.ts';
import type { AptState } from './probe.ts';

/** Script that prints what `readSystem` reads: the age of the lists, and what an upgrade or autoremove would do. */
export function probeSystem(p: Apt): Script {
  const simulate = (label: string, words: readonly string[]): Script =>
    sh`echo ${`${label}:`}
apt-get ${aptReadOnlyOptions} -s -q ${words} 2>&1 | awk '/^(Inst|Remv|Purg|E:)/ { print }
  !/^ / { kept = /^(The following packages have been kept back|Not upgrading):$/; next }
  kept { for (i = 1; i <= NF; i++) print "Kept " $i }'
`;
  const asks = [
    ...(p.upgrade === 'no' ? [] : [simulate('upgrade', upgradeWords(p))]),
    ...(p.autoremove ? [simulate('autoremove', ['autoremove'])] : []),
  ];
  return sh`${raw(readAge)}${raw(asks.length > 0 ? readOnlyApt : '')}${raw(asks.join(''))}`;
}

function upgradeWords(p: Apt): readonly string[] {
  const release = p.default_release === undefined ? [] : ['-t', p.default_release];
  return [...release, ...(p.upgrade === 'dist' ? ['dist-upgrade'] : ['--with-new-pkgs', 'upgrade'])];
}

/** What holds of the package lists, of upgrades that wait, and of packages that nothing needs. */
export function readSystem(output: string, p: Apt): AptState {
  const age = parseAge(output);
  const part = (label: string): string => output.split(`\n${label}:\n`)[1]?.split(/^\w+:$/m)[0] ?? '';
  const state: Record<string, StateValue> = {};
  if (p.update_cache) state.package_lists = age !== undefined && age.seconds <= p.cache_valid_time ? 'fresh' : 'old';
  if (p.upgrade !== 'no') state.upgrades = steps(part('upgrade'));
  const kept = [...part('upgrade').matchAll(/^Kept (\S+)/gm)].map(([, name = '']) => name);
  if (kept.length > 0) state.kept_back = kept;
  if (p.autoremove)
    state.not_needed = [...part('autoremove').matchAll(/^(?:Remv|Purg) (\S+)/gm)].map(([, name = '']) => name);
  const refused = [...output.matchAll(/^E: (.*)$/gm)].map(([, text = '']) => text);
  if (refused.length > 0) state.apt_refuses = refused;
  return state;
}

/** Nothing to refresh, to upgrade, or to remove. */
export function wantSystem(p: Apt): AptState {
  return {
    ...(p.update_cache ? { package_lists: 'fresh' } : {}),
    ...(p.upgrade === 'no' ? {} : { upgrades: [] }),
    ...(p.autoremove ? { not_needed: [] } : {}),
  };
}

/** Script that refreshes, upgrades and removes what the plan showed. */
export function applySystem(change: Change<AptState>, p: Apt): Script {
  const planned = (key: string): readonly string[] => {
    const value = change.before?.[key];
    return Array.isArray(value) ? value : [];
  };
  const leaving = planned('upgrades').flatMap((step) =>
    step.startsWith('remove ') ? [step.slice('remove '.length)] : [],
  );
  const upgrade =
    p.upgrade === 'dist' && leaving.length > 0
      ? sh`apt_remove_only ${leaving.join(' ')} ${upgradeWords(p)}\n`
      : sh`apt_get --no-remove ${upgradeWords(p)}\n`;
  const refresh = p.update_cache ? sh`apt_refresh ${p.cache_valid_time}\n` : '';
  // after an upgrade there may be more that nothing needs than the plan could know of
  const autoremove =
    p.upgrade === 'no' ? sh`apt_remove_only ${planned('not_needed').join(' ')} autoremove\n` : 'apt_get autoremove\n';
  return sh`${raw(aptFunctions(p.lock_timeout))}apt_mend
${raw(refresh)}${raw(p.upgrade === 'no' ? '' : upgrade)}${raw(p.autoremove ? autoremove : '')}`;
}

// `Inst openssl [3.0.15-1] (3.0.16-1 Debian-Security:12/stable-security [amd64])`
function steps(simulation: string): readonly string[] {
  return simulation.split('\n').flatMap((line) => {
    const [, verb, name, , old, fresh] = /^(Inst|Remv|Purg) (\S+)( \[(\S+)\])?(?: \((\S+))?/.exec(line) ?? [];
    if (verb === undefined) return [];
    if (verb !== 'Inst') return [`remove ${name}`];
    return [old === undefined ? `install ${name} ${fresh}` : `${name} ${old} → ${fresh}`];
  });
}
