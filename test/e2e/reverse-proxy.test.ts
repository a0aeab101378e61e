import { execFileSync } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { reaches } from '../support/reaches.ts';
import { folder, harden, hostArgs } from './support/harden.ts';

vi.setConfig({ testTimeout: 400_000, hookTimeout: 600_000 });

const unavailable = await labUnavailable();
const PLAYBOOK = 'playbooks/reverse-proxy.yml';

// an application that says what it was asked
const APPLICATION = `printf %s 'server {
  listen 127.0.0.1:8080;
  location / { add_header Strict-Transport-Security "of the application"; return 200 "$http_host $http_x_forwarded_proto $http_x_forwarded_for $uri"; }
}' >/etc/nginx/conf.d/application.conf
nginx -t && systemctl reload nginx`;

// an authority that speaks Let's Encrypt's protocol, for tests alone, asked by a name that the host trusts
const AUTHORITY = `set -e
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y pebble openssl >/dev/null
mkdir -p /etc/pebble
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=acme.test -addext subjectAltName=DNS:acme.test \\
  -keyout /etc/pebble/key.pem -out /usr/local/share/ca-certificates/acme.crt
update-ca-certificates
echo '127.0.0.1 acme.test app.test www.app.test' >>/etc/hosts
echo '{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "httpPort": 80, "tlsPort": 443,
  "certificate": "/usr/local/share/ca-certificates/acme.crt", "privateKey": "/etc/pebble/key.pem"}}' >/etc/pebble/config.json
systemd-run --unit pebble -E PEBBLE_VA_NOSLEEP=1 -E PEBBLE_WFE_NONCEREJECT=0 pebble -config /etc/pebble/config.json`;

const ways = [
  { suite: 'bookworm', user: 'root' },
  { suite: 'trixie', user: 'admin0' },
] as const;

