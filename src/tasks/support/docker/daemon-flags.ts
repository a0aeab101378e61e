/** A key that dockerd's command line sets already, and where that is written. */
export interface FlagInUse {
  readonly key: string;
  /** As written: `-H`, `--log-driver`. */
  readonly flag: string;
  /** A file, as `systemctl show` knows it. */
  readonly from: string;
}

export interface UnitCommand {
  /** `systemctl show -p ExecStart`'s value. */
  readonly execStart: string;
  /** The unit file, or the last drop-in. */
  readonly unitFile: string;
  /** `systemctl show -p Environment`'s value. */
  readonly environment: string;
  /** The text of /etc/default/docker. */
  readonly defaults: string;
}

/** The keys of daemon.json that the unit's command line sets, `$DOCKER_OPTS` and the like followed. */
export function flagsInUse(unit: UnitCommand): readonly FlagInUse[] {
  const argv = /argv\[\]=(.*?) ; ignore_errors=/.exec(unit.execStart)?.[1] ?? '';
  return argv
    .split(/\s+/)
    .slice(1)
    .flatMap((word) => {
      const variable = /^\$\{?(\w+)\}?$/.exec(word)?.[1];
      if (variable === undefined) return [{ word, from: unit.unitFile }];
      const inDefaults = assigned(variable, unit.defaults);
      const value = inDefaults ?? assigned(variable, unit.environment) ?? '';
      return value
        .split(/\s+/)
        .map((inner) => ({ word: inner, from: inDefaults === undefined ? unit.unitFile : '/etc/default/docker' }));
    })
    .flatMap(({ word, from }) => {
      const flag = /^(--[a-z0-9-]+|-[a-zA-Z])/.exec(word)?.[1];
      const key = flag === undefined ? undefined : keyOfFlag(flag);
      return flag === undefined || key === undefined ? [] : [{ key, flag, from }];
    });
}

function assigned(variable: string, text: string): string | undefined {
  const match = new RegExp(`^\\s*(?:.*\\s)?${variable}=(?:"([^"]*)"|'([^']*)'|(.*))$`, 'm').exec(text);
  return match === null ? undefined : (match[1] ?? match[2] ?? match[3]);
}

function keyOfFlag(flag: string): string | undefined {
  if (!flag.startsWith('--')) return SHORT[flag.slice(1)];
  const name = flag.slice(2);
  return NAMED[name] ?? name;
}

// a flag that can be given more than once has another name in the file
const NAMED: Readonly<Record<string, string>> = {
  'add-runtime': 'runtimes',
  'authorization-plugin': 'authorization-plugins',
  'cdi-spec-dir': 'cdi-spec-dirs',
  'cluster-store-opt': 'cluster-store-opts',
  'default-address-pool': 'default-address-pools',
  'default-network-opt': 'default-network-opts',
  'default-ulimit': 'default-ulimits',
  'dns-opt': 'dns-opts',
  'exec-opt': 'exec-opts',
  feature: 'features',
  host: 'hosts',
  'insecure-registry': 'insecure-registries',
  label: 'labels',
  'log-opt': 'log-opts',
  'node-generic-resource': 'node-generic-resources',
  'registry-mirror': 'registry-mirrors',
  'storage-opt': 'storage-opts',
};

const SHORT: Readonly<Record<string, string>> = {
  b: 'bridge',
  D: 'debug',
  g: 'graph',
  G: 'group',
  H: 'hosts',
  l: 'log-level',
  p: 'pidfile',
  s: 'storage-driver',
};
