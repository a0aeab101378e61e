import { wireguardTask } from '../../src/tasks/wireguard/index.ts';
import { configText, Wireguard } from '../../src/tasks/wireguard/params.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const KEY = 'q6Nq7Dl0ev9BYQfPHmXrFzq5+fBhZ5O0bCBlWbHB3ho=';
const OTHER = 'bmXOC+F1FxEMF9dyiK2H5/1SUtzH0JuVo51h2wPfgyo=';
const OWN = 'xDKeRkq9Z0YZhXCF3wl61HcbvTlFM1CiAb74vg6Irhk=';
const LAPTOP = { name: 'laptop', public_key: KEY, allowed_ips: '10.8.0.2' };
const hub = { interface: 'wg0', address: '10.8.0.1/24', listen_port: 51820, peers: [LAPTOP] };

/** What the probe prints of a host where the interface is up as `params` say, but for `changes`. */
function up(params: unknown, changes: Readonly<Record<string, string>> = {}): string {
  const lines = {
    kernel: 'kernel yes',
    public: `public ${OWN}`,
    mode: 'mode root:root 600',
    written: 'keys written',
    link: 'link',
    enabled: 'enabled enabled',
    active: 'active active',
    address: 'address 10.8.0.1/24\naddress fe80::1/64',
    port: 'port 51820\nkey in force',
    peers: `peer ${KEY} no off 10.8.0.2/32`,
    ...changes,
  };
  const text = Object.values(lines)
    .filter((line) => line !== '')
    .join('\n');
  return `${text}\n== config\n${configText(Wireguard.parse(params))}`;
}
const nothing = 'kernel yes\nenabled disabled\nactive inactive\n';

