import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Connection } from '../../../src/remote/connection.ts';
import { connectSsh } from '../../../src/remote/ssh/connect.ts';
import { fingerprint } from '../../../src/remote/ssh/fingerprint.ts';
import type { SshOptions } from '../../../src/remote/ssh-options.ts';
import { parseTarget } from '../../../src/remote/target.ts';
import { hostError, noPrompt, run, scriptedPrompt, testFile, testFolder } from '../../support/remote.ts';
import {
  type KeyPair,
  keyPair,
  type SshServer,
  type SshServerOptions,
  startSshServer,
} from '../../support/ssh-server.ts';
import { freePort } from '../../support/sshd.ts';

const key = keyPair();
const rsaKey = keyPair('rsa');
const ecdsaKey = keyPair('ecdsa');
const stranger = keyPair();

/** A server whose key is known, and options with which `key` logs in to it. */
async function lab(
  options: SshServerOptions = {},
): Promise<{ server: SshServer; folder: string; options: SshOptions }> {
  const server = await startSshServer({ keys: [key.public], ...options });
  onTestFinished(() => server.stop());
  const folder = testFolder();
  return {
    server,
    folder,
    options: {
      target: parseTarget(`tester@127.0.0.1:${server.port}`),
      identityFiles: [testFile(folder, 'id', key.private)],
      knownHostsFiles: [testFile(folder, 'known_hosts', knownHost(server, server.hostKeys[0]!))],
      sshConfigFile: testFile(folder, 'config', 'IdentityAgent none\nIdentityFile none\n'),
      prompt: noPrompt,
    },
  };
}

async function connect(options: SshOptions): Promise<Connection> {
  const connection = await connectSsh(options);
  onTestFinished(() => connection.close());
  return connection;
}

function knownHost(server: { readonly port: number }, hostKey: KeyPair): string {
  return `[127.0.0.1]:${server.port} ${hostKey.public.split(' ').slice(0, 2).join(' ')}\n`;
}

function fingerprintOf(pair: KeyPair): string {
  const parsed = ssh2.utils.parseKey(pair.public);
  if (parsed instanceof Error) throw parsed;
  return fingerprint(parsed.getPublicSSH());
}

