import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { wireguardTask } from '../../src/tasks/wireguard/index.ts';
import { bootHost, type LabHost, labUnavailable, said } from '../lab/lab.ts';
import { debian12Facts } from '../support/facts.ts';
import { converge, planOnHost, probeOnHost, runOnHost } from './support/on-host.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

// the kernel of the machine around a lab host need not have WireGuard: this is the same protocol in a process, with the same tools
const SETUP = `apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends wireguard-tools wireguard-go iputils-ping >/dev/null
[ -e /dev/net/tun ] || { mkdir -p /dev/net; mknod /dev/net/tun c 10 200; }
# that process is one more than the unit has with a kernel's WireGuard, and a container's systemd is not told when it has ended
mkdir -p /etc/systemd/system/wg-quick@.service.d
printf '[Service]\\nKillMode=none\\n' >/etc/systemd/system/wg-quick@.service.d/lab.conf
systemctl daemon-reload`;

describe.skipIf(unavailable !== undefined)(
  `a VPN between two hosts${unavailable ? ` (left out: ${unavailable})` : ''}`,
  () => {
    let server: LabHost;
    let client: LabHost;
    const publicKey = async (host: LabHost): Promise<string> =>
      String((await planOnHost(host, wireguardTask, { interface: 'wg0', address: '10.8.0.9/24' })).before?.public_key);
    const settle = async (host: LabHost, params: Record<string, unknown>) =>
      expect(await converge(host, wireguardTask, { interface: 'wg0', ...params })).toEqual({
        action: expect.anything(),
        left: [],
      });
    const pings = async (host: LabHost, address: string) =>
      (await host.exec(`ping -c 1 -W 1 ${address} || ping -c 3 -W 2 ${address}`)).exitCode === 0;

    const SERVER = { address: ['10.8.0.1/24', 'fd00:8::1/64'], listen_port: 51820 };
    const CLIENT = { address: '10.8.0.2/24' };
    const laptop = async (more = {}) => ({
      name: 'laptop; $(touch /PWNED)',
      public_key: await publicKey(client),
      allowed_ips: '10.8.0.2/32',
      ...more,
    });
    const hub = async (more = {}) => ({
      public_key: await publicKey(server),
      allowed_ips: '10.8.0.0/24',
      endpoint: `${server.address}:51820`,
      persistent_keepalive: 5,
      ...more,
    });

    beforeAll(async () => {
      [server, client] = await Promise.all([bootHost({ suite: 'bookworm' }), bootHost({ suite: 'trixie' })]);
      await Promise.all([said(server, SETUP), said(client, SETUP)]);
    });
    afterAll(async () => {
      await server?.stop();
      await client?.stop();
    });

    test('each host makes its own key, which stays there', async () => {
      const planned = await planOnHost(server, wireguardTask, { interface: 'wg0', ...SERVER });
      expect(planned.findings).toEqual([]);
      await Promise.all([settle(server, SERVER), settle(client, CLIENT)]);
      expect(await said(server, 'stat -c "%U %a" /etc/wireguard/wg0.key /etc/wireguard/wg0.conf')).toBe(
        'root 600\nroot 600',
      );
      const secret = await said(server, 'cat /etc/wireguard/wg0.key');
      const printed = await probeOnHost(server, wireguardTask.probe(planned.params, debian12Facts));
      expect(printed).toContain('PrivateKey = (hidden)');
      expect(printed).not.toContain(secret);
      expect(await publicKey(server)).toBe(await said(server, 'wg show wg0 public-key'));
      expect(await said(server, 'wg show wg0 private-key')).toBe(secret);
      expect(await said(server, 'systemctl is-enabled wg-quick@wg0; ip -o -4 address show wg0')).toMatch(
        /^enabled\n.*10\.8\.0\.1\/24/,
      );
    });

    test('once both know each other, they speak; the interface stays up meanwhile', async () => {
      const started = await said(server, 'systemctl show -P ActiveEnterTimestampMonotonic wg-quick@wg0');
      await settle(server, { ...SERVER, peers: [await laptop()] });
      await settle(client, { ...CLIENT, peers: [await hub()] });
      expect(await pings(client, '10.8.0.1')).toBe(true);
      expect(await pings(server, '10.8.0.2')).toBe(true);
      expect(await said(server, 'systemctl show -P ActiveEnterTimestampMonotonic wg-quick@wg0')).toBe(started);
      expect((await server.exec('test -e /PWNED')).exitCode).toBe(1);
      const again = await planOnHost(server, wireguardTask, { interface: 'wg0', ...SERVER, peers: [await laptop()] });
      expect(again.change).toBeUndefined();
    });

    test('a preshared key counts on both sides, and is never told', async () => {
      const secret = await said(server, 'umask 077; wg genpsk | tee /etc/wireguard/shared.key');
      const file = { preshared_key_file: '/etc/wireguard/shared.key' };
      await settle(server, { ...SERVER, peers: [await laptop(file)] });
      await said(client, 'umask 077; wg genpsk >/etc/wireguard/shared.key');
      await settle(client, { ...CLIENT, peers: [await hub(file)] });
      await said(client, 'systemctl restart wg-quick@wg0');
      expect(await pings(client, '10.8.0.1')).toBe(false);
      await client.exec('cat >/etc/wireguard/shared.key', { input: `${secret}\n` });
      const peers = [await hub(file)];
      expect((await planOnHost(client, wireguardTask, { interface: 'wg0', ...CLIENT, peers })).change?.keys).toEqual(
        expect.arrayContaining(['keys', 'peers']),
      );
      await settle(client, { ...CLIENT, peers });
      expect(await pings(client, '10.8.0.1')).toBe(true);
      const { params } = await planOnHost(server, wireguardTask, {
        interface: 'wg0',
        ...SERVER,
        peers: [await laptop(file)],
      });
      expect(await probeOnHost(server, wireguardTask.probe(params, debian12Facts))).not.toContain(secret);
    });

    test('what was changed behind its back is seen, also where the file says otherwise', async () => {
      const peers = [await laptop()];
      await settle(server, { ...SERVER, peers });
      await said(
        server,
        `wg set wg0 peer ${await publicKey(client)} allowed-ips 10.8.0.7/32 listen-port 51999`.replace(
          / listen-port.*/,
          '',
        ),
      );
      await said(server, 'wg set wg0 listen-port 51999');
      const drift = await planOnHost(server, wireguardTask, { interface: 'wg0', ...SERVER, peers });
      expect(drift.change?.keys).toEqual(['listen_port', 'peers']);
      await settle(server, { ...SERVER, peers });
      expect(await said(server, 'wg show wg0 listen-port; wg show wg0 allowed-ips')).toMatch(
        /^51820\n\S+\t10\.8\.0\.2\/32$/,
      );
      await said(server, 'wg-quick down wg0 2>/dev/null; systemctl stop wg-quick@wg0; wg-quick up wg0 2>/dev/null');
      await settle(server, { ...SERVER, peers });
      expect(await said(server, 'systemctl is-active wg-quick@wg0')).toBe('active');
    });

    test('a peer with networks behind it gets its routes, and loses them with the peer', async () => {
      await settle(server, { ...SERVER, peers: [await laptop({ allowed_ips: ['10.8.0.2/32', '192.168.77.0/24'] })] });
      expect(await said(server, 'ip route show dev wg0')).toContain('192.168.77.0/24');
      await settle(server, { ...SERVER, peers: [await laptop()] });
      expect(await said(server, 'ip route show dev wg0')).not.toContain('192.168.77.0/24');
    });

    test('what apply would fail on is refused', async () => {
      await said(server, 'ip link add dm0 type dummy 2>/dev/null || ip link add dm0 type bridge');
      const foreign = await planOnHost(server, wireguardTask, { interface: 'dm0', address: '10.8.1.1/24' });
      expect(foreign.findings).toEqual([expect.stringMatching(/refuse: there is an interface dm0 already/)]);
      const port = await planOnHost(server, wireguardTask, { interface: 'wg1', ...SERVER, address: '10.8.1.1/24' });
      expect(port.findings).toEqual([expect.stringMatching(/refuse: something listens on UDP port 51820/)]);
      const itself = await planOnHost(server, wireguardTask, {
        interface: 'wg0',
        ...SERVER,
        peers: [{ ...(await laptop()), public_key: await publicKey(server) }],
      });
      expect(itself.findings).toEqual([
        expect.stringMatching(/refuse: the peer laptop.* has the key of this host itself/),
      ]);
    });

    test('it is undone, and goes', async () => {
      const peers = [await laptop()];
      const { params, change } = await planOnHost(server, wireguardTask, {
        interface: 'wg0',
        ...SERVER,
        peers,
        enabled: false,
      });
      await settle(server, { ...SERVER, peers, enabled: false });
      expect((await server.exec('ip link show wg0')).exitCode).toBe(1);
      expect(await runOnHost(server, wireguardTask.undo?.(change!, params, debian12Facts) ?? 'exit 1')).toMatchObject({
        exitCode: 0,
      });
      expect(await said(server, 'systemctl is-enabled wg-quick@wg0; wg show wg0 listen-port')).toBe('enabled\n51820');
      expect(await converge(server, wireguardTask, { interface: 'wg0', state: 'absent' })).toMatchObject({
        action: 'delete',
        left: [],
      });
      expect((await server.exec('ip link show wg0')).exitCode).toBe(1);
      expect(await said(server, 'ls /etc/wireguard')).toBe('shared.key');
      expect(await converge(server, wireguardTask, { interface: 'wg0', state: 'absent' })).toEqual({
        action: 'none',
        left: [],
      });
    });
  },
);
