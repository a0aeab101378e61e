import { describe, expect, test } from 'vitest';
import { auditDockerfile } from '../../../src/audit/dockerfile/run.ts';
import { ruleSettings } from '../../../src/audit/workload/settings.ts';

/** What a rule says of these lines. */
function said(id: string, lines: string, head = 'FROM debian:12\n'): readonly (string | undefined)[] {
  const outcome = auditDockerfile(`${head}${lines}\n`, 'Dockerfile', ruleSettings({}, new Date('2026-06-01')));
  if (outcome.status !== 'done') throw new Error('not run');
  return outcome.results.filter((check) => check.id === id && check.result !== 'PASS').map(({ details }) => details);
}

describe('unverified-download, wherever it stands', () => {
  test.each([
    'RUN if ! curl -k https://x/y -o y; then exit 1; fi',
    'RUN X=$(curl -k https://x/y) && echo $X',
    'RUN X=`curl -fsSLk https://x/y`',
    'RUN echo "$(curl --insecure https://x)"',
    'RUN (cd /tmp && curl -sk https://x)',
    'RUN for i in 1 2; do curl -k https://x/$i; done',
    'RUN f() { curl -k "$1"; }; f https://x',
    'RUN env A=1 wget --no-check-certificate https://x',
    'RUN A=1 wget --no-check-certificate https://x',
    'RUN sudo -E -u root curl -k https://x',
    'RUN timeout 10 curl -k https://x',
    'RUN /usr/bin/curl -k https://x',
    'RUN bash -c "set -e; curl -k https://x"',
    'RUN ["sh", "-c", "curl -k https://x"]',
    'RUN ["curl", "-k", "https://x"]',
    'RUN eval "curl -k https://x"',
    'RUN <<EOF\nset -e\ncurl -k https://x\nEOF',
    'RUN bash <<EOF\ncurl -k https://x\nEOF',
    'RUN set -eux; \\\n    # why\n    curl -k \\\n      https://x',
    'ONBUILD RUN curl -k https://x',
    'RUN git -c http.sslVerify=false clone https://x',
    'RUN git -c http.https://x.sslVerify=false clone https://x',
    'RUN git config --global http.sslVerify false',
    'RUN GIT_SSL_NO_VERIFY=1 git clone https://x',
    'RUN export GIT_SSL_NO_VERIFY=true; git clone https://x',
    'ENV GIT_SSL_NO_VERIFY=1',
    'ENV NODE_TLS_REJECT_UNAUTHORIZED="0"',
    'ARG NODE_TLS_REJECT_UNAUTHORIZED=0',
    'ONBUILD ENV PYTHONHTTPSVERIFY 0',
    'RUN npm config set strict-ssl false',
    'RUN npm install --strict-ssl=false',
    'ENV NPM_CONFIG_STRICT_SSL=false',
    'RUN echo strict-ssl=false >> ~/.npmrc',
    'RUN yarn config set strict-ssl false -g',
    'RUN pip install --trusted-host pypi.org x',
    'RUN python3 -m pip install --trusted-host=pypi.org x',
    'ENV PIP_TRUSTED_HOST=pypi.org',
    'RUN pip config set global.trusted-host pypi.org',
    'RUN conda config --set ssl_verify false',
    'ENV GOINSECURE=example.com',
    'ENV GOSUMDB=off',
    'RUN apt-get -o Acquire::https::Verify-Peer=false update && apt-get install x',
    'RUN apt-get install -y --allow-unauthenticated x',
    'RUN echo "deb [trusted=yes] http://x ./" > /etc/apt/sources.list.d/x.list',
    'RUN yum install -y --nogpgcheck x',
    'RUN dnf --setopt=sslverify=false install -y x',
    'RUN apk add --allow-untrusted x.apk',
    'RUN echo insecure >> ~/.curlrc',
    'RUN helm pull x --insecure-skip-tls-verify',
    'RUN skopeo copy --src-tls-verify=false a b',
    'RUN ssh -o StrictHostKeyChecking=no x',
  ])('%s', (line) => {
    expect(said('unverified-download', line)).toHaveLength(1);
  });

  test.each([
    'RUN curl -fsSLo k https://x',
    'RUN curl -o -k https://x',
    'RUN curl -H "A: -k" https://x',
    "RUN echo 'curl -k https://x'",
    'RUN echo "use wget --no-check-certificate"',
    'RUN wget https://x # --no-check-certificate',
    'ENV NODE_TLS_REJECT_UNAUTHORIZED=1',
    'ENV SSL_CERT_FILE=/etc/x.pem',
    'RUN git config --global http.sslVerify true',
    'RUN npm config set strict-ssl true',
    'RUN tar -xzkf x.tgz && ls -k',
    'RUN apt-get update && apt-get install -y curl wget',
  ])('not: %s', (line) => {
    expect(said('unverified-download', line)).toEqual([]);
  });
});

