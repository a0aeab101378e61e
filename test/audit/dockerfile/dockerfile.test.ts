import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DOCKERFILE_RULES } from '../../../src/audit/dockerfile/rules.ts';
import { auditDockerfile } from '../../../src/audit/dockerfile/run.ts';
import type { AuditCheck } from '../../../src/audit/result.ts';
import { ruleSettings } from '../../../src/audit/workload/settings.ts';
import type { WorkloadSettings } from '../../../src/engine/resolved-task.ts';
import { UserError } from '../../../src/errors.ts';

function checks(text: string, settings: WorkloadSettings = {}): readonly AuditCheck[] {
  const result = auditDockerfile(text, 'Dockerfile', ruleSettings(settings, new Date('2026-06-01')));
  if (result.status !== 'done') throw new Error(result.reason);
  return result.results;
}

/** `id result line:column` of all that is not passed, but for what nearly every file has. */
function found(text: string, settings?: WorkloadSettings): string[] {
  return checks(text, settings)
    .filter(
      ({ id, result }) =>
        result !== 'PASS' && !(['root-login', 'from-digest', 'healthcheck'].includes(id) && !settings),
    )
    .map(({ id, result, at = '' }) => `${id} ${result} ${at.replace('Dockerfile:', '')}`);
}

const END = 'USER 1000\n';
const FROM = 'FROM debian:12.8\n';

