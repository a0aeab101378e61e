import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDotenv } from '../../../src/audit/compose/dotenv.ts';
import { auditCompose } from '../../../src/audit/compose/run.ts';
import { readCompose } from '../../../src/audit/compose/source.ts';
import { gateFailures } from '../../../src/audit/gate.ts';
import { interpolate, shown } from '../../../src/audit/interpolate.ts';
import type { AuditDone } from '../../../src/audit/result.ts';
import { ruleSettings } from '../../../src/audit/workload/settings.ts';
import { testFile, testFolder } from '../../support/remote.ts';

type Env = Readonly<Record<string, string>>;

/** Audits `compose.yaml` of these files. */
async function audit(
  files: Readonly<Record<string, string>>,
  env: Env = {},
  folder = testFolder(),
): Promise<AuditDone> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    testFile(folder, name, text);
  }
  const source = await readCompose(join(folder, 'compose.yaml'));
  const result = await auditCompose(source, ruleSettings({}, new Date('2026-06-01'), env));
  if (result.status !== 'done') throw new Error(result.reason);
  return { tool: 'compose', ...result };
}

/** Subject, result and details of a rule where it is not passed. */
const said = ({ results }: AuditDone, id: string) =>
  results
    .filter((check) => check.id === id && check.result !== 'PASS')
    .map(({ subject, result, details }) => `${subject} ${result} ${details ?? ''}`);

const lines = (...services: string[]) => `services:\n${services.map((each) => `  ${each}\n`).join('')}`;

test.each([
  ['a', 'a'],
  ['$A', 'one'],
  ['${A}', 'one'],
  ['$$A', '$A'],
  ['$${A}', '${A}'],
  ['${A:-b}', 'one'],
  ['${X:-b}', 'b'],
  ['${E-b}', ''],
  ['${E:-b}', 'b'],
  ['${X-b}', 'b'],
  ['${X:-}', ''],
  ['${X:-${A}}', 'one'],
  ['${X:-${Y:-deep}}', 'deep'],
  ['${X:-a${Y-b}c}d', 'abcd'],
  ['${A:+b}', 'b'],
  ['${E:+b}', ''],
  ['${E+b}', 'b'],
  ['${X:+b}', '${X}'],
  ['${A:?e}', 'one'],
  ['${X:?e}', '${X}'],
  ['${E:?e}', '${E}'],
  ['$X/$A', '${X}/one'],
  ['100$', '100$'],
  ['$1', '$1'],
  ['${', '${'],
  ['${1}', '${1}'],
  ['${A B}', '${A B}'],
  [`${'${X:-'.repeat(40)}`, `${'${X:-'.repeat(40)}`],
])('%s is %s', (text, value) => {
  expect(shown(interpolate(text, (name) => ({ A: 'one', E: '' })[name]))).toBe(value);
});

test('an env file as compose reads it', () => {
  const text = `# no
export A=1
B = two # said
C='$A #'
D="x\\n\${A}\\$A"
E=\${A}-\${OUT}-\${NONE}
F: yes
G=
OUT
H="two
lines"
I=a#b
`;
  expect(Object.fromEntries(parseDotenv(text, (name) => (name === 'OUT' ? 'o' : undefined)))).toEqual({
    A: '1',
    B: 'two',
    C: '$A #',
    D: 'x\n1$A',
    E: '1-o-',
    F: 'yes',
    G: '',
    OUT: 'o',
    H: 'two\nlines',
    I: 'a#b',
  });
});

describe('values with variables', () => {
  const file = lines(
    'a: { image: "x:1", privileged: "${P:-true}", pid: "${Q-host}", ports: ["${ADDR:-0.0.0.0}:${PORT:-8080}:80"] }',
  );
  test('by their defaults', async () => {
    const result = await audit({ 'compose.yaml': file });
    expect(said(result, 'privileged')).toEqual(['a WARN is privileged']);
    expect(said(result, 'pid-namespace')).toEqual(['a WARN pid mode host']);
    expect(said(result, 'published-address')).toEqual(['a WARN published on 0.0.0.0:8080->80/tcp']);
    expect(result.results.filter(({ result }) => result === 'SKIP')).toEqual([]);
  });
  test('by .env beside the file, and before it by the environment', async () => {
    const env = 'P=false\nQ=host\nADDR=127.0.0.1\n';
    const result = await audit({ 'compose.yaml': file, '.env': env }, { Q: '' });
    expect([said(result, 'privileged'), said(result, 'pid-namespace'), said(result, 'published-address')]).toEqual([
      [],
      [],
      [],
    ]);
  });
  test('a variable that nothing says is not checked', async () => {
    const result = await audit({ 'compose.yaml': lines('a: { image: "x:1", privileged: "${P:?say}" }') });
    expect(said(result, 'privileged')).toEqual(['a SKIP the environment decides: P']);
  });
});

