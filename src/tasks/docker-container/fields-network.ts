import { mapAt, textAt } from '../support/docker/cli.ts';
import type { Json } from '../support/docker/json.ts';
import { spellPort } from '../support/docker/words.ts';
import { configOf, type Field, flags, hostOf, pairs, sorted, textsAt } from './field.ts';
import type { DockerContainer } from './params.ts';

/** Whom a container can talk to, and who to it. */
export const networkFields: readonly Field[] = [
  {
    key: 'network_mode',
    want: networkMode,
    read: (container) => textAt(hostOf(container), 'NetworkMode').replace(/^default$/, 'bridge'),
    args: (p) => {
      const [first] = p.networks;
      return [
        '--network',
        networkMode(p),
        ...flags('--network-alias', first?.aliases ?? []),
        ...(first?.ipv4_address === undefined ? [] : ['--ip', first.ipv4_address]),
      ];
    },
  },
  {
    key: 'networks',
    want: (p) =>
      sorted(p.networks.map(({ name, aliases, ipv4_address }) => attachment(name, aliases, ipv4_address ?? ''))),
    read(container, _image, p) {
      // older versions count the container's own names
      const own = [textAt(container, 'Id').slice(0, 12), textAt(configOf(container), 'Hostname'), p.name];
      return sorted(
        Object.entries(mapAt(mapAt(container, 'NetworkSettings'), 'Networks'))
          .filter(([name]) => name !== 'none' && name !== 'host')
          .map(([name, network]) =>
            attachment(
              name,
              textsAt(network, 'Aliases').filter(
                (alias) =>
                  !own.includes(alias) ||
                  p.networks.some((wanted) => wanted.name === name && wanted.aliases.includes(alias)),
              ),
              textAt(mapAt(network, 'IPAMConfig'), 'IPv4Address'),
            ),
          ),
      );
    },
    args: () => [],
  },
  {
    key: 'published_ports',
    want: (p) => sorted(p.published_ports.map(spellPort)),
    read: (container) => sorted(portsOf(container)),
    args: (p) => flags('--publish', p.published_ports.map(spellPort)),
  },
  {
    key: 'dns_servers',
    want: (p) => p.dns_servers,
    read: (container) => textsAt(hostOf(container), 'Dns'),
    args: (p) => flags('--dns', p.dns_servers),
  },
  {
    key: 'etc_hosts',
    want: (p) => pairs(p.etc_hosts, ':'),
    read: (container) => sorted(textsAt(hostOf(container), 'ExtraHosts')),
    args: (p) => flags('--add-host', pairs(p.etc_hosts, ':')),
  },
];

/** The ports that a container publishes, as the playbook spells them. */
export function portsOf(container: Json): readonly string[] {
  return Object.entries(mapAt(hostOf(container), 'PortBindings')).flatMap(([inside, bindings]) =>
    (Array.isArray(bindings) ? bindings : []).map((binding) =>
      spellPort({
        ip: textAt(binding, 'HostIp') || '0.0.0.0',
        host: Number(textAt(binding, 'HostPort')),
        inside: Number(inside.split('/')[0]),
        proto: inside.split('/')[1] ?? 'tcp',
      }),
    ),
  );
}

function networkMode(p: DockerContainer): string {
  return p.network_mode ?? p.networks[0]?.name ?? 'none';
}

function attachment(name: string, aliases: readonly string[], address: string): string {
  return [name, ...sorted(aliases).map((alias) => `as ${alias}`), ...(address === '' ? [] : [`at ${address}`])].join(
    ' ',
  );
}