const CASES: readonly [string, string, readonly string[], WorkloadSettings?][] = [
  ['nothing wrong', FROM + END, []],
  ['a heredoc at the end, without a newline', `${FROM}${END}RUN <<EOF\nfoo\nEOF`, []],
  ['what is no heredoc', `${FROM}RUN echo $((1 << 2)) "<<EOF" <<< word\n${END}`, []],
  ['no tag', `FROM debian\n${END}`, ['from-tag WARN 1:1']],
  ['latest, in a registry with a port', `FROM r.example:5000/debian:latest\n${END}`, ['from-tag WARN 1:1']],
  ['a tag by a default', `ARG V=12.8\nFROM debian:\${V}\n${END}`, []],
  ['latest by a default', `ARG V\nFROM debian:\${V:-latest}\n${END}`, ['from-tag WARN 2:1']],
  [
    'a tag that only the build knows',
    `ARG V\nFROM debian:\${V}\n${END}`,
    ['from-tag SKIP 2:1', 'from-digest SKIP 2:1', 'root-login INFO 2:1', 'healthcheck WARN 2:1'],
    {},
  ],
  [
    'scratch and another stage are no images',
    `FROM golang:1.23 AS build\nFROM scratch\nCOPY --from=build /a /a\n${END}`,
    [],
  ],
  [
    'a digest that is wanted',
    FROM + END,
    ['from-digest WARN 1:1', 'root-login INFO 1:1', 'healthcheck WARN 1:1'],
    { require_digest: true },
  ],
  [
    'a registry that is not allowed',
    `FROM evil.example/x:1@sha256:${'a'.repeat(64)}\n${END}`,
    ['from-registry WARN 1:1', 'root-login INFO 1:1', 'healthcheck WARN 1:1'],
    { allowed_registries: ['docker.io/library'] },
  ],
  ['no USER', FROM, ['user WARN 1:1']],
  ['USER root last', `${FROM}USER 1000\nRUN true\nUSER root\n`, ['user WARN 4:1']],
  ['USER 0 by a default', `${FROM}ARG U=0\nUSER \${U}:\${U}\n`, ['user WARN 3:1']],
  ['USER that only the build knows', `${FROM}ARG U\nUSER $U\n`, ['user SKIP 3:1']],
  ['USER by name', `${FROM}USER app\n`, ['user INFO 2:1']],
  ['USER of the stage that it starts from', `${FROM.trim()} AS base\nUSER 1000\nFROM base\n`, []],
  ['USER of a stage that is thrown away', `${FROM.trim()} AS build\nUSER 1000\nFROM debian:12.8\n`, ['user WARN 3:1']],
  ['nonroot by the base', 'FROM gcr.io/distroless/static:nonroot\n', []],
  ['ADD of a file', `${FROM}ADD app /app\n${END}`, ['add-local WARN 2:1']],
  ['ADD of an archive', `${FROM}ADD rootfs.tar.gz /\n${END}`, []],
  ['ADD of a URL', `${FROM}ADD https://x.example/a.tgz /a\n${END}`, ['add-remote WARN 2:1']],
  ['ADD of a URL with its checksum', `${FROM}ADD --checksum=sha256:aa https://x.example/a.tgz /a\n${END}`, []],
  [
    'apt-get update alone',
    `${FROM}RUN apt-get update\nRUN apt-get install -y curl\n${END}`,
    ['apt-update-alone WARN 2:1'],
  ],
  [
    'apt-get update with install',
    `${FROM}RUN apt-get update \\\n    # why\n    && apt-get install -y curl\n${END}`,
    [],
  ],
  [
    'curl to a shell',
    `${FROM}RUN curl -fsSL https://x.example/i | sudo -E bash -s -- -y\n${END}`,
    ['pipe-to-shell WARN 2:1', 'sudo WARN 2:1'],
  ],
  [
    'wget through another program to a shell',
    `${FROM}RUN wget -qO- x.example | gunzip | sh\n${END}`,
    ['pipe-to-shell WARN 2:1'],
  ],
  ['a shell of curl', `${FROM}RUN bash -c "$(curl -fsSL https://x.example)"\n${END}`, ['pipe-to-shell WARN 2:1']],
  [
    'curl to a shell in a heredoc',
    `${FROM}RUN <<EOF\nset -e\ncurl x.example | sh\nEOF\n${END}`,
    ['pipe-to-shell WARN 2:1'],
  ],
  ['curl to a shell in JSON', `${FROM}RUN ["sh", "-c", "curl x.example | sh"]\n${END}`, ['pipe-to-shell WARN 2:1']],
  [
    'curl to a file, and curl to tar',
    `${FROM}RUN curl -o /x x.example && sha256sum -c /y || sh -c false; curl y | tar xz\n${END}`,
    [],
  ],
  [
    'sudo',
    `${FROM}RUN apt-get update && apt-get install -y sudo\nRUN sudo true\n${END}`,
    ['sudo WARN 2:1', 'sudo WARN 3:1'],
  ],
  ['sudo when another image is built on it', `${FROM}ONBUILD RUN sudo true\n${END}`, ['sudo WARN 2:9']],
  [
    'setuid',
    `${FROM}RUN chmod u+s /bin/x && chmod 4755 /bin/y\nCOPY --chmod=4755 a /a\n${END}`,
    ['setuid WARN 2:1', 'setuid WARN 3:1'],
  ],
  [
    'for everyone to write',
    `${FROM}RUN chmod -R 777 /app\nRUN chmod o+w /b\nRUN chmod 755 /c\n${END}`,
    ['world-writable WARN 2:1', 'world-writable WARN 3:1'],
  ],
  ['without certificates', `${FROM}RUN curl -fk https://x.example -o /x\n${END}`, ['unverified-download WARN 2:1']],
  ['no password', `${FROM}ENV POSTGRES_HOST_AUTH_METHOD=trust\n${END}`, ['no-password WARN 2:1']],
  ['rights of the builder', `${FROM}RUN --security=insecure true\n${END}`, ['privileged-build WARN 2:1']],
  ['all of a stage', `${FROM}COPY --from=a / /\n${END}`, ['copy-whole WARN 2:1']],
  [
    'secrets',
    `ARG NPM_TOKEN\n${FROM}ENV A=b DB_PASSWORD="hunter2" \\\n  KEY_FILE=/x\nARG API_KEY=abc\nENV LEGACY_SECRET old style\n${END}`,
    ['secret-in-image WARN 1:1', 'secret-in-image WARN 3:1', 'secret-in-image WARN 5:1', 'secret-in-image WARN 6:1'],
  ],
  [
    'files of secrets',
    `${FROM}COPY id_rsa .env.example /root/\nCOPY .env /app/\nCOPY --from=0 /x.key /y\n${END}`,
    ['secret-file WARN 2:1', 'secret-file WARN 3:1'],
  ],
  ['EXPOSE 22', `${FROM}EXPOSE 80 22/tcp\nEXPOSE 20-25\n${END}`, ['expose-ssh WARN 2:1', 'expose-ssh WARN 3:1']],
  [
    'other escape, lower case, comments, a BOM',
    `\uFEFF# escape=\`\nfrom debian:12.8\nrun curl x.example \`\n  | sh\nuser 1000\n`,
    ['pipe-to-shell WARN 3:1'],
  ],
];

