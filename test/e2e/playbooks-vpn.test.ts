import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable, said } from '../lab/lab.ts';
import type { Suite } from '../lab/lab-host.ts';
import { GATEWAY } from '../lab/network.ts';
import { waitFor } from '../lab/wait-for.ts';
import { reaches } from '../support/reaches.ts';
import { harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();

// what it does is answer on the three ports, as whom it is told to be, and say that it is well
const STAND_IN = `mkdir -p /srv/npm/bin /srv/npm/usr/bin /srv/npm/data /srv/npm/etc/letsencrypt /srv/npm/sites /srv/npm/page
cd /srv/npm
cp /bin/busybox bin/ && ln -s busybox bin/sh
echo the sites >sites/index.html; echo the page >page/index.html
cat >usr/bin/check-health <<'END'
#!/bin/sh
busybox wget -q -O /dev/null http://127.0.0.1:81/
END
cat >usr/bin/start <<'END'
#!/bin/sh
busybox chown -R "$PUID:$PGID" /data /etc/letsencrypt
busybox httpd -u "$PUID:$PGID" -p 80 -h /sites
busybox httpd -u "$PUID:$PGID" -p 443 -h /sites
exec busybox httpd -f -u "$PUID:$PGID" -p 81 -h /page
END
chmod +x usr/bin/*
tar -c . | docker import --change 'CMD ["/usr/bin/start"]' - npm:1 >/dev/null`;

// the way that this test itself comes in by, as a person may have one
const ANOTHER_WAY = `apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends openvpn ufw >/dev/null
ufw allow from ${GATEWAY} to any port 22 proto tcp`;

const IMAGE = ['-e', 'image=npm:1', '-e', 'pull=missing', '-e', 'allowed_registry=docker.io/library'];

describe.skipIf(unavailable)('a VPN', () => {
  const hosts = {} as Record<Suite, LabHost>;

  beforeAll(async () => {
    await Promise.all(
      (['bookworm', 'trixie'] as const).map(async (suite) => {
        hosts[suite] = await bootHost({ suite, docker: true, setup: STAND_IN });
        await said(hosts[suite], ANOTHER_WAY);
      }),
    );
  });
  afterAll(() => Promise.all(Object.values(hosts).map((host) => host.stop())));

  describe.each([
    { suite: 'bookworm', other: 'trixie' },
    { suite: 'trixie', other: 'bookworm' },
  ] as const)('to $suite from $other', ({ suite, other }) => {
    const applied = async (playbook: string, ...more: string[]) => {
      const args = ['apply', `playbooks/${playbook}`, '--yes', ...more, ...hostArgs(hosts[suite])];
      const first = await harden(args);
      expect(first, first.stdout + first.stderr).toMatchObject({ exitCode: 0 });
      const again = await harden(args);
      expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
      expect(again.stdout).toContain('Nothing differs');
      return first;
    };
    const openvpn = (clients: string) =>
      applied('openvpn.yml', '-e', `openvpn_name=${hosts[suite].address}`, '-e', `openvpn_clients=${clients}`);
    /** Brings a profile from the host to the client, as a file. */
    const fetchProfile = async (name: string, file: string) => {
      const profile = await said(hosts[suite], `cat /etc/openvpn/profiles/${name}.ovpn`);
      await said(hosts[other], `cat >/root/${file} <<'END'\n${profile}\nEND`);
    };
    const connect = (file: string, unit: string) =>
      said(hosts[other], `systemd-run -q --unit ${unit} openvpn --config /root/${file} --connect-retry 1`);
    const clientSays = (unit: string, text: string) => untilLogged(hosts[other], `${suite}-${unit}`, text);
    const seen = (address: string, port: number) => seenFrom(hosts[other], address, port);

    afterAll(async () => {
      await hosts[other]?.exec(`systemctl stop ${suite}-alice ${suite}-old ${suite}-new`);
      await hosts[suite]?.exec('systemctl stop openvpn-server@vpn');
    });

    test('openvpn.yml makes all keys on the host, and a client connects with its profile', async () => {
      const { stdout, stderr } = await openvpn('alice bob');
      expect(stdout + stderr).not.toContain('PRIVATE KEY');
      expect(await said(hosts[suite], 'stat -c "%U %a" /etc/openvpn/server/vpn /etc/openvpn/profiles/*')).toBe(
        'root 700\nroot 600\nroot 600',
      );
      await fetchProfile('alice', 'alice.ovpn');
      await connect('alice.ovpn', `${suite}-alice`);
      await clientSays('alice', 'Initialization Sequence Completed');
      expect(await seen('10.9.0.1', 22)).toMatch(/^SSH-2/);
      await untilLogged(hosts[suite], 'openvpn-server@vpn', 'Control Channel: TLSv1.3');
      await untilLogged(hosts[suite], 'openvpn-server@vpn', "Data Channel: cipher 'AES-256-GCM'");
    });

    test('nginx-proxy-manager.yml shows the world the sites, and its page to the VPN alone', async () => {
      const { address } = hosts[suite];
      await applied('nginx-proxy-manager.yml', '-e', 'vpn_network=10.9.0.0/24', ...IMAGE);
      const asked = await Promise.all([22, 80, 81, 443].map(async (port) => [port, await seen(address, port)]));
      expect(Object.fromEntries(asked)).toEqual({
        ...{ 22: '', 81: '' },
        ...{ 80: expect.stringContaining('the sites'), 443: expect.stringContaining('the sites') },
      });
      expect(await reaches(address, 81)).toBe(false);
      expect(await seen('10.9.0.1', 81)).toContain('the page');
      expect(await seen('10.9.0.1', 22)).toMatch(/^SSH-2/);
      expect(await said(hosts[suite], "docker exec nginx-proxy-manager busybox stat -c '%u' /data")).toBe('10081');
    });

    test('who is taken out is thrown out, and comes back with a new profile alone', async () => {
      await openvpn('bob');
      await clientSays('alice', 'AUTH_FAILED');
      // who is not in the tunnel may be answered from elsewhere: the network around this machine is not ours
      expect(await seen('10.9.0.1', 22)).not.toContain('SSH-2');
      await openvpn('alice bob');
      await connect('alice.ovpn', `${suite}-old`);
      await clientSays('old', 'AUTH_FAILED');
      await fetchProfile('alice', 'new.ovpn');
      await connect('new.ovpn', `${suite}-new`);
      await clientSays('new', 'Initialization Sequence Completed');
      expect(await seen('10.9.0.1', 81)).toContain('the page');
    });
  });
});

/** What a port says to a request, as a host sees it; nothing where it is shut. */
async function seenFrom(host: LabHost, address: string, port: number): Promise<string> {
  const ask = `exec 3<>/dev/tcp/${address}/${port} && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3`;
  return (await host.exec(`timeout 4 bash -c '${ask}'`)).stdout;
}

async function untilLogged(host: LabHost, unit: string, text: string): Promise<void> {
  let log = '';
  const holds = async () => {
    log = await said(host, `journalctl -u ${unit} -o cat`);
    return log.includes(text) || undefined;
  };
  await waitFor(holds, 60_000, () => `${unit} did not say ${text}:\n${log}`);
}
