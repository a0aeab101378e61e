import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { dockerDaemonTask } from '../../src/tasks/docker-daemon/index.ts';
import { ufwTask } from '../../src/tasks/ufw/index.ts';
import { ufwDockerTask } from '../../src/tasks/ufw-docker/index.ts';
import { bootHost, type LabHost, labUnavailable, said as saidOn } from '../lab/lab.ts';
import { GATEWAY6 } from '../lab/network.ts';
import { waitFor } from '../lab/wait-for.ts';
import { debian12Facts } from '../support/facts.ts';
import { reaches } from '../support/reaches.ts';
import { converge, probeOnHost } from './support/on-host.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

// what playbooks wrote by hand before there was the type
const OLD_BLOCK = `# BEGIN harden: containers
*filter
:ufw-user-forward - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A DOCKER-USER -i docker0 -j RETURN
-A DOCKER-USER -i br-+ -j RETURN
-A DOCKER-USER -j ufw-user-forward
-A DOCKER-USER -o docker0 -j DROP
-A DOCKER-USER -o br-+ -j DROP
-A DOCKER-USER -j RETURN
COMMIT
# END harden: containers`;

const FIREWALL = {
  rules: [{ rule: 'allow', port: 22, proto: 'tcp' }],
  default: { incoming: 'deny', outgoing: 'allow', routed: 'deny' },
  state: 'enabled',
};
const ROUTE = { rule: 'allow', route: true, port: 80, proto: 'tcp' };

// Docker 20.10 asks DOCKER-USER for IPv4 alone, 26 for IPv6 too
const hosts = [
  { suite: 'bookworm', ipv6: false, address6: 'fd00:213:77::c012' },
  { suite: 'trixie', ipv6: true, address6: 'fd00:213:77::c013' },
] as const;