describe.skipIf(unavailable).each(ways)('playbooks/reverse-proxy.yml on $suite as $user', ({ suite, user }) => {
  let host: LabHost;
  const run = (command: string, ...options: string[]) =>
    harden([command, PLAYBOOK, '-e', 'server_name=app.test', ...options, ...hostArgs(host, user)]);
  const applied = async (...options: string[]) => {
    const first = await run('apply', '--yes', ...options);
    expect(first, first.stdout + first.stderr).toMatchObject({ exitCode: 0 });
    const again = await run('apply', '--yes', ...options);
    expect(again, again.stdout + again.stderr).toMatchObject({ exitCode: 0 });
    expect(again.stdout).toContain('Nothing differs');
    expect((await host.exec('nginx -t')).exitCode).toBe(0);
  };

  beforeAll(async () => {
    host = await bootHost({ suite });
    // where nginx is there already, the plan knows all but what its own steps bring
    if (suite === 'trixie') await host.exec('apt-get update -qq && apt-get install -qq -y nginx');
  });
  afterAll(() => host?.stop());

  test('is applied with a certificate of its own making, proved, and then nothing differs', async () => {
    const plan = await run('plan');
    expect(plan, plan.stdout).toMatchObject({ exitCode: 0 });
    await applied();
    expect((await host.exec('stat -c "%U %a" /etc/ssl/reverse-proxy/app.test/self-signed.key')).stdout).toBe(
      'root 600',
    );
  });

  test('whoever speaks TLS by that name reaches the application, and it learns who asks', async () => {
    expect(await host.exec(APPLICATION)).toMatchObject({ exitCode: 0 });
    const ca = (await host.exec('cat /etc/ssl/reverse-proxy/app.test/self-signed.pem')).stdout;
    const answer = await ask(host, { ca, headers: { 'X-Forwarded-For': '203.0.113.9' } });
    expect(answer.body).toMatch(/^app\.test https 10\.\S+ \/some\/where$/);
    // the application's own word: with such a certificate nginx says nothing that browsers would remember
    expect(answer.headers).toHaveProperty('strict-transport-security', 'of the application');
    expect(await reaches(host.address, 8080)).toBe(false);
  });

  test('without TLS it is sent on, and by another name it gets nothing', async () => {
    const plain = await ask(host, { plain: true });
    expect(plain).toMatchObject({ status: 301, headers: { location: 'https://app.test/some/where' } });
    await expect(ask(host, { plain: true, name: 'other.test' })).rejects.toThrow();
    await expect(shake(host, { servername: 'other.test' })).rejects.toThrow(/unrecognized name/);
  });

  test('it speaks TLS 1.2 and 1.3 with ciphers of today, and nothing older', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
      expect(await shake(host, { minVersion: version, maxVersion: version })).toBe(version);
    const old = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
    await expect(shake(host, old)).rejects.toThrow(/protocol version/);
    await expect(shake(host, { ciphers: 'AES256-SHA:AES128-GCM-SHA256', maxVersion: 'TLSv1.2' })).rejects.toThrow(
      /handshake failure/,
    );
  });

  test('a certificate that the operator brings takes its place', async () => {
    const files = await folder({});
    const [certificate, key] = [join(files, 'app.pem'), join(files, 'app.key')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=brought'],
        ...['-addext', 'subjectAltName=DNS:app.test', '-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    );
    const own = ['certificate=own', `certificate_file=${certificate}`, `certificate_key_file=${key}`];
    const options = own.flatMap((each) => ['-e', each]);
    const plan = await run('plan', ...options);
    expect(plan.stdout).not.toContain('PRIVATE KEY');
    await applied(...options);
    const answer = await ask(host, {});
    expect(answer.issuer).toBe('brought');
    expect(answer.headers).toHaveProperty('strict-transport-security', 'max-age=31536000');
  });

  test('an application that everybody could reach past the proxy is refused', async () => {
    await host.exec("sed -i 's/127.0.0.1:8080/8080/' /etc/nginx/conf.d/application.conf && systemctl restart nginx");
    const refused = await run('plan');
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.stdout).toContain('port 8080 listens for the whole network');
    await host.exec(
      "sed -i 's/listen 8080/listen 127.0.0.1:8080/' /etc/nginx/conf.d/application.conf && systemctl restart nginx",
    );
  });

  // one suite is enough: it is certbot's and the authority's own time that it takes
  test.skipIf(suite !== 'trixie')('certbot brings a certificate, and renews it by itself', async () => {
    expect(await host.exec(AUTHORITY)).toMatchObject({ exitCode: 0 });
    await applied(
      ...['certificate=certbot', 'aliases=www.app.test', 'certbot_server=https://acme.test:14000/dir'].flatMap(
        (each) => ['-e', each],
      ),
    );
    expect((await ask(host, { name: 'www.app.test' })).issuer).toMatch(/^Pebble Intermediate/);
    const renewed = await host.exec('certbot renew --force-renewal --no-random-sleep-on-renew');
    expect(renewed, renewed.stderr).toMatchObject({ exitCode: 0 });
    expect((await ask(host, {})).issuer).toMatch(/^Pebble Intermediate/);
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The common name of whoever signed the certificate. */
  readonly issuer: string | undefined;
}

interface Question {
  readonly name?: string;
  readonly plain?: boolean;
  /** Left out: any certificate will do. */
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function ask(host: LabHost, { name = 'app.test', plain = false, ca, headers = {} }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ host: host.address, path: '/some/where', agent: false, timeout: 20_000 },
      headers: { ...headers, Host: name },
      ...{ servername: name, ca, rejectUnauthorized: ca !== undefined },
    };
    const request = (plain ? http : https).get(options, async (response) => {
      const issuer = plain ? undefined : (response.socket as TLSSocket).getPeerCertificate().issuer?.CN;
      const chunks = await response.toArray();
      resolve({
        status: response.statusCode,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
        issuer: typeof issuer === 'string' ? issuer : undefined,
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer within 20 s')));
    request.on('error', reject);
  });
}

/** The version of TLS that was agreed upon. */
function shake(host: LabHost, options: ConnectionOptions): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: host.address,
      port: 443,
      servername: 'app.test',
      rejectUnauthorized: false,
      ...options,
    });
    socket.on('secureConnect', () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
