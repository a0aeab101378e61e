import { isMap, type Json, type JsonMap } from '../support/docker/json.ts';

/** How a key's effect shows in the running dockerd. */
interface Effect {
  /** What `docker info` and the default bridge tell, as JSON text; undefined: this dockerd does not tell. */
  read(info: JsonMap, bridge: JsonMap): Json | undefined;
  /** What must be read once the key has this value. */
  want(value: Json): Json;
}

const same = (field: string): Effect => ({ read: (info) => info[field], want: (value) => value });
const bridgeOption = (name: string): Effect => ({
  read: (_info, bridge) => (isMap(bridge.Options) ? bridge.Options[name] : undefined),
  want: (value) => String(value),
});

const effects: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  [
    'authorization-plugins',
    { read: (info) => sorted((isMap(info.Plugins) ? info.Plugins.Authorization : undefined) ?? []), want: sorted },
  ],
  [
    'data-root',
    {
      read: (info) => String(info.DockerRootDir).replace(/\/\d+\.\d+$/, ''),
      want: (value) => String(value).replace(/(?<=.)\/+$/, ''),
    },
  ],
  ['debug', same('Debug')],
  ['default-runtime', same('DefaultRuntime')],
  ['experimental', same('ExperimentalBuild')],
  [
    'icc',
    { read: (_info, bridge) => readBoolean(bridge, 'com.docker.network.bridge.enable_icc'), want: (value) => value },
  ],
  ['ip', bridgeOption('com.docker.network.bridge.host_binding_ipv4')],
  ['labels', { read: (info) => sorted(info.Labels ?? []), want: sorted }],
  ['live-restore', same('LiveRestoreEnabled')],
  ['log-driver', same('LoggingDriver')],
  ['mtu', bridgeOption('com.docker.network.driver.mtu')],
  ['registry-mirrors', { read: (info) => mirrors(info.Mirrors ?? []), want: mirrors }],
  ['storage-driver', same('Driver')],
  // 20.10 and 23 do not tell
  [
    'no-new-privileges',
    {
      read: (info) => hasSecurityOption(info, 'no-new-privileges') || (tellsPrivileges(info) ? false : undefined),
      want: (value) => value,
    },
  ],
  ['userns-remap', { read: (info) => hasSecurityOption(info, 'userns'), want: (value) => value !== '' }],
]);

/** A key's effect as JSON text; undefined: dockerd does not tell. */
export function effectOf(key: string, info: JsonMap, bridge: JsonMap): string | undefined {
  const value = effects.get(key)?.read(info, bridge);
  return value === undefined ? undefined : JSON.stringify(value);
}

/** What `effectOf` must give once the key has this value. */
export function wantedEffect(key: string, value: Json): string {
  return JSON.stringify(effects.get(key)?.want(value) ?? null);
}

/** True for a key whose effect some dockerd tells. */
export function tellsEffect(key: string): boolean {
  return effects.has(key);
}

function sorted(value: Json): Json {
  return Array.isArray(value) ? value.map(String).sort() : value;
}

function mirrors(value: Json): Json {
  return Array.isArray(value) ? value.map((url) => String(url).replace(/\/*$/, '/')) : value;
}

function readBoolean(bridge: JsonMap, name: string): Json | undefined {
  const value = isMap(bridge.Options) ? bridge.Options[name] : undefined;
  return value === undefined ? undefined : value === 'true';
}

function hasSecurityOption(info: JsonMap, name: string): boolean {
  return (
    Array.isArray(info.SecurityOptions) &&
    info.SecurityOptions.some((option) => String(option).split(',')[0] === `name=${name}`)
  );
}

function tellsPrivileges(info: JsonMap): boolean {
  return Number.parseInt(String(info.ServerVersion), 10) >= 24;
}
