import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { folder, hardenJson } from '../../e2e/support/harden.ts';
import { bootHost, type LabHost, labUnavailable } from '../../lab/lab.ts';

vi.setConfig({ testTimeout: 300_000 });

const unavailable = await labUnavailable();

// Debian 12's ssg-debian knows Debian 10 and 11; that of Debian 13 knows Debian 12.
const INSTALL = `set -e
export DEBIAN_FRONTEND=noninteractive
sed s/bookworm/trixie/ /etc/apt/sources.list >/etc/apt/sources.list.d/trixie.list
printf 'APT::Default-Release "bookworm";\\n' >/etc/apt/apt.conf.d/99release
apt-get -q update
apt-get -qy install openscap-scanner linux-base
cd /tmp
apt-get -q download ssg-debian/trixie
dpkg -x ssg-debian_*.deb /`;

describe.skipIf(unavailable)('OpenSCAP on a real host', () => {
  let host: LabHost;

  beforeAll(async () => {
    host = await bootHost();
  });
  afterAll(() => host?.stop());

  test('that does not have it: not run, never passed', async () => {
    const ran = await hardenJson('audit', ['--only', 'openscap'], host);
    expect(ran.exitCode).toBe(1);
    expect(ran.document.hosts[0]?.audits).toMatchObject([
      { tool: 'openscap', status: 'not-run', reason: expect.stringMatching(/openscap-scanner/) },
    ]);
  });

  test('that has it from Debian: its score, its rules, its gate, and nothing of it stays', async () => {
    const { exitCode, stderr } = await host.exec(INSTALL);
    expect(exitCode, stderr).toBe(0);
    const files = await folder({
      'scap.yml': `audit:\n  openscap: { profile: anssi_bp28_minimal, min_score: 101 }\n`,
      'none.yml': `audit:\n  openscap: { profile: no_such_profile }\n`,
    });
    const ran = await hardenJson('audit', [`${files}/scap.yml`], host);
    const audit = ran.document.hosts[0]?.audits?.[0];
    if (audit?.status !== 'done') throw new Error(JSON.stringify(audit));
    expect(ran.exitCode).toBe(4);
    expect(audit.failures).toEqual([expect.stringMatching(/^the score is [\d.]+, and min_score is 101$/)]);
    expect(audit.score).toBeGreaterThan(5);
    expect(audit.results.find(({ id }) => id === 'package_rsh_removed')).toMatchObject({ result: 'PASS' });
    expect(audit.results.filter(({ result }) => result === 'WARN').length).toBeGreaterThan(2);
    expect((await host.exec('ls -d /run/harden-openscap*')).stdout).toBe('');
    const none = await hardenJson('audit', [`${files}/none.yml`], host);
    expect(none.document.hosts[0]?.audits).toMatchObject([
      { status: 'not-run', reason: expect.stringMatching(/no_such_profile/) },
    ]);
  });
});