describeTask(wireguardTask, [
  {
    name: 'makes the key on the host, writes and brings up',
    params: hub,
    given: nothing,
    expect: {
      keys: ['config', 'keys', 'permissions', 'address', 'listen_port', 'peers', 'enabled', 'running'],
      script: [
        'wg genkey',
        '# laptop\n[Peer]',
        'systemctl enable -q wg-quick@wg0.service',
        'systemctl restart wg-quick@wg0.service',
      ],
      notScript: ['wg syncconf'],
      undo: ['systemctl disable -q wg-quick@wg0.service', 'ip link delete dev wg0'],
      findings: [],
      needs: ['command:wg-quick'],
      provides: ['path:/etc/wireguard/wg0.conf', 'path:/etc/wireguard/wg0.key'],
      keeps: ['/etc/wireguard/wg0.conf', '/etc/wireguard/wg0.key'],
      risk: 'none',
    },
  },
  { name: 'holds', params: hub, given: up(hub), expect: { action: 'none', findings: [] } },
  {
    name: 'a new peer: the interface stays up',
    params: {
      ...hub,
      peers: [LAPTOP, { public_key: OTHER, allowed_ips: '10.8.0.3/32', preshared_key_file: '/etc/wireguard/o.psk' }],
    },
    given: up(hub),
    expect: {
      keys: ['config', 'peers'],
      script: [
        'wg syncconf wg0',
        `wg set wg0 peer ${KEY} preshared-key /dev/null persistent-keepalive off`,
        '</etc/wireguard/o.psk',
      ],
      notScript: ['systemctl restart'],
      needs: ['command:wg-quick', 'path:/etc/wireguard/o.psk'],
      risk: 'access',
    },
  },
  {
    name: 'a peer with a network behind it: routes are made when it comes up',
    params: { ...hub, peers: [{ ...LAPTOP, allowed_ips: ['10.8.0.2/32', '192.168.4.9/24'] }] },
    given: up(hub),
    expect: { script: ['192.168.4.0/24', 'systemctl restart'], notScript: ['wg syncconf'], risk: 'access' },
  },
  {
    name: 'a peer that was let in behind its back is taken out',
    params: hub,
    given: up(hub, { peers: `peer ${KEY} no off 10.8.0.2/32\npeer ${OTHER} no 25 10.8.0.9/32` }),
    expect: {
      before: { peers: [`${OTHER} 10.8.0.9/32, keepalive 25`, `${KEY} 10.8.0.2/32`] },
      keys: ['peers'],
      script: ['wg syncconf'],
    },
  },
  {
    name: 'another key in the file than the interface has',
    params: hub,
    given: up(hub, { port: 'port 51820' }),
    expect: { before: { keys: 'not in force' }, keys: ['keys'], script: ['wg syncconf'] },
  },
  {
    name: 'down, though the file is there',
    params: hub,
    given: up(hub, { link: '', active: 'active failed', address: '', port: '', peers: '' }),
    expect: {
      action: 'update',
      keys: ['running', 'address', 'listen_port', 'peers'],
      script: ['systemctl restart'],
      notScript: ['wg genkey'],
    },
  },
  {
    name: 'modes alone are put right without a restart',
    params: hub,
    given: up(hub, { mode: 'mode root:root 644\nmode root:root 600' }),
    expect: { keys: ['permissions'], script: ['0600'], notScript: ['systemctl', 'wg syncconf'] },
  },
  {
    name: 'is kept down',
    params: { ...hub, enabled: false },
    given: up(hub),
    expect: {
      keys: ['enabled', 'running'],
      script: ['systemctl disable -q', 'systemctl stop'],
      undo: ['systemctl enable -q', 'systemctl restart'],
      risk: 'access',
    },
  },
  {
    name: 'goes, with its key',
    params: { interface: 'wg0', state: 'absent' },
    given: up(hub),
    expect: { action: 'delete', script: ['rm -f -- /etc/wireguard/wg0.conf /etc/wireguard/wg0.key'] },
  },
  { name: 'is gone', params: { interface: 'wg0', state: 'absent' }, given: nothing, expect: { action: 'none' } },
  {
    name: 'nothing on the host speaks WireGuard',
    params: hub,
    given: nothing.replace('kernel yes', 'kernel no'),
    expect: { findings: ['refuse: nothing on this host speaks WireGuard'] },
  },
  {
    name: 'a package to come may speak it',
    params: hub,
    given: nothing.replace('kernel yes', 'kernel no'),
    pending: ['package:wireguard-go'],
    expect: { findings: [] },
  },
  {
    name: 'the port is taken',
    params: hub,
    given: `${nothing}taken\n`,
    expect: { findings: ['refuse: something listens on UDP port 51820 already'] },
  },
  {
    name: 'an interface of another kind has the name',
    params: hub,
    given: `${nothing}link\n`,
    expect: { findings: ["refuse: there is an interface wg0 already, and it is not WireGuard's"] },
  },
  {
    name: 'a host cannot be its own peer',
    params: { ...hub, peers: [{ ...LAPTOP, public_key: OWN }] },
    given: up(hub),
    expect: { findings: ['refuse: the peer laptop has the key of this host itself'] },
  },
  {
    name: 'all traffic through a peer is said',
    params: { ...hub, peers: [{ ...LAPTOP, allowed_ips: ['0.0.0.0/0', '::/0'], endpoint: '[2001:db8::1]:51820' }] },
    given: nothing,
    expect: { findings: ['warn: all that this host sends goes through the peer laptop'], risk: 'access' },
  },
]);

describeInvalid(wireguardTask, [
  {
    name: 'an interface without an address',
    params: { interface: 'wg0' },
    message: 'give the host an address in the VPN',
  },
  { name: 'a name that is too long', params: { ...hub, interface: 'wireguard-of-the-office' }, message: 'at most 15' },
  { name: 'a name that leads elsewhere', params: { ...hub, interface: '../wg0' }, message: 'a name for the interface' },
  {
    name: 'an address that is none',
    params: { ...hub, address: '10.8.0.300/24' },
    message: 'the address of this host',
  },
  {
    name: 'a key that is cut off',
    params: { ...hub, peers: [{ ...LAPTOP, public_key: KEY.slice(1) }] },
    message: '44 characters',
  },
  {
    name: 'two peers with one key',
    params: { ...hub, peers: [LAPTOP, { ...LAPTOP, allowed_ips: '10.8.0.9' }] },
    message: 'two peers have this key',
  },
  {
    name: 'two peers with one address',
    params: { ...hub, peers: [LAPTOP, { public_key: OTHER, allowed_ips: '10.8.0.2/32' }] },
    message: 'two peers have 10.8.0.2/32',
  },
  {
    name: 'an endpoint without a port',
    params: { ...hub, peers: [{ ...LAPTOP, endpoint: 'vpn.example.org' }] },
    message: 'a host and a port',
  },
  {
    name: 'a name of several lines',
    params: { ...hub, peers: [{ ...LAPTOP, name: 'a\nPostUp = b' }] },
    message: 'a name is one line',
  },
]);