describe('include', () => {
  const part = lines('part: { image: "x:1", privileged: "${PRIV:-true}" }');
  test.each([
    ['by a default', 'include: ["${PART:-part}.yaml"]', { 'part.yaml': part }],
    ['by .env', 'include: ["${PART}.yaml"]', { 'part.yaml': part, '.env': 'PART=part\n' }],
    ['by a map', 'include: [{ path: "./sub/part.yaml" }]', { 'sub/part.yaml': part }],
    [
      'in a folder with its own .env',
      'include: [{ path: part.yaml, project_directory: sub }]',
      { 'part.yaml': lines('part: { image: "x:1", privileged: "${PRIV}" }'), 'sub/.env': 'PRIV=yes\n' },
    ],
    [
      'with an env file',
      'include: [{ path: part.yaml, env_file: [one.env, two.env] }]',
      { 'part.yaml': lines('part: { privileged: "${B}" }'), 'one.env': 'A=true\n', 'two.env': 'B=${A}\n' },
    ],
    [
      'of files that are merged',
      'include: [{ path: [part.yaml, more.yaml] }]',
      {
        'part.yaml': lines('part: { image: "x:1", privileged: false }'),
        'more.yaml': lines('part: { privileged: true }'),
      },
    ],
    ['of what includes', 'include: [a/b.yaml]', { 'a/b.yaml': 'include: [part.yaml]\n', 'a/part.yaml': part }],
  ])('%s', async (_, include, files) => {
    const result = await audit({ 'compose.yaml': `${include}\n`, ...(files as Record<string, string>) });
    expect(said(result, 'privileged')).toEqual(['part WARN is privileged']);
    expect(result.incomplete).toBeUndefined();
    expect(gateFailures(result, { fail_on: ['high'] })).not.toEqual([]);
  });

  test.each([
    ['a variable', 'include: ["${PART}.yaml"]', 'the environment decides: PART, so what it includes was not read'],
    ['git', 'include: ["https://github.com/a/b.git#main:compose.yaml"]', /b\.git.* was not read$/],
    ['ssh', 'include: ["git@github.com:a/b.git"]', /was not read$/],
    ['oci', 'include: [{ path: "oci://docker.io/a/b:1" }]', /was not read$/],
    ['an env file', 'include: [{ path: a.yaml, env_file: "${E}" }]', /decides: E/],
    ['extends', 'services: { a: { extends: { file: "${F}.yaml", service: b } } }', /decides: F/],
    ['extends from afar', 'services: { a: { extends: { file: "oci://x/y", service: b } } }', /was not read$/],
  ])('a part that cannot be read is not checked, and no gate passes in silence: %s', async (_, text, details) => {
    const result = await audit({ 'compose.yaml': `${text}\n` });
    const check = result.results.find(({ unread }) => unread);
    expect(check).toMatchObject({ result: 'SKIP', details: expect.stringMatching(details) });
    expect(result.incomplete).toContain('a part was not read');
    expect(gateFailures(result, { fail_on: ['high'] })).toEqual([expect.stringContaining('a part was not read')]);
    expect(gateFailures(result, {})).toEqual([]);
    const accepted = { ...result, results: result.results.map((each) => ({ ...each, accepted: { reason: 'known' } })) };
    expect(gateFailures(accepted, { fail_on: ['high'] })).toEqual([]);
  });

  test('what is no file is refused', async () => {
    await expect(audit({ 'compose.yaml': 'include: [/dev/zero]\n' })).rejects.toThrow('/dev/zero cannot be read');
    await expect(audit({ 'compose.yaml': 'include: [gone.yaml]\n' })).rejects.toThrow('does not exist');
  });
});

test('a file of several documents says one after the other', async () => {
  const text = `${lines('a: { image: "x:1", privileged: true, ports: ["80:80"] }')}---\n${lines('a: { privileged: false }', 'b: { pid: host }')}`;
  const result = await audit({ 'compose.yaml': text });
  expect([said(result, 'privileged'), said(result, 'pid-namespace')]).toEqual([[], ['b WARN pid mode host']]);
  expect(said(result, 'privileged-port')).toHaveLength(1);
});

