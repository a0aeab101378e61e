import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Connection } from '../../src/remote/connection.ts';
import { connectOpenSsh } from '../../src/remote/openssh.ts';
import { connectSsh } from '../../src/remote/ssh/connect.ts';
import type { SshOptions } from '../../src/remote/ssh-options.ts';
import { parseTarget } from '../../src/remote/target.ts';
import { hostError, noPrompt, run, scriptedPrompt, testFile, testFolder } from '../support/remote.ts';
import { startAgent } from '../support/ssh-agent.ts';
import { keyPair, startSshServer } from '../support/ssh-server.ts';
import { freePort, haveSshd, keygen, type Sshd, startSshd } from '../support/sshd.ts';
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';

const transports = [
  ['the built-in client', connectSsh],
  ['the ssh command', connectOpenSsh],
] as const;

describe.skipIf(!haveSshd).each(transports)('%s and OpenSSH’s server', (_name, connectWith) => {
  interface Lab {
    readonly sshd: Sshd;
    readonly proxy: TcpProxy;
    readonly folder: string;
    readonly options: SshOptions;
  }

  /** A server behind a proxy that counts, and options that log in to it. */
  async function lab(lines: readonly string[] = [], config = 'IdentityAgent none\n'): Promise<Lab> {
    const sshd = await startSshd(lines);
    onTestFinished(() => sshd.stop());
    const proxy = await tcpProxy(sshd.port);
    onTestFinished(() => proxy.stop());
    const folder = testFolder();
    const known = readFileSync(sshd.knownHosts, 'utf8').replaceAll(String(sshd.port), String(proxy.port));
    return {
      sshd,
      proxy,
      folder,
      options: {
        target: parseTarget(`${sshd.user}@127.0.0.1:${proxy.port}`),
        identityFiles: [sshd.keyFile],
        knownHostsFiles: [testFile(folder, 'known_hosts', known)],
        sshConfigFile: testFile(folder, 'config', config),
        prompt: noPrompt,
      },
    };
  }

  async function connect(options: SshOptions): Promise<Connection> {
    const connection = await connectWith(options);
    onTestFinished(() => connection.close());
    return connection;
  }

  function fingerprintOf({ folder }: Sshd): string {
    return keygen(['-lf', join(folder, 'host_ed25519.pub')]).split(' ')[1] ?? '';
  }

  it('run commands over one TCP connection', async () => {
    const { sshd, proxy, options } = await lab();
    const connection = await connect(options);
    expect(connection).toMatchObject({ label: options.target.name, user: sshd.user, hostKey: fingerprintOf(sshd) });
    const results = await Promise.all(
      ['a', 'b', 'c'].map((text) => run(connection, 'cat; echo err >&2; exit 7', text)),
    );
    expect(results).toEqual(['a', 'b', 'c'].map((stdout) => ({ code: 7, stdout, stderr: 'err\n' })));
    expect(proxy.connections).toBe(1);
  });

  it('carry 20 MB each way', async () => {
    const { options } = await lab();
    const connection = await connect(options);
    const input = Buffer.alloc(20 * 1024 * 1024, 'x');
    const channel = await connection.open('cat');
    channel.stdin.end(input);
    let received = 0;
    for await (const chunk of channel.stdout) received += (chunk as Buffer).length;
    expect(received).toBe(input.length);
    expect(await channel.exit).toEqual({ code: 0 });
  });

  it('leave nothing behind', async () => {
    const { options } = await lab();
    const temporary = testFolder();
    vi.stubEnv('TMPDIR', temporary);
    onTestFinished(() => void vi.unstubAllEnvs());
    const connection = await connect(options);
    await run(connection, 'true');
    await connection.close();
    await connection.close();
    await hostError(connectWith({ ...options, identityFiles: [join(temporary, 'none')] }));
    await hostError(connectWith({ ...options, target: parseTarget(`127.0.0.1:${await freePort()}`) }));
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('need one session only, and say when a second is refused', async () => {
    const { proxy, options } = await lab(['MaxSessions 1', 'DisableForwarding yes', 'MaxAuthTries 1']);
    const connection = await connect(options);
    const first = await connection.open('cat');
    expect((await hostError(connection.open('true'))).paragraph).toMatch(/refuses a session/);
    first.stdin.end('still here');
    expect(await new Response(first.stdout as never).text()).toBe('still here');
    expect(proxy.connections).toBe(1);
  });

  it('tell of a cut connection, and do not dial again', async () => {
    const { proxy, options } = await lab();
    const connection = await connect(options);
    const channel = await connection.open('sleep 60');
    channel.stdout.resume();
    channel.stderr.resume();
    proxy.drop();
    expect(await channel.exit).toEqual({ code: null });
    expect(connection.lost?.()?.paragraph).toMatch(/^\S+: (the server closed the connection|the connection was cut)/);
    await hostError(connection.open('true'));
    expect(proxy.connections).toBe(1);
  });

  it('tell of a silent host', async () => {
    const { proxy, options } = await lab();
    const connection = await connect({ ...options, keepaliveSeconds: 1 });
    const channel = await connection.open('sleep 60');
    channel.stdout.resume();
    channel.stderr.resume();
    proxy.freeze();
    expect(await channel.exit).toEqual({ code: null });
    expect(connection.lost?.()?.paragraph).toMatch(/no longer answers/);
  });

  it('refuse an unknown host key, with its fingerprint', async () => {
    const { sshd, folder, options } = await lab();
    const error = await hostError(connectWith({ ...options, knownHostsFiles: [testFile(folder, 'empty', '')] }));
    expect(error.paragraph).toContain(fingerprintOf(sshd));
    expect(error.paragraph).toContain('--accept-new');
  });

  it('record an unknown host key with accept-new, or when the person says yes', async () => {
    const { sshd, folder, options } = await lab();
    const known = readFileSync(options.knownHostsFiles![0]!, 'utf8').trim();
    expect(
      (
        await hostError(
          connectWith({ ...options, knownHostsFiles: [join(folder, 'no')], prompt: scriptedPrompt([false]) }),
        )
      ).paragraph,
    ).toMatch(/not .*accepted/);
    await connect({ ...options, knownHostsFiles: [join(folder, 'new')], acceptNew: true });
    expect(readFileSync(join(folder, 'new'), 'utf8').trim()).toBe(known);
    const prompt = scriptedPrompt([true]);
    await connect({ ...options, knownHostsFiles: [join(folder, 'asked')], prompt });
    expect(readFileSync(join(folder, 'asked'), 'utf8').trim()).toBe(known);
    expect(prompt.asked).toEqual([expect.stringContaining(fingerprintOf(sshd))]);
  });

  it('refuse a changed host key', async () => {
    const { sshd, proxy, folder, options } = await lab();
    const stranger = keyPair();
    const knownHosts = testFile(folder, 'changed', `\n[127.0.0.1]:${proxy.port} ${stranger.public}\n`);
    const error = await hostError(connectWith({ ...options, knownHostsFiles: [knownHosts], acceptNew: true }));
    for (const part of ['CHANGED', fingerprintOf(sshd), `${knownHosts}:2`, 'ssh-keygen -f'])
      expect(error.paragraph).toContain(part);
  });

  it('take a host certificate only with the ssh command', async () => {
    const folder = testFolder();
    keygen(['-t', 'ed25519', '-f', join(folder, 'ca')]);
    const { sshd, proxy, options } = await lab([`HostCertificate ${join(folder, 'host-cert.pub')}`]).catch(() => lab());
    keygen(['-s', join(folder, 'ca'), '-I', 'host', '-h', '-n', '127.0.0.1', join(sshd.folder, 'host_ed25519.pub')]);
    const signed = await startSshd([
      `HostKey ${join(sshd.folder, 'host_ed25519')}`,
      `HostCertificate ${join(sshd.folder, 'host_ed25519-cert.pub')}`,
    ]);
    onTestFinished(() => signed.stop());
    const target = parseTarget(`127.0.0.1:${signed.port}`);
    const authority = `@cert-authority [127.0.0.1]:${signed.port},127.0.0.1 ${readFileSync(join(folder, 'ca.pub'), 'utf8')}`;
    const trusting = {
      ...options,
      target,
      identityFiles: [signed.keyFile],
      knownHostsFiles: [testFile(folder, 'authority', authority)],
    };
    if (connectWith === connectSsh)
      expect((await hostError(connectWith(trusting))).paragraph).toContain('--connection openssh');
    else expect(await run(await connect(trusting), 'echo in')).toMatchObject({ stdout: 'in\n' });
    expect(proxy.connections).toBe(0);
  });

  it('reach a post-quantum-only server with the ssh command alone', async () => {
    const { options } = await lab(['KexAlgorithms sntrup761x25519-sha512@openssh.com']);
    if (connectWith === connectSsh) {
      const error = await hostError(connectWith(options));
      expect(error.paragraph).toMatch(/no key exchange algorithm in common.*--connection openssh/);
    } else expect(await run(await connect(options), 'echo in')).toMatchObject({ stdout: 'in\n' });
  });

  it('go through a ProxyCommand with the ssh command alone', async () => {
    const { sshd, folder, options } = await lab();
    const relay = testFile(
      folder,
      'relay.cjs',
      "const s = require('node:net').connect(process.argv[2], '127.0.0.1'); process.stdin.pipe(s).pipe(process.stdout);\n",
    );
    const sshConfigFile = testFile(
      folder,
      'proxy',
      `IdentityAgent none\nProxyCommand ${process.execPath} ${relay} ${sshd.port}\n`,
    );
    if (connectWith === connectSsh) {
      expect((await hostError(connectWith({ ...options, sshConfigFile }))).paragraph).toMatch(
        /ProxyCommand.*--connection openssh/,
      );
    } else expect(await run(await connect({ ...options, sshConfigFile }), 'echo in')).toMatchObject({ stdout: 'in\n' });
  });

  it('use the agent, where IdentitiesOnly picks its one right key', async () => {
    const folder = testFolder();
    for (const name of ['one', 'two', 'three']) keygen(['-t', 'ed25519', '-f', join(folder, name)]);
    const { sshd, options } = await lab(['MaxAuthTries 2']);
    const strangers = ['one', 'two', 'three'].map((name) => join(folder, name));
    const agent = await startAgent(folder, [...strangers, sshd.keyFile]);
    const { identityFiles: _, ...rest } = options;
    const greedy = testFile(folder, 'greedy', `IdentityAgent ${agent}\n`);
    const error = await hostError(connectWith({ ...rest, sshConfigFile: greedy }));
    expect(error.paragraph).toMatch(/too many wrong tries\. Tried: .*IdentitiesOnly/);
    const modest = testFile(
      folder,
      'modest',
      `IdentityAgent ${agent}\nIdentityFile ${sshd.keyFile}.pub\nIdentitiesOnly yes\n`,
    );
    expect(await run(await connect({ ...rest, sshConfigFile: modest }), 'echo in')).toMatchObject({ stdout: 'in\n' });
    const first = testFile(folder, 'first', `IdentityAgent ${agent}\nIdentityFile ${sshd.keyFile}\n`);
    expect(await run(await connect({ ...rest, sshConfigFile: first }), 'echo in')).toMatchObject({ stdout: 'in\n' });
  });

  it.each(['ed25519', 'rsa', 'ecdsa'])('log in with an encrypted %s key, asking for its passphrase', async (type) => {
    const { sshd, folder, options } = await lab(['MaxAuthTries 1']);
    const locked = join(folder, 'locked');
    keygen(['-t', type, '-N', 'open sesame', '-f', locked]);
    testFile(sshd.folder, 'authorized_keys', readFileSync(`${locked}.pub`, 'utf8'));
    const prompt = scriptedPrompt(['open sesame']);
    expect(await run(await connect({ ...options, identityFiles: [locked], prompt }), 'echo in')).toMatchObject({
      stdout: 'in\n',
    });
    expect(await run(await connect({ ...options, identityFiles: [locked], prompt }), 'echo in')).toMatchObject({
      stdout: 'in\n',
    });
    expect(prompt.asked).toEqual([`Passphrase of ${locked}`]);
  });

  it('log in with older key formats', async () => {
    const { sshd, folder, options } = await lab();
    for (const [type, format] of [
      ['rsa', 'PEM'],
      ['ecdsa', 'PEM'],
      ['rsa', 'PKCS8'],
      ['ecdsa', 'PKCS8'],
    ] as const) {
      const file = join(folder, `${type}-${format}`);
      keygen(['-t', type, '-m', format, '-f', file]);
      testFile(sshd.folder, 'authorized_keys', readFileSync(`${file}.pub`, 'utf8'));
      expect(await run(await connect({ ...options, identityFiles: [file] }), 'echo in')).toMatchObject({
        stdout: 'in\n',
      });
    }
  });

  it('tell what was tried and what the server takes', async () => {
    const { folder, options } = await lab(['PasswordAuthentication no', 'KbdInteractiveAuthentication no']);
    keygen(['-t', 'ed25519', '-f', join(folder, 'stranger')]);
    const error = await hostError(connectWith({ ...options, identityFiles: [join(folder, 'stranger')] }));
    expect(error.paragraph).toMatch(
      /login was refused\. The server takes publickey\. Tried: \S+stranger\. Check the user name/,
    );
  });

  it('pass a jump host', async () => {
    const { sshd, proxy, folder, options } = await lab();
    const jump = await lab();
    testFile(jump.sshd.folder, 'authorized_keys', readFileSync(`${sshd.keyFile}.pub`, 'utf8'));
    const hosts = [options, jump.options].map((each) => readFileSync(each.knownHostsFiles![0]!, 'utf8')).join('');
    const config = testFile(
      folder,
      'jumping',
      `IdentityAgent none\nHost inner\n HostName 127.0.0.1\n Port ${proxy.port}\n ProxyJump 127.0.0.1:${jump.proxy.port}\n`,
    );
    const through = {
      ...options,
      target: parseTarget('inner'),
      sshConfigFile: config,
      knownHostsFiles: [testFile(folder, 'both', hosts)],
    };
    expect(await run(await connect(through), 'echo in')).toMatchObject({ stdout: 'in\n' });
    expect(jump.proxy.connections).toBe(1);
    const error = await hostError(connectWith({ ...through, knownHostsFiles: options.knownHostsFiles! }));
    expect(error.paragraph).toMatch(/host key.*is not known/);
  });

  it.each<[string, () => string | Promise<string>, RegExp, Partial<SshOptions>]>([
    [
      'a name that is not found',
      () => 'no-such-host.invalid',
      /no host named no-such-host\.invalid|cannot be resolved/,
      {},
    ],
    ['a closed port', async () => `127.0.0.1:${await freePort()}`, /connection refused/, {}],
    ['a missing key', () => '127.0.0.1', /does not exist/, { identityFiles: ['/nonexistent/key'] }],
  ])('tell of %s', async (_what, target, message, more) => {
    const { options } = await lab();
    const error = await hostError(connectWith({ ...options, target: parseTarget(await target()), ...more }));
    expect(error.paragraph).toMatch(message);
    expect(error.paragraph).not.toContain('\n');
  });

  it('tell of a host that accepts and stays silent', async () => {
    const silent = createServer(() => undefined);
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { options } = await lab();
    const error = await hostError(
      connectWith({ ...options, target: parseTarget(`127.0.0.1:${port}`), connectTimeoutSeconds: 1 }),
    );
    expect(error.paragraph).toMatch(/in time/);
  });

  it('stop when asked to', async () => {
    const silent = createServer(() => undefined);
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { options } = await lab();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const error = await hostError(
      connectWith({ ...options, target: parseTarget(`127.0.0.1:${port}`), signal: stop.signal }),
    );
    expect(error.paragraph).toMatch(/was stopped/);
  });

  it('tell of a broken configuration', async () => {
    const { folder, options } = await lab();
    const error = await hostError(
      connectWith({ ...options, sshConfigFile: testFile(folder, 'broken', 'NoSuchOption yes\n') }),
    );
    expect(error.paragraph).toMatch(/configuration cannot be read.*nosuchoption/i);
  });
});

describe.each(transports)('%s and a password', (name, connectWith) => {
  async function lab(answer: string, delayMs = 0) {
    const server = await startSshServer({ password: 'correct horse' });
    onTestFinished(() => server.stop());
    const folder = testFolder();
    const prompt = scriptedPrompt([answer], delayMs);
    const options: SshOptions = {
      target: parseTarget(`tester@127.0.0.1:${server.port}`),
      acceptNew: true,
      askPassword: true,
      knownHostsFiles: [join(folder, 'known_hosts')],
      sshConfigFile: testFile(folder, 'config', 'IdentityAgent none\nIdentityFile none\n'),
      prompt,
    };
    return { server, prompt, options };
  }

  it('asks for it once, and shows it in neither arguments nor environment', async () => {
    const { server, prompt, options } = await lab('correct horse', 300);
    const connecting = connectWith(options);
    const seen = watchProcesses('correct horse');
    const connection = await connecting;
    onTestFinished(() => connection.close());
    expect(await run(connection, 'echo in')).toMatchObject({ stdout: 'in\n' });
    expect(seen()).toEqual([]);
    expect(prompt.asked).toHaveLength(1);
    expect(server.attempts).toContain('password');
    expect(server.connections).toBe(1);
  });

  it('says that it was wrong, without repeating it', async () => {
    const { server, options } = await lab('wrong horse');
    const error = await hostError(connectWith(options));
    expect(error.paragraph).toMatch(/login was refused\. .*Tried: password\. Check the user name and the password/);
    expect(error.paragraph).not.toContain('horse');
    expect(
      server.attempts.filter((attempt) => attempt === 'password'),
      name,
    ).toHaveLength(1);
  });
});

/** Looks at every process's arguments and environment until the returned function is called; returns the processes that showed `secret`. */
function watchProcesses(secret: string): () => string[] {
  const found = new Set<string>();
  const look = (): void => {
    for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      for (const part of ['cmdline', 'environ']) {
        try {
          if (readFileSync(`/proc/${id}/${part}`, 'latin1').includes(secret)) found.add(`${id}/${part}`);
        } catch {
          // Gone, or another user's.
        }
      }
    }
  };
  const timer = setInterval(look, 10);
  return () => {
    clearInterval(timer);
    return [...found];
  };
}
