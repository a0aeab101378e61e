import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditDone } from '../../src/audit/result.ts';
import type { RunDocument } from '../../src/report/document.ts';
import { bootHost, type LabHost, labUnavailable, said } from '../lab/lab.ts';
import { BADLY_RUN, CONTAINERS, changedFiles, FILES } from './support/badly-run.ts';
import { folder, harden, hardenJson, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const bench = process.env.HARDEN_DOCKER_BENCH;
const unavailable =
  (await labUnavailable()) ?? (bench ? undefined : 'HARDEN_DOCKER_BENCH names no checkout of docker-bench-security');

/** What a tool said of the one host. */
function done(document: RunDocument, tool = 'docker-bench-security'): AuditDone {
  const audit = document.hosts[0]?.audits?.find((each) => each.tool === tool);
  if (audit?.status !== 'done')
    throw new Error(`${tool} did not run: ${JSON.stringify(audit)} ${document.hosts[0]?.error}`);
  return audit;
}

function warnings(audit: AuditDone): string[] {
  return audit.results.filter(({ result }) => result === 'WARN').map(({ id }) => id);
}

describe.skipIf(unavailable)('an audit that leads somewhere', () => {
  let host: LabHost;
  let suggestion: string;
  let found: AuditDone;
  let predicted: NonNullable<RunDocument['hosts'][number]['suggestion']>;
  const only = ['--only', 'docker_bench,effective'];

  beforeAll(async () => {
    host = await bootHost({ suite: 'bookworm', docker: true });
    await said(host, BADLY_RUN);
    suggestion = join(await folder({}), 'suggestion.yml');
  });
  afterAll(() => host?.stop());

  test('audit and suggestion change nothing on the host', async () => {
    const files = (await host.exec(FILES)).stdout;
    const containers = (await host.exec(CONTAINERS)).stdout;
    const audited = await hardenJson('audit', ['--suggest', suggestion, ...only], host);
    expect(audited, audited.stderr).toMatchObject({ exitCode: 0 });
    predicted = audited.document.hosts[0]!.suggestion!;
    found = done(audited.document);
    expect(predicted.score).toBe(found.score);
    expect(predicted.predicted).toBeGreaterThan(predicted.score);
    expect(changedFiles(files, (await host.exec(FILES)).stdout)).toEqual([]);
    expect((await host.exec(CONTAINERS)).stdout).toBe(containers);
    const told = new Set([...predicted.changes, ...predicted.left].map(({ id }) => id));
    expect(warnings(found).filter((id) => !told.has(id) && id !== '2.9')).toEqual([]);
  });

  test('a file that is there is not replaced, unless asked', async () => {
    const written = await readFile(suggestion, 'utf8');
    const refused = await harden(['audit', '--suggest', suggestion, ...only, ...hostArgs(host)]);
    expect(refused).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('overwrites nothing') });
    const replaced = await harden(['audit', '--suggest', suggestion, '--overwrite', ...only, ...hostArgs(host)]);
    expect(replaced, replaced.stderr).toMatchObject({ exitCode: 0 });
    expect(await readFile(suggestion, 'utf8')).toBe(written);
  });

  test('the predicted score is the real one, check by check, and nothing else has changed', async () => {
    const files = (await host.exec(FILES)).stdout;
    const containers = (await host.exec(CONTAINERS)).stdout;
    const applied = await hardenJson('apply', [suggestion, '--yes'], host);
    expect(applied.exitCode, applied.stderr + applied.stdout).toBe(0);
    const after = done(applied.document);
    expect(after.score).toBe(predicted.predicted);
    const differing = after.results.flatMap(({ id, result }) => {
      const from = found.results.find((check) => check.id === id)?.result;
      return from === result ? [] : [{ id, from, to: result }];
    });
    expect(differing).toEqual(predicted.changes);
    expect(changedFiles(files, (await host.exec(FILES)).stdout)).toEqual([
      '/etc/default/docker',
      '/etc/docker/daemon.json',
    ]);
    expect((await host.exec(CONTAINERS)).stdout).toBe(containers);
    const again = await harden(['plan', suggestion, '--detailed-exitcode', ...hostArgs(host)]);
    expect(again, again.stdout).toMatchObject({ exitCode: 0 });
  });

  test('what the file says and what holds differ, and the audit of the effect says so', async () => {
    const audited = await hardenJson('audit', only, host);
    const effect = new Map(done(audited.document, 'effective').results.map((check) => [check.id, check]));
    const passing = done(audited.document)
      .results.filter(({ result }) => result === 'PASS')
      .map(({ id }) => id);
    expect(passing).toEqual(expect.arrayContaining(['2.2', '2.14', '2.15', '5.26']));
    expect(effect.get('icc')).toMatchObject({ result: 'WARN', details: expect.stringContaining('docker-bench 2.2') });
    expect((await host.exec('docker network inspect bridge')).stdout).toContain('enable_icc": "true"');
    const nnp = effect.get('no-new-privileges');
    expect(nnp?.result).toBe('WARN');
    expect([...(nnp?.items ?? [])].sort()).toEqual(['agent', 'db', 'web']);
    const pid = (await host.exec("docker inspect -f '{{.State.Pid}}' web")).stdout;
    expect((await host.exec(`grep NoNewPrivs /proc/${pid}/status`)).stdout).toBe('NoNewPrivs:\t0');
    expect(effect.get('live-restore')?.result).toBe('PASS');
  });

  test('once containers are made anew, it holds', async () => {
    await host.exec(`docker rm -f web db agent root >/dev/null; systemctl restart docker
docker run -d --name web --ulimit nofile=64:64 busybox /busybox sleep 100000`);
    const audited = await hardenJson('audit', ['--only', 'effective'], host);
    expect(warnings(done(audited.document, 'effective'))).toEqual(['userns-remap']);
  });

  describe('gates', () => {
    test.each([
      [
        ['--fail-on', '2.12,high', '--min-score', '1000'],
        4,
        ['fail_on 2.12: 2.12', 'fail_on high: 4.1', 'min_score is 1000'],
      ],
      [['--fail-on', '2.13,1.1.13', '--min-score', '-1000'], 0, ['score']],
    ])('%j: exit %i', async (options, exitCode, said) => {
      const judged = await harden(['audit', '--only', 'docker_bench', ...options, ...hostArgs(host)]);
      expect(judged, judged.stdout).toMatchObject({ exitCode });
      for (const text of said) expect(judged.stdout).toContain(text);
    });

    test('a baseline accepts with a reason until it ends, by option and by playbook', async () => {
      const directory = await folder({
        'base.yml': '- { id: 2.12, reason: no plugin fits, expires: 2999-01-01 }\n',
        'ended.yml': '- { id: 2.12, reason: no plugin fits, expires: 2020-01-01 }\n',
        'wrong.yml': '- { id: 2.122, reason: no plugin fits }\n',
        'audit.yml': 'audit: { docker_bench: { fail_on: ["2.12"], baseline: base.yml } }\n',
      });
      const failOn = ['audit', '--only', 'docker_bench', '--fail-on', '2.12', ...hostArgs(host)];
      const ended = await harden([...failOn, '--baseline', join(directory, 'ended.yml')]);
      expect(ended).toMatchObject({
        exitCode: 4,
        stdout: expect.stringContaining('ended.yml:1:3: the acceptance of 2.12 ended'),
      });
      const wrong = await harden([...failOn, '--baseline', join(directory, 'wrong.yml')]);
      expect(wrong).toMatchObject({
        exitCode: 64,
        stderr: expect.stringContaining('wrong.yml:1:9: There is no check `2.122`'),
      });
      const playbook = await harden([
        'audit',
        join(directory, 'audit.yml'),
        '--only',
        'docker_bench',
        ...hostArgs(host),
      ]);
      expect(playbook).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('no plugin fits (until 2999-01-01)'),
      });
    });
  });

  test('a bench that dies on its way passes nothing, and hides nothing that it told', async () => {
    const checkout = await mkdtemp(join(tmpdir(), 'harden-bench-'));
    await cp(bench!, checkout, { recursive: true, filter: (path) => !path.endsWith('.git') });
    await writeFile(join(checkout, 'tests', '9_dies.sh'), 'check_3_5() { kill -9 $$; }\n');
    const cut = await hardenJson(
      'audit',
      ['--only', 'docker_bench', '--min-score', '-1000', '--docker-bench', checkout],
      host,
    );
    expect(cut.exitCode).toBe(1);
    const audit = done(cut.document);
    expect(audit.incomplete).toContain('stopped before its end');
    expect(warnings(audit)).toEqual(expect.arrayContaining(['1.1.1', '2.9', '2.12']));
  });

  test('an audit that cannot run is never passed', async () => {
    const none = await hardenJson('audit', ['--only', 'docker_bench', '--docker-bench', '/nonexistent'], host);
    expect(none.exitCode).toBe(1);
    expect(none.document.hosts[0]?.audit).toMatchObject({ status: 'not-run' });
    const playbook = join(
      await folder({ 'p.yml': 'audit: { docker_bench: { min_score: -99 } }\ntasks: []\n' }),
      'p.yml',
    );
    const applied = await harden(['apply', playbook, '--yes', '--docker-bench', '/nonexistent', ...hostArgs(host)]);
    expect(applied, applied.stderr).toMatchObject({ exitCode: 1 });
  });

  test('a run that the host cannot keep is told, and passes nevertheless', async () => {
    const folderOfRecords = '/var/lib/harden/audit';
    await host.exec(`mv ${folderOfRecords} ${folderOfRecords}.away && touch ${folderOfRecords}`);
    try {
      const { exitCode, document } = await hardenJson('audit', ['--only', 'effective'], host);
      expect(exitCode).toBe(0);
      const [audit] = document.hosts[0]?.audits ?? [];
      expect(audit).toMatchObject({ notes: [expect.stringMatching(/could not be kept on the host.*: mkdir: /)] });
    } finally {
      await host.exec(`rm ${folderOfRecords} && mv ${folderOfRecords}.away ${folderOfRecords}`);
    }
  });

  test('labels of a stranger neither run nor reach the terminal', async () => {
    expect((await host.exec('cat /proc/sys/kernel/random/boot_id')).exitCode).toBe(0);
    await host.exec(
      `docker run -d --name evil --ulimit nofile=64:64 --label "$(printf 'x=\\033[2J$(reboot)')" --user '0' busybox /busybox sleep 100000`,
    );
    const audited = await harden(['audit', ...hostArgs(host)]);
    expect(audited, audited.stderr).toMatchObject({ exitCode: 0 });
    expect(audited.stdout).toContain('evil');
    expect(audited.stdout).not.toContain('\u001b');
    expect((await host.exec('docker ps --format "{{.Names}}"')).stdout).toContain('evil');
  });

  test('a daemon that does not answer is told in plain words, by every audit', async () => {
    await host.exec('systemctl stop docker.socket docker');
    const audited = await hardenJson('audit', [], host);
    expect(audited.exitCode).toBe(1);
    const told = audited.document.hosts[0]?.audits?.map((audit) => (audit.status === 'not-run' ? audit.reason : audit));
    const plain = expect.stringMatching(/^Cannot connect to the Docker daemon/i);
    expect(told).toEqual([plain, plain, plain]);
  });
});
