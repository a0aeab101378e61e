import { expect, test } from 'vitest';
import { dockerComposeTask } from '../../../src/tasks/docker-compose/index.ts';
import { dockerDaemonTask } from '../../../src/tasks/docker-daemon/index.ts';
import { dockerNetworkTask } from '../../../src/tasks/docker-network/index.ts';
import { parseHostAddresses, readHostAddresses } from '../../../src/tasks/support/docker/host-addresses.ts';
import { debian12Facts } from '../../support/facts.ts';

const HOST = `== addresses
addr 1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
addr 2: eth0    inet 192.0.2.20/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever
addr 2: eth0    inet6 2001:db8:1::20/64 scope global \\       valid_lft forever
addr 2: eth0    inet6 fe80::2c37:d6ff:fea7:1374/64 scope link
addr 3: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0
addr 5: wg0@NONE    inet 10.8.0.1 peer 10.8.0.2/32 scope global wg0
route default via 192.0.2.1 dev eth0 onlink
route 0.0.0.0/1 via 10.8.0.2 dev wg0
route 192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.20
route 172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
route 172.30.0.0/16 dev br-9711027b1e06 proto kernel scope link src 172.30.0.1
route 10.8.0.2 dev wg0 proto kernel scope link src 10.8.0.1
route 100.64.7.7 dev tailscale0 table 52
route 10.90.0.0/16 via 192.0.2.9 dev eth0 proto static
route 10.91.0.0/16 proto static \\ nexthop via 192.0.2.8 dev eth0 weight 1
route blackhole 10.0.0.0/8
route local 192.0.2.20 dev eth0 table local proto kernel scope host src 192.0.2.20
route broadcast 192.0.2.255 dev eth0 table local
route 2001:db8:1::/64 dev eth0 proto kernel metric 256 pref medium
route multicast ff00::/8 dev eth0 table local
`;

test('addresses and routes are read as iproute2 tells them, without what everybody has', () => {
  expect(parseHostAddresses(HOST).map(({ kind, network, device }) => `${kind} ${network} ${device}`)).toEqual([
    'address 192.0.2.20 eth0',
    'address 2001:db8:1::20 eth0',
    'address 172.17.0.1 docker0',
    'address 10.8.0.1 wg0',
    'route 192.0.2.0/24 eth0',
    'route 172.17.0.0/16 docker0',
    'route 172.30.0.0/16 br-9711027b1e06',
    'route 10.8.0.2 wg0',
    'route 100.64.7.7 tailscale0',
    'route 10.90.0.0/16 eth0',
    'route 10.91.0.0/16 eth0',
    'route 2001:db8:1::/64 eth0',
  ]);
});

test('where iproute2 is not there, the kernel tells of them', () => {
  const proc = `== addresses
route4 Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
route4 eth0\t00000000\t014DD50A\t0003\t0\t0\t0\t00000000\t0\t0\t0
route4 eth0\t004DD50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
route4 *\t0000000A\t00000000\t0201\t0\t0\t0\t000000FF\t0\t0\t0
route6 20010db8000100000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    eth0
route6 20010db8000100000000000000000020 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000004 00000000 80200001    eth0
addr4 10.213.77.15
addr4 127.0.0.1
`;
  expect(parseHostAddresses(proc).map(({ kind, network, device }) => `${kind} ${network} ${device}`)).toEqual([
    'route 10.213.77.0/24 eth0',
    'route 2001:db8:1::/64 eth0',
    'address 2001:db8:1::20 eth0',
    'address 10.213.77.15 eth0',
  ]);
  expect(readHostAddresses()).toContain('/proc/net/fib_trie');
});

const v6Facts = { ssh: { client: '2001:db8:9::5', address: '2001:db8:1::20', port: 22 } };
const near = (client: string) => ({ ssh: { client, address: '192.0.2.20', port: 22 } });