describe.skipIf(unavailable !== undefined).each(hosts)(
  `published ports behind the firewall of $suite${unavailable ? ` (left out: ${unavailable})` : ''}`,
  ({ suite, ipv6, address6 }) => {
    let host: LabHost;
    let addresses: readonly string[];
    let outside: Server;
    const said = (command: string) => saidOn(host, command);
    const settle = async (type: Parameters<typeof converge>[1], params: unknown) =>
      expect(await converge(host, type, params)).toMatchObject({ left: [] });
    const findings = async (params: Record<string, unknown> = {}) => {
      const parsed = ufwDockerTask.params.parse(params);
      const before = ufwDockerTask.read(await probeOnHost(host, ufwDockerTask.probe(parsed, debian12Facts)), parsed);
      return (ufwDockerTask.findings?.(undefined, parsed, { facts: debian12Facts, before }) ?? []).map(
        ({ level, message }) => `${level}: ${message}`,
      );
    };

    /** What other machines and other containers reach, and whether containers reach other machines. */
    const reached = async () => {
      // busybox's wget wants a resolver, which a static program has not
      const from = async (container: string, to: string) =>
        (await host.exec(`docker exec ${container} /busybox nc -w 2 ${to} </dev/null`)).exitCode === 0;
      const own = await said("docker inspect -f '{{.NetworkSettings.IPAddress}}' shut");
      const [open, shut, local, container, out] = await Promise.all([
        all(addresses, 8080),
        all(addresses, 8081),
        all(addresses, 8082),
        from('open', `${own} 9999`),
        from('open', `10.213.77.1 ${(outside.address() as AddressInfo).port}`),
      ]);
      return { open, shut, local, container, out };
    };

    beforeAll(async () => {
      outside = createServer((_, response) => response.end('out\n')).listen(0, '10.213.77.1');
      await once(outside, 'listening');
      host = await bootHost({
        suite,
        docker: true,
        setup: `apt-get -q update >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get -q -y install ufw >/dev/null
mkdir -p /etc/docker
cat >/etc/docker/daemon.json <<'END'
{"icc": false, "userland-proxy": false${ipv6 ? ', "ipv6": true, "fixed-cidr-v6": "fd00:dead::/64", "experimental": true, "ip6tables": true' : ''}}
END
systemctl restart docker
tar -C /bin -c busybox | docker import - busybox >/dev/null
run() { docker run -d --restart always --stop-timeout 1 --ulimit nofile=1024:1024 "$@"; }
run --name open -p 8080:80 busybox /busybox httpd -f -p 80
run --name shut -p 8081:9999 busybox /busybox httpd -f -p 9999
run --name local -p 127.0.0.1:8082:80 busybox /busybox httpd -f -p 80
`,
      });
      await giveAddress6();
      addresses = ipv6 ? [host.address, address6] : [host.address];
    });
    // A word from the host tells its neighbours the card that it has after a reboot.
    const giveAddress6 = () =>
      host.exec(`ip -6 address replace ${address6}/64 dev host0 nodad; ping -6 -c 1 -w 10 ${GATEWAY6}`);
    afterAll(async () => {
      outside?.close();
      await host?.stop();
    });

    test('the firewall alone does not stand before them', async () => {
      await settle(ufwTask, FIREWALL);
      expect(await reached()).toEqual({ open: true, shut: true, local: false, container: false, out: true });
      expect(await findings()).toEqual([]);
    });

    test('with ufw_docker they are shut until a route rule opens one', async () => {
      await settle(ufwDockerTask, {});
      expect(await reached()).toEqual({ open: false, shut: false, local: false, container: false, out: true });
      await settle(ufwTask, ROUTE);
      expect(await reached()).toEqual({ open: true, shut: false, local: false, container: false, out: true });
      expect(await converge(host, ufwDockerTask, {})).toEqual({ action: 'none', left: [] });
    });

    test('a rule that accepts where these hand on would undo icc: false', async () => {
      const rule = '-i docker0 -o docker0 -j ACCEPT';
      await said(`iptables -I DOCKER-USER ${rule}`);
      expect((await reached()).container).toBe(true);
      expect(await findings()).toEqual([expect.stringMatching(/^warn: another rule of iptables opens more/)]);
      await said(`iptables -D DOCKER-USER ${rule}`);
    });

    test.each([
      ['docker restarts', () => host.exec('systemctl restart docker')],
      ['ufw reloads', () => host.exec('ufw reload')],
      ['a network comes and goes', () => host.exec('docker network create n && docker network rm n')],
      ['the firewall is off for a while', () => host.exec('ufw disable && ufw --force enable')],
      [
        'the host reboots',
        async () => {
          await host.reboot();
          await giveAddress6();
        },
      ],
    ])('it stays so when %s', async (_, happen) => {
      await happen();
      await running();
      expect(await reached()).toEqual({ open: true, shut: false, local: false, container: false, out: true });
      expect(await converge(host, ufwDockerTask, {})).toEqual({ action: 'none', left: [] });
    });

    // what follows is the same on every host
    test.skipIf(ipv6)('rules that were flushed are a difference, and come back', async () => {
      await said('iptables -F DOCKER-USER');
      expect((await reached()).shut).toBe(true);
      await settle(ufwDockerTask, {});
      expect((await reached()).shut).toBe(false);
      await said('iptables -D FORWARD -j DOCKER-USER');
      expect((await reached()).shut).toBe(true);
      await settle(ufwDockerTask, {});
      expect(await reached()).toEqual({ open: true, shut: false, local: false, container: false, out: true });
    });

    test.skipIf(ipv6)('the block that was written by hand is taken over', async () => {
      await settle(ufwDockerTask, { state: 'disabled' });
      expect((await reached()).shut).toBe(true);
      await host.exec('cat >>/etc/ufw/after.rules && ufw reload', { input: `${OLD_BLOCK}\n` });
      expect((await reached()).shut).toBe(false);
      expect(await converge(host, ufwDockerTask, {})).toEqual({ action: 'update', left: [] });
      expect(await said('grep -c "harden: containers" /etc/ufw/after.rules')).toBe('2');
      expect(await reached()).toEqual({ open: true, shut: false, local: false, container: false, out: true });
    });

    test.skipIf(ipv6)('a bridge of its own name is a hole until it is named', async () => {
      await said('docker network create -o com.docker.network.bridge.name=dmz0 dmz');
      await said(
        'docker run -d --name aside --network dmz --ulimit nofile=1024:1024 -p 8083:9999 busybox /busybox httpd -f -p 9999',
      );
      expect(await all(addresses.slice(0, 1), 8083)).toBe(true);
      expect(await findings()).toEqual([expect.stringMatching(/^refuse: the network dmz has a bridge .* dmz0/)]);
      expect(await findings({ bridges: ['dmz0'] })).toEqual([]);
      await settle(ufwDockerTask, { bridges: ['dmz0'] });
      expect(await all(addresses.slice(0, 1), 8083)).toBe(false);
      await said('docker rm -f aside && docker network rm dmz');
    });

    test.skipIf(ipv6)('it is refused where Docker has no such chain', async () => {
      await settle(dockerDaemonTask, { options: { iptables: false }, restart: 'never' });
      expect(await findings()).toEqual([expect.stringMatching(/^refuse: .* iptables is false in/)]);
      await settle(dockerDaemonTask, { remove: ['iptables'], restart: 'never' });
      expect(await findings()).toEqual([]);
      await said(
        "printf '*filter\\n:DOCKER-USER - [0:0]\\n-A DOCKER-USER -j RETURN\\nCOMMIT\\n' >>/etc/ufw/after6.rules",
      );
      expect(await findings()).toEqual([expect.stringMatching(/^refuse: \/etc\/ufw\/after6\.rules fills DOCKER-USER/)]);
    });

    test.skipIf(ipv6)('it is refused where Docker publishes for IPv6 and does not ask', async () => {
      await said(`sed -i '/^\\*filter$/,$ { /DOCKER-USER - \\[0:0\\]$/d; /^-A DOCKER-USER -j RETURN$/d }' /etc/ufw/after6.rules
cat >/etc/docker/daemon.json <<'END'
{"ipv6": true, "fixed-cidr-v6": "fd00:dead::/64", "experimental": true, "ip6tables": true}
END
systemctl restart docker`);
      expect(await findings()).toEqual([expect.stringMatching(/^refuse: this Docker publishes ports for IPv6/)]);
    });

    async function running(): Promise<void> {
      await waitFor(
        async () =>
          (await host.exec("docker inspect -f '{{.State.Running}}' open shut local")).stdout === 'true\ntrue\ntrue' ||
          undefined,
        60_000,
        () => 'The containers did not come back.',
      );
    }
  },
);

/** True where every address answers, false where none does; IPv6 of a bridge that has just come up is silent for a second or two. */
async function all(addresses: readonly string[], port: number): Promise<boolean> {
  for (let tries = 0; ; tries++) {
    const answers = await Promise.all(addresses.map((address) => reaches(address, port)));
    const [first = false] = answers;
    if (answers.every((answer) => answer === first)) return first;
    if (tries === 10) throw new Error(`port ${port} answers by one family alone: ${answers.join(', ')}`);
    await sleep(1000);
  }
}