describe('each rule finds what it is for, at its place', () => {
  test.each(CASES)('%s', (...[, text, expected, settings]) => {
    expect(found(text, settings)).toEqual(expected);
  });

  test('every rule is found by a case, and passes in another', () => {
    const named = CASES.flatMap(([, , expected]) => expected.map((each) => each.split(' ')[0]));
    for (const { id } of DOCKERFILE_RULES) expect(named, id).toContain(id);
    const good = `FROM debian:12.8@sha256:${'a'.repeat(64)}\nRUN usermod -s /usr/sbin/nologin root\nHEALTHCHECK CMD true\nUSER 1000\n`;
    expect(checks(good).map(({ id, result }) => `${id} ${result}`)).toEqual(
      DOCKERFILE_RULES.filter(({ id }) => id !== 'from-registry').map(({ id }) => `${id} PASS`),
    );
  });

  test('HEALTHCHECK NONE is none', () => {
    const at = (text: string) =>
      checks(text)
        .filter(({ id, result }) => id === 'healthcheck' && result === 'WARN')
        .map((each) => each.at);
    expect(at(`${FROM}HEALTHCHECK NONE\n`)).toEqual(['Dockerfile:2:1']);
    expect(at(FROM)).toEqual(['Dockerfile:1:1']);
  });
});

test('no value of a secret is in the result', () => {
  const text = `${FROM}ENV DB_PASSWORD=hunter2\nARG API_TOKEN=hunter2\nRUN true\n`;
  expect(JSON.stringify(checks(text))).not.toContain('hunter2');
});

describe('what is no Dockerfile', () => {
  test.each([
    ['', 'Dockerfile:1:1: A Dockerfile starts from an image, and this file has no `FROM`.'],
    ['# only a comment\n', 'Dockerfile:1:1: A Dockerfile starts'],
    ['FROM debian\nRUN cat <<EOF\nUSER app\n EOF\n', 'Dockerfile:2:9: The heredoc `EOF` is not closed.'],
    ['FROM debian\nCOPY <<-A <<B /\n\tA\nfoo\n', 'Dockerfile:2:11: The heredoc `B` is not closed.'],
    ['FROM debian\nFOO bar\n', 'Dockerfile:2:1: `FOO` is no instruction of a Dockerfile.'],
    ['RUN true\nFROM debian\n', 'Dockerfile:1:1: `RUN` stands before the first `FROM`.'],
    ['FROM debian\n  RUN\n', 'Dockerfile:2:3: `RUN` needs an argument.'],
    ['{"a": 1}\n', 'Dockerfile:1:1: `{"a":` is no instruction'],
    ['\u0000\u0001\u0002\n', 'Dockerfile:1:1: This is no Dockerfile.'],
  ])('%j', (text, message) => {
    expect(() => checks(text)).toThrow(UserError);
    try {
      checks(text);
    } catch (error) {
      expect((error as UserError).paragraph).toContain(message);
      expect((error as UserError).exitCode).toBe(64);
    }
  });

  test('whatever it is, it is judged or refused, at a place in it', () => {
    const pieces = [
      'FROM a',
      ' AS b',
      '\n',
      'RUN ',
      'x && y',
      ' \\\n',
      '<<EOF\n',
      'EOF\n',
      '["a","b"]',
      '${X:-',
      '}',
      '"',
      "'",
      '#',
      'ENV a=b c',
      'USER ',
      '--x=y ',
      '\t',
      '\u0000',
      'ÿ',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 })), { maxLength: 25 }),
        (parts) => {
          try {
            for (const { at } of checks(parts.join(''))) if (at) expect(at).toMatch(/^Dockerfile:[1-9]\d*:[1-9]\d*$/);
          } catch (error) {
            if (!(error instanceof UserError)) throw error;
            expect(error.at?.line).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
