import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditCheck, AuditDone } from '../../src/audit/result.ts';
import { containerOf, toolsTogether } from '../../src/report/tools-together.ts';
import { bootHost, type LabHost, labUnavailable, said } from '../lab/lab.ts';
import { DIFFERENCES, DIFFERING } from './support/differences.ts';
import { hardenJson } from './support/harden.ts';

// The bench starts docker some forty times for each container.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const unavailable =
  (await labUnavailable()) ??
  (process.env.HARDEN_DOCKER_BENCH ? undefined : 'HARDEN_DOCKER_BENCH names no checkout of docker-bench-security');

/** Checks of containers that docker-bench-security only asks a person about, or that ask about the daemon. */
const ASKED = new Set(['5.1', '5.28']);

const isFound = ({ result }: AuditCheck) => result === 'WARN' || result === 'INFO';

/** The containers that the bench finds by a check, and those that harden finds by the rules that ask the same. */
function found(id: string, bench: AuditDone, containers: AuditDone) {
  const theirs = bench.results.filter((check) => check.id === id && isFound(check)).flatMap(({ items = [] }) => items);
  const ours = containers.results.filter((check) => check.related?.includes(id) && isFound(check));
  return {
    bench: new Set(theirs.map(containerOf)),
    harden: new Set(ours.map(({ subject = '' }) => subject)),
  };
}

describe.skipIf(unavailable)('docker-bench-security and the audit of containers', () => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({ suite: 'bookworm', docker: true });
    await said(host, DIFFERING);
  });
  afterAll(() => host?.stop());

  async function audits(): Promise<{ bench: AuditDone; effective: AuditDone; containers: AuditDone }> {
    const { document, stderr } = await hardenJson('audit', ['--only', 'docker_bench,effective,containers'], host, {
      timeout: 800_000,
    });
    const [bench, effective, containers] = document.hosts[0]?.audits ?? [];
    if (bench?.status !== 'done' || effective?.status !== 'done' || containers?.status !== 'done')
      throw new Error(stderr);
    return { bench, effective, containers };
  }

  test('find the same in the same containers, check by check, but for the differences that are told', async () => {
    const { bench, effective, containers } = await audits();
    // Nothing is set on a fresh host: what the file says and what holds are the same.
    expect(toolsTogether([bench, effective])).toEqual({ both: 9, differing: [] });
    const ids = [...new Set(containers.results.flatMap(({ related = [] }) => related))].filter(
      (id) => /^(4\.1|5\.\d+)$/.test(id) && !ASKED.has(id),
    );
    // All of section 5 that the bench judges by itself, but 5.3: SELinux, which Debian does not have.
    const judged = bench.results
      .filter(({ id, result }) => id.startsWith('5.') && result !== 'NOTE')
      .map(({ id }) => id);
    expect(judged.filter((id) => !ids.includes(id)).sort()).toEqual(['5.1', '5.28', '5.3']);
    let agreed = 0;
    const differences = ids.flatMap((id) => {
      const { bench: theirs, harden: ours } = found(id, bench, containers);
      agreed += [...theirs].filter((name) => ours.has(name)).length;
      const alone = (finds: 'bench' | 'harden', mine: ReadonlySet<string>, others: ReadonlySet<string>) =>
        [...mine].filter((name) => !others.has(name)).map((container) => ({ check: id, container, finds }));
      return [...alone('bench', theirs, ours), ...alone('harden', ours, theirs)];
    });
    const told = DIFFERENCES.map(({ check, container, finds }) => ({ check, container, finds }));
    const key = (each: (typeof told)[number]) => JSON.stringify(each);
    expect(differences.map(key).sort()).toEqual(told.map(key).sort());
    expect(agreed).toBeGreaterThan(150);
    // The one that is run well: this kernel has no AppArmor, and its image was built here.
    expect(ids.filter((id) => found(id, bench, containers).bench.has('well'))).toEqual(['5.2']);
    const left = containers.results.filter(({ subject, result }) => subject === 'well' && result === 'WARN');
    expect(left.map(({ id }) => id)).toEqual(['apparmor', 'image-tag']);
  });

  test.each(DIFFERENCES)('$check, $container: the host says who is right', async ({ command, shows }) => {
    expect((await host.exec(command)).stdout).toContain(shows);
    expect(await readFile(join(import.meta.dirname, '../../docs/audit.md'), 'utf8')).toContain(command);
  });

  test("a daemon's no-new-privileges satisfies the bench; the containers from before lack it", async () => {
    const set = await host.exec(
      `docker ps --format '{{.Names}}' | grep -vx -e web -e well | xargs docker rm -f >/dev/null
echo '{"live-restore":true}' >/etc/docker/daemon.json && systemctl reload docker && sleep 1
echo '{"live-restore":true,"no-new-privileges":true}' >/etc/docker/daemon.json && systemctl restart docker`,
    );
    expect(set.exitCode, set.stderr).toBe(0);
    const { bench, effective, containers } = await audits();
    const { harden: ours } = found('5.26', bench, containers);
    expect(bench.results.find(({ id }) => id === '5.26')?.result).toBe('PASS');
    expect(ours).toContain('web');
    expect(ours).not.toContain('well');
    const differing = toolsTogether([bench, effective])?.differing.map(({ check, others }) => [
      check.id,
      check.result,
      others,
    ]);
    expect(differing).toEqual([
      ['2.14', 'PASS', [{ tool: 'effective', result: 'WARN', ids: ['no-new-privileges'], subjects: ['web'], not: [] }]],
    ]);
    const pid = (await host.exec("docker inspect -f '{{.State.Pid}}' web")).stdout.trim();
    expect((await host.exec(`grep NoNewPrivs /proc/${pid}/status`)).stdout).toBe('NoNewPrivs:\t0');
  });
});