function networkFinds(params: object, facts: object = {}, networks: readonly object[] = []): readonly string[] {
  const output = `== networks\n${JSON.stringify(networks)}\n== containers\n== drivers\n["bridge","macvlan"]\n== pools\nnull\n${HOST}`;
  const p = dockerNetworkTask.params.parse({ name: 'front', ...params });
  const before = dockerNetworkTask.read(output, p);
  const all = { ...debian12Facts, ...facts };
  const change = { action: 'create' as const, before, after: dockerNetworkTask.want(p, all, before), keys: ['state'] };
  return dockerNetworkTask.findings!(change, p, { facts: all, before }).map(
    ({ level, message }) => `${level}: ${message}`,
  );
}

test.each<[string, object, object, string | RegExp | undefined]>([
  [
    'around the operator',
    { ipam_config: [{ subnet: '192.0.0.0/22' }] },
    {},
    /holds 192\.0\.2\.10, the address that you/,
  ],
  ['around the operator, IPv6', { ipam_config: [{ subnet: '2001:db8:9::/48' }] }, v6Facts, /holds 2001:db8:9::5/],
  ['around an address of another card', { ipam_config: [{ subnet: '10.8.0.0/24' }] }, {}, /10\.8\.0\.1.*\(wg0\)/],
  ['around the host, IPv6', { ipam_config: [{ subnet: '2001:db8:1::/64' }] }, {}, /holds 2001:db8:1::20/],
  ['inside a connected network', { ipam_config: [{ subnet: '192.0.2.128/25' }] }, {}, /overlaps with 192\.0\.2\.0\/24/],
  ['over a static route', { ipam_config: [{ subnet: '10.90.4.0/24' }] }, {}, /overlaps with 10\.90\.0\.0\/16/],
  ['over several ways to one net', { ipam_config: [{ subnet: '10.91.4.0/24' }] }, {}, /overlaps with 10\.91\.0\.0\/16/],
  ['over a route of another table', { ipam_config: [{ subnet: '100.64.0.0/16' }] }, {}, /100\.64\.7\.7.*tailscale0/],
  [
    'second of two',
    { ipam_config: [{ subnet: '10.5.0.0/24' }, { subnet: '10.8.0.0/24' }] },
    {},
    /10\.8\.0\.0\/24 holds/,
  ],
  ['where nobody is', { ipam_config: [{ subnet: '10.5.0.0/24' }] }, {}, undefined],
  ['where Docker itself has a bridge that goes', { ipam_config: [{ subnet: '172.30.0.0/24' }] }, {}, undefined],
  [
    'of a driver that gives the host no route',
    { driver: 'macvlan', ipam_config: [{ subnet: '192.0.2.0/24' }] },
    {},
    undefined,
  ],
  [
    'on a bridge of one’s own, which has the range already',
    {
      driver_options: { 'com.docker.network.bridge.name': 'eth0' },
      ipam_config: [{ subnet: '192.0.2.0/24', gateway: '192.0.2.20' }],
    },
    {},
    undefined,
  ],
  [
    'that Docker chooses next: 172.18',
    {},
    near('172.18.0.7'),
    /refuse: no subnet is said, and Docker would take 172\.18/,
  ],
  // it gave 172.30 last, and some versions go on from there
  ['that Docker chooses next: 172.31', {}, near('172.31.9.9'), /refuse: no subnet is said.*172\.31\.0\.0\/16/],
  ['that Docker may choose one day', {}, near('192.168.40.7'), /warn: .*some day perhaps 192\.168\.32\.0\/20/],
  ['that Docker never chooses', {}, near('198.51.100.7'), undefined],
])('a subnet %s', (_name, params, facts, expected) => {
  const found = networkFinds(params, facts);
  if (expected === undefined) expect(found).toEqual([]);
  else expect(found).toEqual([expect.stringMatching(expected)]);
});