test.each([
  ['apt-update-alone', 'RUN apk update', 1],
  ['apt-update-alone', 'RUN yum -y update', 1],
  ['apt-update-alone', 'RUN dnf makecache', 1],
  ['apt-update-alone', 'RUN if true; then apt-get update; fi', 1],
  ['apt-update-alone', 'RUN apk update && apk add x', 0],
  ['apt-update-alone', 'RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y x', 0],
  ['apt-update-alone', 'RUN apt-get update && sudo apt-get -y upgrade', 0],
  ['secret-in-image', 'RUN echo "root:hunter2" | chpasswd', 1],
  ['secret-in-image', 'RUN chpasswd <<< "root:hunter2"', 1],
  ['secret-in-image', 'RUN echo "root:$PW" | chpasswd', 0],
  ['secret-in-image', 'RUN useradd -p abc me', 1],
  ['secret-in-image', 'RUN git clone https://me:ghs@example.com/x', 1],
  ['secret-in-image', 'RUN API_TOKEN=abc ./build', 1],
  ['secret-in-image', 'ENV DATABASE_URL=postgres://u:p@h/db', 1],
  ['secret-in-image', 'ARG PW=${OTHER:-hunter2}\nENV DB_PASSWORD=${PW}', 2],
  ['secret-in-image', 'ONBUILD ENV DB_PASSWORD="hunter2"', 1],
  ['secret-in-image', 'ENV DB_PASSWORD_FILE=/run/secrets/x SECRET_PORT=1', 0],
  ['no-password', 'ENV POSTGRES_HOST_AUTH_METHOD=trust', 1],
  ['no-password', 'ENV ALLOW_EMPTY_PASSWORD yes', 1],
  ['privileged-build', 'RUN --security=insecure make', 1],
  ['privileged-build', 'RUN --network=host make', 1],
  ['copy-whole', 'COPY --from=x / /', 1],
  ['copy-whole', 'COPY --from=x ["/", "/"]', 1],
  ['copy-whole', 'COPY --from=x /app /', 0],
  ['copy-whole', 'COPY . /', 0],
  ['add-remote', 'ADD "https://x/y" /y', 1],
  ['add-remote', 'ONBUILD ADD https://x/y /y', 1],
  ['add-local', "ADD 'x' /y", 1],
  ['secret-file', 'COPY "id_rsa" /root/', 1],
  ['secret-file', 'ONBUILD COPY .env /app/', 1],
])('%s: %s', (id, line, count) => {
  expect(said(id, line)).toHaveLength(count);
});

test('nested defaults of ARG', () => {
  expect(said('from-tag', '', 'ARG A\nARG B=${A:-latest}\nFROM debian:${B}\n')).toEqual(['debian:latest is latest']);
  expect(said('from-tag', '', 'FROM debian:${A:-${B:-12}}\n')).toEqual([]);
});

test('what no shell could read, and a text without an end, are no crash', () => {
  for (const text of ['if', 'curl -k "', '$(((((', '<<', `${'('.repeat(5000)}`, 'a '.repeat(50_000)])
    expect(() => said('unverified-download', `RUN ${text}`)).not.toThrow();
});
