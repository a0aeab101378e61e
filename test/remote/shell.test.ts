import { afterEach, expect, test } from 'vitest';
import type { HostError } from '../../src/errors.ts';
import type { Channel } from '../../src/remote/connection.ts';
import { connectLocal } from '../../src/remote/local.ts';
import { readFacts } from '../../src/remote/read-facts.ts';
import { quote } from '../../src/remote/sh.ts';
import { RootShell } from '../../src/remote/shell.ts';

const open: RootShell[] = [];

async function shell(): Promise<RootShell> {
  const opened = await RootShell.open(await connectLocal());
  open.push(opened);
  return opened;
}

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

test('each probe has its own subshell, an empty stdin, and its own stdout, stderr and status', async () => {
  const root = await shell();
  const { frames } = await root.probe([
    'x=1; echo out; echo err >&2',
    'echo "${x:-unset}"; wc -c; exit 7',
    "printf 'a\\0b\\377'",
  ]);
  expect(frames.map(({ exitCode }) => exitCode)).toEqual([0, 7, 0]);
  expect(frames.map(({ stdout }) => stdout.toString('latin1'))).toEqual(['out\n', 'unset\n0\n', 'a\0b\xff']);
  expect(frames.map(({ stderr }) => stderr.toString())).toEqual(['err\n', '', '']);
});

test('an apply stops at the first failure, and the shell lives on', async () => {
  const root = await shell();
  const { frames } = await root.apply(['echo one', 'echo why >&2; exit 3', 'echo never']);
  expect(frames.map(({ exitCode, stdout, stderr }) => [exitCode, `${stdout}`, `${stderr}`])).toEqual([
    [0, 'one\n', ''],
    [3, '', 'why\n'],
  ]);
  expect((await root.probe(['echo alive'])).frames[0]?.stdout.toString()).toBe('alive\n');
});

test('stop lets the running step finish and starts no other', async () => {
  const root = await shell();
  const { frames } = await root.apply(['sleep 0.4; echo finished', 'echo never'], { onStart: () => root.stop() });
  expect(frames.map(({ stdout }) => stdout.toString())).toEqual(['finished\n']);
});

test('each sign of life from here reaches the host while a step runs, and none after it', async () => {
  const root = await shell();
  await root.apply([{ inShell: 'beats=$(mktemp)' }]);
  const { frames } = await root.apply(['sleep 0.5; wc -l <"$beats"'], {
    beat: { script: 'echo >>"$beats"', milliseconds: 100 },
  });
  expect(Number(frames[0]?.stdout.toString())).toBeGreaterThan(2);
  const later = await root.apply(['sleep 0.3; wc -l <"$beats"; rm "$beats"']);
  expect(Number(later.frames[0]?.stdout.toString())).toBeLessThan(7);
});

test('a script can have the stream itself, byte for byte, and the shell is free again afterwards', async () => {
  const root = await shell();
  const { stream, ended } = root.raw('printf "hello\\0"; head -c 300000 | tr a b; echo why >&2; exit 4');
  expect(() => root.raw('true')).toThrow(/already running/);
  const heard: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => heard.push(chunk));
  stream.write(Buffer.alloc(200_000, 'a'));
  stream.write(Buffer.alloc(100_000, 'a'));
  expect(await ended).toEqual({ exitCode: 4, stderr: 'why\n' });
  const all = Buffer.concat(heard).toString('latin1');
  expect([all.slice(0, 6), all.length, all.endsWith('bbb')]).toEqual(['hello\0', 300_006, true]);
  expect((await root.probe(['echo alive'])).frames[0]?.stdout.toString()).toBe('alive\n');
});

test('a raw run whose shell goes ends, and says so', async () => {
  const root = await shell();
  const { ended } = root.raw('kill -9 $$');
  expect((await ended).exitCode).toBeNull();
});

test('a batch of any length is followed by the next one', async () => {
  const root = await shell();
  for (let length = 8000; length < 8400; length += 7) {
    const { frames } = await root.apply([`: ${'x'.repeat(length)}`, 'echo ran']);
    expect(frames.map(({ stdout }) => stdout.toString())).toEqual(['', 'ran\n']);
  }
});

test('what runs in the root shell itself lasts; what runs in a step does not', async () => {
  const root = await shell();
  await root.apply([{ inShell: 'harden_test=kept' }, 'harden_test=lost']);
  expect((await root.probe(['echo "$harden_test"'])).frames[0]?.stdout.toString()).toBe('kept\n');
});

test('a batch that is cut off on its way runs nothing', async () => {
  const connection = await connectLocal();
  const channel = await connection.open('exec sh');
  let out = '';
  channel.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  channel.stdin.end('harden_batch() {\n(\necho ran\n) </dev/null\nprintf end');
  const { code } = await channel.exit;
  expect(code).not.toBe(0);
  expect(out).toBe('');
});

test('20 MB go out and come back exact', async () => {
  const root = await shell();
  const { frames } = await root.probe(['head -c 20000000 /dev/zero | tr "\\0" "\\377"']);
  expect(frames[0]?.stdout.length).toBe(20_000_000);
  expect(frames[0]?.stdout.every((byte) => byte === 255)).toBe(true);
});

test('a login whose shell never comes is told of in time, or given up when asked to, and is closed', async () => {
  const hangs = async () => {
    const connection = await connectLocal();
    const channels: Channel[] = [];
    const open = async () => {
      const channel = await connection.open('exec sleep 60');
      channels.push(channel);
      return channel;
    };
    return { connection: { ...connection, open }, channels };
  };
  const silent = await hangs();
  await expect(RootShell.open(silent.connection, { timeoutMs: 300 })).rejects.toThrow(
    /no root shell on .*: the login succeeded, and no shell came in 0.3 seconds/,
  );
  expect(await silent.channels[0]?.exit).toMatchObject({ signal: 'SIGTERM' });
  const stopped = await hangs();
  await expect(RootShell.open(stopped.connection, { signal: AbortSignal.timeout(300) })).rejects.toThrow(
    /connecting was stopped/,
  );
  expect(await stopped.channels[0]?.exit).toMatchObject({ signal: 'SIGTERM' });
});

test.each([
  ['Password change required but no TTY available.', /the password has expired\. Log in once/],
  [
    'sudo: /etc/sudoers is world writable\nsudo: no valid sudoers sources found, quitting\nsudo: error initializing audit plugin sudoers_audit',
    /no root shell on .*: sudo: \/etc\/sudoers is world writable/,
  ],
  ['sudo: sorry, you must have a tty to run sudo', /requiretty/],
])('what a host says instead of giving a root shell is told: %s', async (said, told) => {
  const connection = await connectLocal();
  const open = () => connection.open(`echo ${quote(said)} >&2; exit 1`);
  const refused = RootShell.open({ ...connection, open }).catch((error: HostError) => error.paragraph);
  expect(await refused).toMatch(told);
});

test('a root shell that may start no program, as with noexec in sudoers, is told of', () => {
  expect(() => readFacts('uid=\nlogin=web\nssh=\n')).toThrow(/may not start any program/);
});
