import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerNetworkTask } from '../../src/tasks/docker-network/index.ts';
import { bootHost, type LabHost, labUnavailable, said as saidOn } from '../lab/lab.ts';
import { debian12Facts } from '../support/facts.ts';
import { converge, planOnHost, runOnHost } from './support/on-host.ts';

const unavailable = await labUnavailable();
const ICC = 'com.docker.network.bridge.enable_icc';

describe.skipIf(unavailable !== undefined).each(['bookworm', 'trixie'] as const)(
  `docker_network on a host with %s${unavailable ? ` (left out: ${unavailable})` : ''}`,
  (suite) => {
    let host: LabHost;
    const said = (command: string) => saidOn(host, command);
    const inspect = (format: string, name = 'front') => said(`docker network inspect -f '${format}' ${name}`);
    const reaches = async (from: string, to: string) =>
      (await host.exec(`docker exec ${from} /busybox ping -c 1 -W 2 ${to}`)).exitCode === 0;

    beforeAll(async () => {
      host = await bootHost({ suite, docker: true });
      await said('tar -C /bin -c busybox | docker import - busybox');
    }, 600_000);
    afterAll(() => host?.stop());

    test('is made, found as it should be, and made anew with consent alone', async () => {
      const front = {
        name: 'front',
        ipam_config: [{ subnet: '172.30.7.0/24', gateway: '172.30.7.9' }],
        labels: { tier: 'web $(touch /PWNED)' },
      };
      expect(await converge(host, dockerNetworkTask, front)).toEqual({ action: 'update', left: [] });
      expect(await inspect('{{.Driver}} {{.Internal}} {{(index .IPAM.Config 0).Gateway}} {{.Labels.tier}}')).toBe(
        'bridge false 172.30.7.9 web $(touch /PWNED)',
      );
      expect((await host.exec('test -e /PWNED')).exitCode).toBe(1);
      await said(`docker run -d --name one --network front --ip 172.30.7.13 -p 127.0.0.1:8083:80 busybox /busybox httpd -f -p 80
docker run -d --name two --network front --network-alias www-two busybox /busybox sleep 1000
docker create --name idle --network front busybox /busybox sleep 1000`);
      expect(await reaches('one', 'www-two')).toBe(true);

      const shut = { ...front, driver_options: { [ICC]: false } };
      const refused = await planOnHost(host, dockerNetworkTask, shut);
      expect(refused.findings).toEqual([
        expect.stringMatching(new RegExp(`refuse: ${ICC} cannot be changed .*idle.* are on it`)),
      ]);
      expect(await converge(host, dockerNetworkTask, { ...shut, force: true })).toEqual({ action: 'update', left: [] });
      expect(await inspect(`{{index .Options "${ICC}"}} {{.Labels.tier}}`)).toBe('false web $(touch /PWNED)');
      expect((await planOnHost(host, dockerNetworkTask, front)).change).toBeUndefined();
    }, 240_000);

    test('a subnet of the host is refused, in both families, also where the kernel alone tells of it', async () => {
      const subnet = async (text: string) =>
        (await planOnHost(host, dockerNetworkTask, { name: 'wrong', ipam_config: [{ subnet: text }] })).findings;
      const { address } = host;
      const holds = (what: string) => [expect.stringContaining(`holds ${what}, an address of this host (host0)`)];
      await said(
        'ip -6 addr add 2001:db8:5::7/64 dev host0 nodad; ip route add 10.91.0.0/16 via $(ip -o route show default | cut -d" " -f3)',
      );
      try {
        expect(await subnet(`${address}/24`)).toEqual(holds(address));
        expect(await subnet('2001:db8:5::/48')).toEqual(holds('2001:db8:5::7'));
        const route = [expect.stringContaining('overlaps with 10.91.0.0/16, a network of this host (host0)')];
        expect(await subnet('10.91.4.0/24')).toEqual(route);
        await said('mv /usr/bin/ip /usr/bin/ip.away; rm -f /bin/ip /sbin/ip');
        expect(await subnet(`${address}/24`)).toEqual(holds(address));
        expect(await subnet('2001:db8:5::/48')).toEqual(holds('2001:db8:5::7'));
        expect(await subnet('10.91.4.0/24')).toEqual(route);
        expect(await subnet('10.92.4.0/24')).toEqual([]);
      } finally {
        await said('[ ! -e /usr/bin/ip.away ] || mv /usr/bin/ip.away /usr/bin/ip');
      }
    }, 120_000);

    test('what ran on it runs on, at its address, by its aliases, with its ports, and is shut off from the others', async () => {
      expect(await said("docker inspect -f '{{.State.Running}} {{.RestartCount}}' one two")).toBe('true 0\ntrue 0');
      expect(await said("docker inspect -f '{{.NetworkSettings.Networks.front.IPAddress}}' one")).toBe('172.30.7.13');
      expect(await said("docker inspect -f '{{.NetworkSettings.Networks.front.Aliases}}' two")).toContain('www-two');
      expect(await reaches('one', 'www-two')).toBe(false);
      expect(
        await said(
          'timeout 10 bash -c \'exec 3<>/dev/tcp/127.0.0.1/8083; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; head -n 1 <&3\'',
        ),
      ).toContain('HTTP/1.');
      expect(await said("docker start idle && docker inspect -f '{{.State.Running}}' idle")).toBe('idle\ntrue');
      expect(await said('ls /var/lib/harden/docker-network')).toBe('');
    }, 120_000);

    test('a run that was cut off leaves the rest to the next one', async () => {
      const pool = { ipam_config: [{ subnet: '172.30.7.0/24', gateway: '172.30.7.9' }], labels: { tier: 'new' } };
      const shut = { name: 'front', driver_options: { [ICC]: false }, ...pool };
      const open = { name: 'front', driver_options: { [ICC]: true }, force: true };
      const { change, params } = await planOnHost(host, dockerNetworkTask, open);
      const script = dockerNetworkTask.apply(change!, params, debian12Facts);
      const cut = await runOnHost(host, script.replace(/(network create)/, 'nothing $1'));
      expect(cut.exitCode).not.toBe(0);
      expect(await said('docker network ls --format {{.Name}} | grep -c front || :')).toBe('0');
      expect(await converge(host, dockerNetworkTask, shut)).toEqual({ action: 'update', left: [] });
      expect(await said("docker network inspect -f '{{len .Containers}}' front")).toBe('3');
    }, 120_000);

    test('an undo brings the old network back, and the containers on it', async () => {
      const { change, params } = await planOnHost(host, dockerNetworkTask, {
        name: 'front',
        internal: true,
        force: true,
      });
      await runOnHost(host, dockerNetworkTask.apply(change!, params, debian12Facts));
      expect(await inspect('{{.Internal}}')).toBe('true');
      const undone = await runOnHost(host, dockerNetworkTask.undo!(change!, params, debian12Facts)!);
      expect(undone.stderr).toBe('');
      expect(await inspect(`{{.Internal}} {{index .Options "${ICC}"}} {{len .Containers}} {{.Labels.tier}}`)).toBe(
        'false false 3 new',
      );
    }, 120_000);

    test('what Docker would refuse is refused at plan', async () => {
      const overlapping = { name: 'back', ipam_config: [{ subnet: '172.30.0.0/16' }], driver: 'weave' };
      expect((await planOnHost(host, dockerNetworkTask, overlapping)).findings).toEqual([
        'refuse: Docker has no network driver weave here',
        'refuse: 172.30.0.0/16 overlaps with 172.30.7.0/24 of the network front',
      ]);
      expect((await planOnHost(host, dockerNetworkTask, { name: 'front', state: 'absent' })).findings).toEqual([
        expect.stringContaining('are on this network'),
      ]);
      const gone = { name: 'front', state: 'absent', force: true };
      expect(await converge(host, dockerNetworkTask, gone)).toEqual({ action: 'update', left: [] });
      expect(await said('docker network ls --format {{.Name}}')).toBe('bridge\nhost\nnone');
    }, 120_000);
  },
);