test.each<[object, string, RegExp | undefined]>([
  [{ bip: '192.0.2.1/24' }, '{}', /bip 192\.0\.2\.1\/24 holds 192\.0\.2\.10/],
  [{ 'fixed-cidr-v6': '2001:db8:1:0:5::/80' }, '{}', /fixed-cidr-v6 .* overlaps with 2001:db8:1::\/64/],
  [
    { 'default-address-pools': [{ base: '10.0.0.0/8', size: 24 }] },
    '{}',
    /the address pool 10\.0\.0\.0\/8 holds 10\.8\.0\.1/,
  ],
  [{ bip: '172.17.8.1/24' }, '{}', undefined],
  [{ bip: '10.5.0.1/24' }, '{}', undefined],
  [{ 'fixed-cidr': '192.0.2.0/28' }, '{"bridge": "eth0"}', undefined],
])('docker_daemon with %j where the file has %s', (options, file, expected) => {
  const output = `${HOST}== daemon\nDocker version 26.1.5, build 1\n== unit\nExecStart=\n== defaults\n== file\n${file}`;
  const p = dockerDaemonTask.params.parse({ options, restart: 'never' });
  expect(dockerDaemonTask.probe(p, debian12Facts)).toContain('route show table all');
  const before = dockerDaemonTask.read(output, p);
  const want = dockerDaemonTask.want(p, debian12Facts, before);
  const change = { action: 'update' as const, before, after: want, keys: Object.keys(want ?? {}) };
  const found = dockerDaemonTask.findings!(change, p, { facts: debian12Facts, before })
    .filter(({ level }) => level === 'refuse')
    .map(({ message }) => message);
  if (expected === undefined) expect(found).toEqual([]);
  else expect(found).toEqual([expect.stringMatching(expected)]);
});

test('docker_daemon that takes bip away lets Docker choose', () => {
  const output = `${HOST}== daemon\nDocker version 26.1.5, build 1\n== unit\nExecStart=\n== defaults\n== file\n{"bip": "10.5.0.1/24"}`;
  const p = dockerDaemonTask.params.parse({ remove: ['bip'], restart: 'never' });
  const facts = { ...debian12Facts, ...near('172.17.0.9') };
  const before = dockerDaemonTask.read(output, p);
  const change = { action: 'update' as const, before, after: { bip: 'unset' }, keys: ['bip'] };
  const found = dockerDaemonTask.findings!(change, p, { facts, before }).map(({ message }) => message);
  expect(found).toContainEqual(expect.stringMatching(/Docker would take 172\.17\.0\.0\/16, which holds 172\.17\.0\.9/));
});

test('what asks nothing of addresses is not asked', () => {
  const p = dockerDaemonTask.params.parse({ options: { icc: false } });
  expect(dockerDaemonTask.probe(p, debian12Facts)).not.toContain('route show');
});

test.each<[string, string, Partial<typeof debian12Facts>, RegExp | undefined]>([
  [
    '  a:\n    name: shop_a\n    ipam:\n      config:\n        - subnet: 192.0.2.0/25\n',
    'shop_a',
    {},
    /shop_a, 192\.0\.2\.0\/25 holds/,
  ],
  ['  a:\n    name: shop_a\n', 'shop_a', near('172.18.3.4'), /Docker would take 172\.18\.0\.0\/16/],
  [
    '  a:\n    name: shop_a\n    driver: macvlan\n    ipam: {config: [{subnet: 192.0.2.0/24}]}\n',
    'shop_a',
    {},
    undefined,
  ],
  // there already: compose does not make it
  ['  a:\n    name: shop_a\n    ipam: {config: [{subnet: 192.0.2.0/24}]}\n', 'shop_b', {}, undefined],
])('docker_compose with the networks %j', (definitions, made, facts, expected) => {
  const output = `== version\n2.26.1\n== containers\n== networks\n== volumes\n== file\n== plan\n  DRY-RUN MODE -  Network ${made}  Creating\n== definitions\n${definitions}== pools\nnull\n${HOST}`;
  const p = dockerComposeTask.params.parse({ project_src: '/srv/shop', definition: { services: {} } });
  const before = dockerComposeTask.read(output, p);
  const found = dockerComposeTask.findings!(undefined, p, { facts: { ...debian12Facts, ...facts }, before }).map(
    ({ message }) => message,
  );
  if (expected === undefined) expect(found).toEqual([]);
  else expect(found).toEqual([expect.stringMatching(expected)]);
});