describe('a connection', () => {
  it('runs commands with their input, outputs and exit code over one TCP connection', async () => {
    const { server, options } = await lab();
    const connection = await connect(options);
    expect(connection).toMatchObject({
      label: `tester@127.0.0.1:${server.port}`,
      user: 'tester',
      hostKey: fingerprintOf(server.hostKeys[0]!),
    });
    const results = await Promise.all(
      ['a', 'b', 'c'].map((text) => run(connection, 'cat; echo err >&2; exit 7', text)),
    );
    expect(results).toEqual(['a', 'b', 'c'].map((stdout) => ({ code: 7, stdout, stderr: 'err\n' })));
    expect(server.connections).toBe(1);
    expect(server.attempts).toEqual(['publickey ssh-ed25519']);
  });

  it('is byte-exact', async () => {
    const { options } = await lab();
    const connection = await connect(options);
    const channel = await connection.open('cat');
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256));
    channel.stdin.end(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of channel.stdout) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it('carries 20 MB each way with backpressure', async () => {
    const { options } = await lab();
    const connection = await connect(options);
    const channel = await connection.open('cat');
    const block = Buffer.alloc(64 * 1024, 'x');
    let waited = 0;
    const writing = (async () => {
      for (let index = 0; index < 320; index++) {
        if (channel.stdin.write(block)) continue;
        waited++;
        await new Promise((resolve) => channel.stdin.once('drain', resolve));
      }
      channel.stdin.end();
    })();
    let received = 0;
    for await (const chunk of channel.stdout) received += (chunk as Buffer).length;
    await writing;
    expect(received).toBe(20 * 1024 * 1024);
    expect(waited).toBeGreaterThan(0);
    expect(await channel.exit).toEqual({ code: 0 });
  });

  it('ends a command that no longer reads its input, without an error', async () => {
    const { options } = await lab();
    const connection = await connect(options);
    const channel = await connection.open('exit 3');
    channel.stdin.write(Buffer.alloc(8 * 1024 * 1024));
    channel.stdout.resume();
    channel.stderr.resume();
    expect(await channel.exit).toEqual({ code: 3 });
    expect(channel.stdin.destroyed).toBe(true);
    expect(await run(connection, 'echo still here')).toMatchObject({ stdout: 'still here\n' });
  });

  it('tells of the signal that ended a command', async () => {
    const { options } = await lab();
    expect(await run(await connect(options), 'kill -TERM $$')).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('settles exit though nobody reads the outputs', async () => {
    const { options } = await lab();
    const channel = await (await connect(options)).open('echo out; echo err >&2; exit 4');
    expect(await channel.exit).toEqual({ code: 4 });
  });

  it('closes twice, and opens nothing afterwards', async () => {
    const { options } = await lab();
    const connection = await connect(options);
    const channel = await connection.open('sleep 60');
    channel.stdout.resume();
    await Promise.all([connection.close(), connection.close()]);
    expect(await channel.exit).toEqual({ code: null });
    expect(connection.lost?.()).toBeUndefined();
    expect((await hostError(connection.open('true'))).paragraph).toMatch(/^tester@127\.0\.0\.1/);
  });
});

describe('a lost connection', () => {
  it('ends its channels and says why', async () => {
    const { server, options } = await lab();
    const connection = await connect(options);
    const channel = await connection.open('echo ready; sleep 60');
    const reading = (async () => {
      let text = '';
      for await (const chunk of channel.stdout) {
        text += String(chunk);
        server.drop();
      }
      return text;
    })();
    channel.stderr.resume();
    expect(await channel.exit).toEqual({ code: null });
    expect(await reading).toBe('ready\n');
    expect(channel.stdin.destroyed).toBe(true);
    expect(connection.lost?.()?.paragraph).toMatch(/closed the connection|cut/);
    expect((await hostError(connection.open('true'))).message).toBe(connection.lost?.()?.message);
  });

  it('is noticed when the host falls silent', async () => {
    const { server, options } = await lab();
    const connection = await connect({ ...options, keepaliveSeconds: 0.05 });
    const channel = await connection.open('sleep 60');
    channel.stdout.resume();
    channel.stderr.resume();
    server.freeze();
    expect(await channel.exit).toEqual({ code: null });
    expect(connection.lost?.()?.paragraph).toMatch(/no longer answers/);
  });

  it('fails the writes that wait', async () => {
    const { server, options } = await lab();
    const connection = await connect(options);
    const channel = await connection.open('sleep 60');
    channel.stdout.resume();
    channel.stderr.resume();
    const written = new Promise((resolve) => channel.stdin.write(Buffer.alloc(16 * 1024 * 1024), resolve));
    setTimeout(() => server.drop(), 50);
    expect(await written).toBeInstanceOf(Error);
    await channel.exit;
  });
});

describe('the host key', () => {
  it('is refused where it is not known and nobody can be asked, before any key is offered', async () => {
    const { server, folder, options } = await lab();
    const knownHosts = testFile(folder, 'empty', '');
    const error = await hostError(connectSsh({ ...options, knownHostsFiles: [knownHosts] }));
    expect(error.paragraph).toContain(fingerprintOf(server.hostKeys[0]!));
    expect(error.paragraph).toContain('--accept-new');
    expect(readFileSync(knownHosts, 'utf8')).toBe('');
    expect(server.attempts).toEqual([]);
  });

  it('is accepted and recorded with accept-new, in a new private file', async () => {
    const { server, folder, options } = await lab();
    const knownHosts = join(folder, 'new', 'known_hosts');
    await connect({ ...options, knownHostsFiles: [knownHosts], acceptNew: true });
    expect(readFileSync(knownHosts, 'utf8')).toBe(knownHost(server, server.hostKeys[0]!));
    expect(statSync(knownHosts).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    await connect({ ...options, knownHostsFiles: [knownHosts] });
    expect(readFileSync(knownHosts, 'utf8')).toBe(knownHost(server, server.hostKeys[0]!));
  });

  it('is recorded after a last line without its newline', async () => {
    const { server, folder, options } = await lab();
    const before = knownHost({ port: 1 }, stranger).trimEnd();
    const knownHosts = testFile(folder, 'unfinished', before);
    await connect({ ...options, knownHostsFiles: [knownHosts], acceptNew: true });
    expect(readFileSync(knownHosts, 'utf8')).toBe(`${before}\n${knownHost(server, server.hostKeys[0]!)}`);
  });

  it('is recorded once when several connections meet it at the same time', async () => {
    const { server, folder, options } = await lab();
    const knownHosts = join(folder, 'many');
    await Promise.all(
      Array.from({ length: 5 }, () => connect({ ...options, knownHostsFiles: [knownHosts], acceptNew: true })),
    );
    expect(readFileSync(knownHosts, 'utf8')).toBe(knownHost(server, server.hostKeys[0]!));
  });

  it('is asked for once on a terminal', async () => {
    const { server, folder, options } = await lab();
    const prompt = scriptedPrompt([true]);
    const knownHosts = join(folder, 'asked');
    await Promise.all([1, 2, 3].map(() => connect({ ...options, knownHostsFiles: [knownHosts], prompt })));
    expect(prompt.asked).toEqual([expect.stringContaining(fingerprintOf(server.hostKeys[0]!))]);
    expect(readFileSync(knownHosts, 'utf8')).toBe(knownHost(server, server.hostKeys[0]!));
  });

  it('is not recorded when the person says no', async () => {
    const { folder, options } = await lab();
    const knownHosts = join(folder, 'declined');
    const error = await hostError(
      connectSsh({ ...options, knownHostsFiles: [knownHosts], prompt: scriptedPrompt([false]) }),
    );
    expect(error.paragraph).toMatch(/not accepted/);
    expect(existsSync(knownHosts)).toBe(false);
  });

  it('gives the person all the time, and dials again when the server did not wait', async () => {
    const { server, folder, options } = await lab();
    const prompt = scriptedPrompt([true], 1300);
    setTimeout(() => server.drop(), 1200);
    const connection = await connect({
      ...options,
      knownHostsFiles: [join(folder, 'late')],
      prompt,
      connectTimeoutSeconds: 0.15,
    });
    expect(await run(connection, 'echo in')).toMatchObject({ stdout: 'in\n' });
    expect(prompt.asked).toHaveLength(1);
    expect(server.connections).toBe(2);
  });

  it.each([{ acceptNew: true }, { prompt: scriptedPrompt([true]) }, {}])(
    'is refused where it has changed, whatever else is allowed (%#)',
    async (more) => {
      const { server, folder, options } = await lab();
      const knownHosts = testFile(folder, 'changed', `# comment\n${knownHost(server, stranger)}`);
      const error = await hostError(connectSsh({ ...options, ...more, knownHostsFiles: [knownHosts] }));
      for (const part of [
        'CHANGED',
        fingerprintOf(server.hostKeys[0]!),
        fingerprintOf(stranger),
        `${knownHosts}:2`,
        `-R '[127.0.0.1]:${server.port}'`,
      ]) {
        expect(error.paragraph).toContain(part);
      }
      expect(server.attempts).toEqual([]);
    },
  );

  it('is refused by accept-new when another type is known, and its server offers only this one', async () => {
    const { server, folder, options } = await lab();
    const knownHosts = testFile(folder, 'other-type', knownHost(server, rsaKey));
    expect(
      (await hostError(connectSsh({ ...options, knownHostsFiles: [knownHosts], acceptNew: true }))).paragraph,
    ).toContain('CHANGED');
  });

  it.each([
    ['rsa', rsaKey],
    ['ecdsa', ecdsaKey],
  ])('of a server with several is the %s one where known_hosts has that', async (_type, known) => {
    const { server, folder, options } = await lab({ hostKeys: [stranger, rsaKey, ecdsaKey] });
    const knownHosts = testFile(folder, 'typed', knownHost(server, known));
    expect((await connect({ ...options, knownHostsFiles: [knownHosts] })).hostKey).toBe(fingerprintOf(known));
  });

  it('is refused where it is revoked', async () => {
    const { server, folder, options } = await lab();
    const text = `${knownHost(server, server.hostKeys[0]!)}@revoked * ${server.hostKeys[0]!.public}\n`;
    const error = await hostError(
      connectSsh({ ...options, knownHostsFiles: [testFile(folder, 'revoked', text)], acceptNew: true }),
    );
    expect(error.paragraph).toMatch(/revoked at .*revoked:2/);
  });

  it('of a host with a certificate authority needs the ssh command', async () => {
    const { folder, options } = await lab();
    const error = await hostError(
      connectSsh({
        ...options,
        knownHostsFiles: [testFile(folder, 'ca', `@cert-authority * ${stranger.public}\n`)],
        acceptNew: true,
      }),
    );
    expect(error.paragraph).toContain('--connection openssh');
  });

  it('is looked up under HostKeyAlias', async () => {
    const { server, folder, options } = await lab();
    const knownHosts = testFile(folder, 'alias', `web1 ${server.hostKeys[0]!.public}\n`);
    const config = testFile(folder, 'alias-config', 'IdentityAgent none\nHostKeyAlias web1\n');
    await connect({ ...options, knownHostsFiles: [knownHosts], sshConfigFile: config });
  });

  it('is at most taken as new where the configuration switches checking off', async () => {
    const { server, folder, options } = await lab();
    const config = testFile(folder, 'unchecked', 'IdentityAgent none\nStrictHostKeyChecking no\n');
    const fresh = join(folder, 'fresh');
    await connect({ ...options, sshConfigFile: config, knownHostsFiles: [fresh] });
    expect(readFileSync(fresh, 'utf8')).toBe(knownHost(server, server.hostKeys[0]!));
    const changed = testFile(folder, 'changed', knownHost(server, stranger));
    expect(
      (await hostError(connectSsh({ ...options, sshConfigFile: config, knownHostsFiles: [changed] }))).paragraph,
    ).toContain('CHANGED');
  });
});

describe('keys', () => {
  it.each([
    ['rsa', rsaKey, 'publickey ssh-rsa sha256'],
    ['ecdsa', ecdsaKey, 'publickey ecdsa-sha2-nistp256'],
  ])('of type %s log in', async (_type, pair, attempt) => {
    const { server, folder, options } = await lab({ keys: [pair.public] });
    await connect({ ...options, identityFiles: [testFile(folder, 'other', pair.private)] });
    expect(server.attempts).toEqual([attempt]);
    expect(server.asked).toBe(0);
  });

  it('are offered with a signature at once, where that needs no passphrase and no password may follow', async () => {
    const locked = keyPair('ed25519', 'open sesame');
    const { server, folder, options } = await lab({ keys: [key.public, locked.public], password: 'hunter2' });
    await connect(options);
    expect(server.asked).toBe(0);
    const file = testFile(folder, 'locked', locked.private);
    await connect({ ...options, identityFiles: [file], prompt: scriptedPrompt(['open sesame']) });
    expect(server.asked).toBe(1);
    await connect({ ...options, askPassword: true });
    expect(server.asked).toBe(2);
  });

  it('that are encrypted are asked for once, and only when a server accepts them', async () => {
    const locked = keyPair('ed25519', 'open sesame');
    const first = await lab({ keys: [locked.public] });
    const second = await lab({ keys: [locked.public] });
    const other = await lab();
    const file = testFile(first.folder, 'locked', locked.private);
    const prompt = scriptedPrompt(['wrong', 'open sesame']);
    expect((await hostError(connectSsh({ ...other.options, identityFiles: [file], prompt }))).paragraph).toContain(
      'Tried:',
    );
    expect(prompt.asked).toEqual([]);
    await Promise.all([first, second].map(({ options }) => connect({ ...options, identityFiles: [file], prompt })));
    await connect({ ...first.options, identityFiles: [file], prompt });
    expect(prompt.asked).toEqual([`Passphrase of ${file}`, `Wrong passphrase. Passphrase of ${file}`]);
  });

  it('that are encrypted are refused where nobody can be asked', async () => {
    const locked = keyPair('ed25519', 'open sesame');
    const { folder, options } = await lab({ keys: [locked.public] });
    const error = await hostError(
      connectSsh({ ...options, identityFiles: [testFile(folder, 'locked', locked.private)] }),
    );
    expect(error.paragraph).toMatch(/has a passphrase, and there is no terminal .* ssh-add/);
  });

  it('say how often the passphrase was wrong', async () => {
    const locked = keyPair('ed25519', 'open sesame');
    const { folder, options } = await lab({ keys: [locked.public] });
    const prompt = scriptedPrompt(['a', 'b', 'c']);
    const error = await hostError(
      connectSsh({ ...options, identityFiles: [testFile(folder, 'locked', locked.private)], prompt }),
    );
    expect(error.paragraph).toMatch(/wrong 3 times/);
    expect(error.paragraph).not.toMatch(/sesame/);
  });

  it.each([
    ['is missing', undefined, /does not exist/],
    ['is no key', 'hello\n', /not an SSH private key/],
    ['is empty', '', /not an SSH private key/],
    ['is a public key', key.public, /is a public key.*Name the private key/],
    ['is cut off', key.private.slice(0, 120), /not an SSH private key/],
    ['lives on a security key', securityKey(), /security key.*--connection openssh/],
  ])('fail before dialling when the file %s', async (_what, text, message) => {
    const { server, folder, options } = await lab();
    const file = text === undefined ? join(folder, 'missing') : testFile(folder, 'bad', text);
    const error = await hostError(connectSsh({ ...options, identityFiles: [file] }));
    expect(error.paragraph).toMatch(message);
    expect(error.paragraph).toContain(file);
    expect(server.connections).toBe(0);
  });

  it('given by the operator are the only ones offered', async () => {
    const { server, folder, options } = await lab();
    const config = testFile(
      folder,
      'with-key',
      `IdentityAgent none\nIdentityFile ${testFile(folder, 'right', key.private)}\n`,
    );
    const identityFiles = [testFile(folder, 'wrong', stranger.private)];
    const error = await hostError(connectSsh({ ...options, sshConfigFile: config, identityFiles }));
    expect(error.paragraph).toMatch(
      /login was refused\. The server takes publickey\. Tried: \S+wrong\. Check the user name/,
    );
    expect(server.attempts).toEqual(['publickey ssh-ed25519']);
  });

  it('of the configuration are used, and what is wrong with them is told', async () => {
    const { folder, options } = await lab();
    const { identityFiles: _, ...rest } = options;
    const good = testFile(
      folder,
      'good',
      `IdentityAgent none\nIdentityFile ${testFile(folder, 'right', key.private)}\n`,
    );
    await connect({ ...rest, sshConfigFile: good });
    const bad = testFile(folder, 'bad', `IdentityAgent none\nIdentityFile ${join(folder, 'gone')}\n`);
    expect((await hostError(connectSsh({ ...rest, sshConfigFile: bad }))).paragraph).toMatch(
      /no key to offer\. The key file \S+gone does not exist/,
    );
  });
});

describe('passwords', () => {
  it('log in without any other try', async () => {
    const { server, options } = await lab({ password: 'hunter2', maxAuthTries: 1 });
    const { identityFiles: _, ...rest } = options;
    const prompt = scriptedPrompt(['hunter2']);
    await connect({ ...rest, askPassword: true, prompt });
    await connect({ ...rest, askPassword: true, prompt });
    expect(prompt.asked).toHaveLength(1);
    expect(server.attempts).toEqual(['none', 'password', 'none', 'password']);
  });

  it('are not tried twice, nor told', async () => {
    const { server, options } = await lab({ password: 'hunter2' });
    const { identityFiles: _, ...rest } = options;
    const error = await hostError(connectSsh({ ...rest, askPassword: true, prompt: scriptedPrompt(['hunter3']) }));
    expect(error.paragraph).toMatch(/login was refused.*Tried: password/);
    expect(error.paragraph).not.toContain('hunter3');
    expect(server.attempts).toEqual(['none', 'password']);
  });

  it('answer keyboard-interactive, and further questions are asked', async () => {
    const { options } = await lab({ keys: [], questions: { 'Password: ': 'hunter2', 'One-time code: ': '123456' } });
    const { identityFiles: _, ...rest } = options;
    const prompt = scriptedPrompt(['hunter2', '123456']);
    await connect({ ...rest, askPassword: true, prompt });
    expect(prompt.asked).toEqual([expect.stringContaining('SSH password'), expect.stringContaining('One-time code:')]);
  });

  it.each([
    ['publickey', 'password'],
    ['password', 'publickey'],
  ])('and keys can both be needed: %s, then %s', async (...factors) => {
    const { server, options } = await lab({ password: 'hunter2', factors, maxAuthTries: 1 });
    const prompt = scriptedPrompt(['hunter2']);
    const { identityFiles, ...rest } = options;
    const config = testFile(testFolder(), 'config', `IdentityAgent none\nIdentityFile ${identityFiles![0]}\n`);
    await connect({ ...rest, sshConfigFile: config, askPassword: true, prompt });
    expect(server.attempts.filter((attempt) => attempt !== 'none')).toHaveLength(2);
  });

  it('are refused where nobody can be asked', async () => {
    const { options } = await lab({ password: 'hunter2' });
    const { identityFiles: _, ...rest } = options;
    expect((await hostError(connectSsh({ ...rest, askPassword: true }))).paragraph).toMatch(/no terminal to ask/);
  });

  it('are named as the way in where the server takes them', async () => {
    const { folder, options } = await lab({ password: 'hunter2' });
    const error = await hostError(
      connectSsh({ ...options, identityFiles: [testFile(folder, 'wrong', stranger.private)] }),
    );
    expect(error.paragraph).toContain('--ask-pass');
  });
});

describe('jump hosts', () => {
  it('are passed, each with its own host key and login', async () => {
    const { server, folder, options } = await lab();
    const jump = await lab({ forwarding: true });
    const second = await lab({ forwarding: true });
    const knownHosts = [options, jump.options, second.options]
      .map((each) => readFileSync(each.knownHostsFiles![0]!, 'utf8'))
      .join('');
    const config = testFile(
      folder,
      'jump',
      `Host jump1\n HostName 127.0.0.1\n Port ${jump.server.port}\n User one\nMatch all\nIdentityAgent none\n`,
    );
    const target = parseTarget(`tester@127.0.0.1:${server.port}`);
    const all = testFile(
      folder,
      'all',
      `${readFileSync(config, 'utf8')}Match host 127.0.0.1 exec "test %p = ${server.port}"\n ProxyJump jump1,two@127.0.0.1:${second.server.port}\n`,
    );
    const connection = await connect({
      ...options,
      target,
      sshConfigFile: all,
      knownHostsFiles: [testFile(folder, 'all-hosts', knownHosts)],
    });
    expect(await run(connection, 'echo through')).toMatchObject({ stdout: 'through\n' });
    expect([jump.server.connections, second.server.connections, server.connections]).toEqual([1, 1, 1]);
    expect(connection.hostKey).toBe(fingerprintOf(server.hostKeys[0]!));
    const channel = await connection.open('sleep 60');
    channel.stdout.resume();
    jump.server.drop();
    expect(await channel.exit).toEqual({ code: null });
    expect(connection.lost?.()?.paragraph).toMatch(/closed the connection|cut/);
  });

  it('are refused with an unknown key', async () => {
    const { server, folder, options } = await lab();
    const jump = await lab({ forwarding: true });
    const config = testFile(
      folder,
      'jump',
      `Host 127.0.0.1\nMatch exec "test %p = ${server.port}"\n ProxyJump tester@127.0.0.1:${jump.server.port}\n`,
    );
    const error = await hostError(connectSsh({ ...options, sshConfigFile: config }));
    expect(error.paragraph).toContain(`tester@127.0.0.1:${jump.server.port}: its host key`);
    expect(server.connections).toBe(0);
  });

  it('that cannot reach the host say so', async () => {
    const { folder, options } = await lab();
    const jump = await lab({ forwarding: false });
    const target = parseTarget(`127.0.0.1:${await freePort()}`);
    const config = testFile(
      folder,
      'jump',
      `Match exec "test %p = ${target.port}"\n ProxyJump tester@127.0.0.1:${jump.server.port}\n`,
    );
    const error = await hostError(
      connectSsh({ ...options, target, sshConfigFile: config, knownHostsFiles: jump.options.knownHostsFiles! }),
    );
    expect(error.paragraph).toMatch(/jump host cannot reach it.*TCP forwarding/);
  });
});

describe('errors', () => {
  it.each([
    [
      'a name that is not found',
      async () => 'no-such-host.invalid',
      /no host named no-such-host\.invalid|cannot be resolved/,
    ],
    ['a closed port', async () => `127.0.0.1:${await freePort()}`, /connection refused/],
  ])('tell of %s', async (_what, target, message) => {
    const { options } = await lab();
    const error = await hostError(connectSsh({ ...options, target: parseTarget(await target()) }));
    expect(error.paragraph).toMatch(message);
    expect(error.paragraph).not.toMatch(/\n|node:/);
  });

  it('tell of a host that accepts and stays silent', async () => {
    const silent = createServer(() => undefined);
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { options } = await lab();
    const error = await hostError(
      connectSsh({ ...options, target: parseTarget(`127.0.0.1:${port}`), connectTimeoutSeconds: 0.2 }),
    );
    expect(error.paragraph).toMatch(/did not finish the handshake in time/);
  });

  it.each([
    ['closes at once', (socket: Socket) => void socket.end(), /not an SSH server/],
    ['speaks HTTP', (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /not an SSH server/],
    ['cuts the line at once', (socket: Socket) => socket.resetAndDestroy(), /connection was cut/],
  ])('tell of a server that %s', async (_what, greet, message) => {
    const other = createServer((socket) => {
      socket.on('error', () => undefined);
      greet(socket);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { options } = await lab();
    const error = await hostError(connectSsh({ ...options, target: parseTarget(`127.0.0.1:${port}`) }));
    expect(error.paragraph).toMatch(message);
  });

  it('do not reach the server where a key file is not there: it may count what comes without logging in', async () => {
    let reached = 0;
    const other = createServer(() => {
      reached += 1;
    });
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { folder, options } = await lab();
    const error = await hostError(
      connectSsh({
        ...options,
        target: parseTarget(`127.0.0.1:${port}`),
        identityFiles: [join(folder, 'id_ed25519'), join(folder, 'id')],
      }),
    );
    expect(error.paragraph).toMatch(/id_ed25519 does not exist/);
    expect(reached).toBe(0);
  });

  it('name the way out when no algorithm is shared', async () => {
    const { options } = await lab({ algorithms: { kex: ['diffie-hellman-group14-sha1'] } });
    const error = await hostError(connectSsh(options));
    expect(error.paragraph).toMatch(/no key exchange algorithm in common.*--connection openssh/);
  });

  it('name the way out for a ProxyCommand', async () => {
    const { folder, options } = await lab();
    const config = testFile(folder, 'proxy', 'ProxyCommand nc %h %p\n');
    expect((await hostError(connectSsh({ ...options, sshConfigFile: config }))).paragraph).toMatch(
      /ProxyCommand.*--connection openssh/,
    );
  });

  it('tell of a broken configuration', async () => {
    const { folder, options } = await lab();
    const config = testFile(folder, 'broken', 'NoSuchOption yes\n');
    expect((await hostError(connectSsh({ ...options, sshConfigFile: config }))).paragraph).toMatch(
      /configuration cannot be read.*NoSuchOption|nosuchoption/i,
    );
  });

  it('tell of a refused session and a refused command', async () => {
    const none = await lab({ maxSessions: 0 });
    expect((await hostError((await connect(none.options)).open('true'))).paragraph).toMatch(/refuses a session/);
    const noExec = await lab({ exec: false });
    expect((await hostError((await connect(noExec.options)).open('true'))).paragraph).toMatch(
      /refuses to run commands/,
    );
  });

  it('tell of a stop', async () => {
    const { options } = await lab();
    const stop = new AbortController();
    stop.abort();
    expect((await hostError(connectSsh({ ...options, signal: stop.signal }))).paragraph).toMatch(/stopped/);
  });

  it('live on after a stop that comes once they are made: how a run ends is its own matter', async () => {
    const { options } = await lab();
    const stop = new AbortController();
    const connection = await connect({ ...options, signal: stop.signal });
    stop.abort();
    expect(await run(connection, 'echo still here')).toMatchObject({ code: 0, stdout: 'still here\n' });
  });
});

/** The file of a key on a security key, as ssh-keygen -t ed25519-sk writes it, as far as it is not encrypted. */
function securityKey(): string {
  const string = (text: string | Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const blob = Buffer.concat([string('sk-ssh-ed25519@openssh.com'), string(Buffer.alloc(32)), string('ssh:')]);
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    string('none'),
    string('none'),
    string(''),
    Buffer.from([0, 0, 0, 1]),
    string(blob),
    string(''),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
