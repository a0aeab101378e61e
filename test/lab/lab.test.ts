import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from './lab.ts';

const unavailable = await labUnavailable();
// The first boot on a machine builds the image.
const IMAGE_TIMEOUT_MS = 600_000;
const BOOT_TIMEOUT_MS = 120_000;

test.runIf(process.env.CI)('real hosts can run in CI', () => {
  expect(unavailable).toBeUndefined();
});

describe.skipIf(unavailable !== undefined)(
  `a lab host${unavailable === undefined ? '' : ` (left out: ${unavailable})`}`,
  () => {
    let host: LabHost;
    beforeAll(async () => {
      host = await bootHost({ setup: 'touch /etc/was-set-up' });
    }, IMAGE_TIMEOUT_MS);
    afterAll(() => host?.stop());

    test.each([
      { user: 'root', become: '' },
      { user: 'admin0', become: 'sudo -n ' },
      { user: 'admin1', become: 'sudo -S -p "" ' },
    ])('lets $user in with the key, and to root', async ({ user, become }) => {
      const result = await ssh(host, user, `${become}id -un`, host.sudoPassword);
      expect(result).toMatchObject({ exitCode: 0, stdout: 'root' });
    });

    test('asks admin1 for the password', async () => {
      expect((await ssh(host, 'admin1', 'sudo -n id')).exitCode).not.toBe(0);
      expect((await ssh(host, 'admin1', 'sudo -S -p "" id', 'wrong')).exitCode).not.toBe(0);
    });

    test('is a plain Debian without Python, with nothing failed', async () => {
      const { stdout } = await host.exec('. /etc/os-release; echo $ID $VERSION_CODENAME; command -v python3');
      expect(stdout).toBe('debian bookworm');
      expect((await host.exec('systemctl is-system-running')).stdout).toBe('running');
      expect(existsSync(`${host.root}/etc/was-set-up`)).toBe(true);
    });

    test('reports a failing command as a result, and takes input', async () => {
      expect(await host.exec('cat; echo err >&2; exit 3', { input: 'in' })).toEqual({
        stdout: 'in',
        stderr: 'err',
        exitCode: 3,
      });
    });

    test('reaches the packages', { timeout: BOOT_TIMEOUT_MS }, async () => {
      const { exitCode, stderr } = await host.exec('apt-get -q update');
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    });

    test('keeps its disk and its keys over a reboot', { timeout: BOOT_TIMEOUT_MS }, async () => {
      const before = await host.exec('cat /proc/sys/kernel/random/boot_id');
      await host.exec('echo kept >/root/kept');
      await host.reboot();
      expect((await host.exec('cat /proc/sys/kernel/random/boot_id')).stdout).not.toBe(before.stdout);
      expect((await ssh(host, 'root', 'cat /root/kept')).stdout).toBe('kept');
    });

    test('can restart itself', { timeout: BOOT_TIMEOUT_MS }, async () => {
      await host.exec('echo again >/root/again; systemctl reboot');
      await expect
        .poll(() => ssh(host, 'root', 'cat /root/again; uptime -s').then(({ stdout }) => stdout), { timeout: 60_000 })
        .toContain('again');
    });

    test('is far away when asked to be', { timeout: BOOT_TIMEOUT_MS }, async () => {
      const far = await bootHost({ latencyMs: 100 });
      try {
        const start = Date.now();
        expect((await ssh(far, 'admin0', 'hostname')).stdout).toBe(far.name);
        // OpenSSH needs about eight round trips for a login and a command.
        expect(Date.now() - start).toBeGreaterThan(500);
      } finally {
        await far.stop();
      }
    });

    test('runs containers when asked for Docker', { timeout: IMAGE_TIMEOUT_MS }, async () => {
      const docker = await bootHost({ docker: true });
      try {
        await docker.exec('tar -C /bin -c busybox | docker import - busybox');
        const run = await docker.exec('docker run --rm -m 64m busybox /busybox echo from inside');
        expect(run).toMatchObject({ exitCode: 0, stdout: 'from inside' });
      } finally {
        await docker.stop();
      }
    });

    test('is another host than the next, and leaves nothing behind', { timeout: BOOT_TIMEOUT_MS }, async () => {
      const [one, two] = await Promise.all([bootHost(), bootHost()]);
      expect(one.address).not.toBe(two.address);
      const keys = await Promise.all([one, two].map((each) => each.exec('cat /etc/ssh/*.pub /etc/machine-id')));
      expect(keys[0]?.stdout).not.toBe(keys[1]?.stdout);
      await Promise.all([one.stop(), two.stop()]);
      expect([one.root, two.root].filter(existsSync)).toEqual([]);
      expect((await execa('ip', ['link'])).stdout).not.toContain(`vb-${one.name}@`);
      await expect(one.exec('true')).rejects.toThrow('is not running');
      await one.stop();
    });
  },
);

async function ssh(host: LabHost, user: string, command: string, input = '') {
  return execa(
    'ssh',
    [
      ...['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-o', 'IdentitiesOnly=yes'],
      ...['-i', host.keyFile, '-o', `UserKnownHostsFile=${host.knownHostsFile}`, '-o', 'StrictHostKeyChecking=yes'],
      ...['-p', String(host.port), `${user}@${host.address}`, command],
    ],
    { input: `${input}\n`, reject: false },
  );
}