describe('mounts as compose resolves them', () => {
  test.each([
    ['~/.ssh:/k', 'WARN /home/me/.ssh (~/.ssh) on /k, writable'],
    ['~/.ssh:/k:ro', 'WARN /home/me/.ssh (~/.ssh) on /k, read-only'],
    ['~:/h', 'WARN /home/me (~) on /h, writable'],
    ['$HOME/.aws:/k', 'WARN /home/me/.aws on /k, writable'],
    ['${HOME}:/k', 'WARN /home/me on /k, writable'],
    ['{ type: bind, source: ~/.docker, target: /d }', 'WARN /home/me/.docker (~/.docker) on /d, writable'],
    ['{ type: bind, source: ~/.bashrc, target: /d }', 'WARN /home/me/.bashrc (~/.bashrc) on /d, writable'],
    [`${'../'.repeat(20)}etc:/e`, `WARN /etc (${'../'.repeat(20)}etc) on /e, writable`],
    [`./${'../'.repeat(20)}:/e`, `WARN / (./${'../'.repeat(20)}) on /e, writable`],
    ['/srv/../etc:/e', 'WARN /srv/../etc on /e, writable'],
    ['./link:/e', 'WARN /etc (./link) on /e, writable'],
    ['./link/ssh:/e', expect.stringMatching(/^WARN \/etc\/ssh /)],
    ['${D:-/etc}/ssh:/e', 'WARN /etc/ssh on /e, writable'],
  ])('%s', async (volume, details) => {
    const folder = testFolder();
    symlinkSync('/etc', join(folder, 'link'));
    const quoted = volume.startsWith('{') ? volume : JSON.stringify(volume);
    const files = { 'compose.yaml': lines(`a: { image: "x:1", volumes: [${quoted}] }`) };
    const result = await audit(files, { HOME: '/home/me' }, folder);
    expect(said(result, 'sensitive-mounts')).toEqual([
      typeof details === 'string' ? `a ${details}` : expect.stringContaining('/etc/ssh'),
    ]);
  });

  test.each(['./etc:/e', 'etc:/e', '~/data:/d', '{ type: volume, source: etc, target: /e }', '~user:/x', '/data'])(
    'nothing is wrong with %s',
    async (volume) => {
      const quoted = volume.startsWith('{') ? volume : JSON.stringify(volume);
      const files = { 'compose.yaml': lines(`a: { image: "x:1", volumes: [${quoted}] }`) };
      expect(said(await audit(files, { HOME: '/home/me' }), 'sensitive-mounts')).toEqual([]);
    },
  );

  test.each([
    ['volumes_from: [b]', ['a WARN /etc on /e, writable', 'b WARN /etc on /e, writable']],
    ['volumes_from: ["b:ro"]', ['a WARN /etc on /e, read-only', 'b WARN /etc on /e, writable']],
    [
      'volumes_from: ["container:old"]',
      ['a SKIP the mounts of the container old are not in the file', 'b WARN /etc on /e, writable'],
    ],
    ['secrets: [s]', ['a WARN /etc/shadow on /run/secrets/s, read-only', 'b WARN /etc on /e, writable']],
    [
      'configs: [{ source: s, target: /c }]',
      ['a WARN /etc/ssh/ssh_host_rsa_key on /c, read-only', 'b WARN /etc on /e, writable'],
    ],
    [
      'build: { context: ., secrets: [s] }',
      ['a WARN /etc/shadow on build: /run/secrets/s, read-only', 'b WARN /etc on /e, writable'],
    ],
  ])('%s', async (key, expected) => {
    const text = `${lines(`a: { image: "x:1", ${key} }`, 'b: { image: "x:1", volumes: ["/etc:/e"] }')}secrets: { s: { file: /etc/shadow } }
configs: { s: { file: /etc/ssh/ssh_host_rsa_key } }\n`;
    expect(said(await audit({ 'compose.yaml': text }), 'sensitive-mounts')).toEqual(expected);
  });

  test('the paths of what is extended start beside its file', async () => {
    const files = {
      'compose.yaml': lines('a: { extends: { file: sub/base.yaml, service: b } }'),
      'sub/base.yaml': lines('b: { image: "x:1", volumes: ["./link:/e"] }'),
    };
    const folder = testFolder();
    mkdirSync(join(folder, 'sub'));
    symlinkSync('/root', join(folder, 'sub/link'));
    expect(said(await audit(files, {}, folder), 'sensitive-mounts')).toEqual(['a WARN /root (./link) on /e, writable']);
  });
});

test.each([
  ['build: { context: ., privileged: true }', 'the build is privileged'],
  ['build: { context: ., privileged: "${X:-yes}" }', 'the build is privileged'],
  ['build: { context: ., entitlements: [security.insecure] }', 'the build may have security.insecure'],
  ['build: { context: ., network: host }', "the build is in the host's network"],
  ['post_start: [{ command: x, privileged: true }]', 'the hook post_start is privileged'],
])('rights beside the container: %s', async (key, details) => {
  expect(said(await audit({ 'compose.yaml': lines(`a: { ${key} }`) }), 'privileged-build')).toEqual([
    `a WARN ${details}`,
  ]);
});
