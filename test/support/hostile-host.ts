import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type AuthContext, type ServerChannel } from 'ssh2';
import { keyPair } from './ssh-server.ts';

/** What a host may write to steer a terminal or to pass for a line of harden's: CSI, OSC, OSC 8, C1, bidi, zero-width, backspaces, CR, Unicode's own line ends. */
export const STEERING =
  '\x1b]0;PWNED\x07\x1b[2J\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x9b31m\u202eEVIL\u2066\u200b\u{e0041}\b\b\b\u2028web2: proved: nothing differs\u0085web2: proved: nothing differs\rweb2: proved: nothing differs\r\nweb2: proved: nothing differs\n';

/** One conversation with harden, as the host sees it. */
interface Talk {
  readonly channel: ServerChannel;
  mark(...words: readonly (string | number)[]): string;
  out(text: string | Buffer): void;
  err(text: string | Buffer): void;
  both(text: string): void;
  /** Sends one text again and again, as fast as it is taken, up to so many bytes. */
  flood(stream: 'out' | 'err', text: string, bytes: number): void;
  /** Says what a host says of itself. */
  facts(name?: string): void;
  leave(status: number): void;
}

/** A batch that arrived. */
interface Batch extends Talk {
  readonly text: string;
  /** How many scripts it has. */
  readonly count: number;
  /** Which one it is, from 1. */
  readonly number: number;
  /** Answers each script, as a host that means no harm does. */
  answer(frame?: (index: number) => readonly [stdout: string, stderr: string, status?: number]): void;
}

interface Mode {
  readonly banner?: string;
  readonly ident?: string;
  readonly authentication?: (context: AuthContext) => void;
  readonly rejectSession?: true;
  /** In place of the facts. */
  readonly boot?: (talk: Talk) => void;
  /** In place of an honest answer. */
  readonly batch?: (batch: Batch) => void;
}

const GiB = 2 ** 30;
const record = (id: string) =>
  JSON.stringify({
    id: `i${STEERING}`,
    by: `b${STEERING}`,
    at: `a${STEERING}`,
    playbook: `p${id}`,
    tool: `t${STEERING}`,
    login: 'root',
    port: 22,
    client: null,
  });
const step = JSON.stringify({
  name: `n${STEERING}`,
  type: `t${STEERING}`,
  id: `i${STEERING}`,
  at: 'a',
  action: `u${STEERING}`,
  changes: [{ key: `k${STEERING}`, before: `b${STEERING}`, after: STEERING }],
  access: false,
  irreversible: STEERING,
});
const journal = (run: string, guard: string) =>
  `run\0${run}\0${record(STEERING)}\0${guard} 1\0step\0${'0001\x1b[31m'}\0+done\0${step}\0`;
/** A mark of an apply that nobody asked for, in the batch of the steps. */
const inApply = (forged: (batch: Batch) => void) => (batch: Batch) =>
  batch.text.includes('harden_io') && batch.number > 2 ? forged(batch) : batch.answer();
const badEnd =
  (...words: readonly (string | number)[]) =>
  (batch: Batch) =>
    batch.both(`${batch.mark('end', ...words)}${batch.mark('done', 0)}`);

/** Every way in which a host is hostile here. */
export const HOSTILE_MODES: Readonly<Record<string, Mode>> = {
  'a banner that steers': { banner: STEERING },
  'a banner of a megabyte': { banner: `${'B'.repeat(2 ** 20)}\n` },
  'a version that steers': { ident: `evil${STEERING.replaceAll(/[\r\n\0]/g, '')}` },
  'methods of login that steer': { authentication: (context) => context.reject([`evil${STEERING}` as 'password']) },
  'a refused login': { authentication: (context) => context.reject(['publickey']) },
  'a refused session': { rejectSession: true },
  'an end that steers, before the shell': {
    boot: (talk) => {
      talk.err(`bad ${STEERING}`);
      talk.leave(1);
    },
  },
  'random bytes instead of a shell': {
    boot: (talk) => {
      for (let at = 0; at < 20; at++) talk.out(randomBytes(65_536));
      talk.leave(0);
    },
  },
  'a flood on stdout before the shell': { boot: (talk) => talk.flood('out', 'A', 2 * GiB) },
  'a flood on stderr before the shell': { boot: (talk) => talk.flood('err', 'A', 2 * GiB) },
  'a mark without an end': {
    boot: (talk) => {
      talk.out(talk.mark('x').slice(0, -3));
      talk.flood('out', 'A', 2 * GiB);
    },
  },
  'facts of gigabytes': {
    boot: (talk) => {
      talk.out(`${talk.mark('ready')}os:PRETTY_NAME="`);
      talk.flood('out', 'A', 2 * GiB);
    },
  },
  'facts that steer': { boot: (talk) => talk.facts(STEERING) },
  'facts of a long line': { boot: (talk) => talk.facts('x'.repeat(100_000)) },
  'facts twice': {
    boot: (talk) => {
      talk.facts();
      talk.facts();
    },
  },
  'many questions for the password of sudo': {
    boot: (talk) => {
      for (let at = 0; at < 1000; at++) talk.err(talk.mark('x').replace(/^\0(\w+) x\0$/, 'harden-$1-password'));
    },
  },
  'a mark that is no mark': {
    boot: (talk) => {
      talk.facts();
      talk.both(talk.mark('hello', STEERING));
    },
  },
  'a flood on stdout': { batch: (batch) => batch.flood('out', 'A', 2 * GiB) },
  'a flood on stderr': { batch: (batch) => batch.flood('err', 'A', 2 * GiB) },
  'a flood between two batches': {
    batch: (batch) => {
      batch.answer();
      batch.flood('out', 'A', 2 * GiB);
    },
  },
  'many large answers': {
    batch: (batch) => {
      for (let at = 0; at < batch.count; at++) {
        batch.out('A'.repeat(20 * 2 ** 20));
        batch.both(batch.mark('end', at, 0));
      }
      batch.both(batch.mark('done', 0));
    },
  },
  'an answer far behind the last': { batch: badEnd(4_294_967_290, 0) },
  'an answer behind a gap': { batch: badEnd(1, 0) },
  'an answer without a number': { batch: badEnd('x', 'y') },
  'an answer with a number below zero': { batch: badEnd(-1, 0) },
  'an answer that names an object’s own key': { batch: badEnd('__proto__', 0) },
  'a status that is none': { batch: badEnd(0, '9e99') },
  'two statuses': {
    batch: (batch) => {
      batch.out(batch.mark('end', 0, 0));
      batch.err(batch.mark('end', 0, 1));
    },
  },
  'no answer at all': { batch: (batch) => batch.both(batch.mark('done', 0)) },
  'millions of beginnings': { batch: (batch) => batch.flood('out', batch.mark('begin', 1000), GiB) },
  'answers again and again': {
    batch: (batch) => {
      for (let at = 0; at < 5; at++)
        for (let index = 0; index < batch.count; index++) batch.both(batch.mark('end', index, 0));
      batch.both(batch.mark('done', 0));
    },
  },
  'an end in the middle of a mark': {
    batch: (batch) => {
      batch.out(batch.mark('end', 0).slice(0, -1));
      batch.leave(0);
    },
  },
  'an end that steers': {
    batch: (batch) => {
      batch.err(`died ${STEERING}`);
      batch.leave(1);
    },
  },
  'an end with a long line': {
    batch: (batch) => {
      batch.err('x'.repeat(2 ** 20));
      batch.leave(1);
    },
  },
  'answers that steer': { batch: (batch) => batch.answer(() => [STEERING, STEERING, 70]) },
  'answers that look right and steer': {
    batch: (batch) => batch.answer(() => [`path:/etc\npath:/etc/hostname\n${STEERING}`, STEERING]),
  },
  'answers that are not UTF-8': { batch: (batch) => batch.answer(() => ['\ud800\0\0\0', '\udfff']) },
  'a journal that steers': {
    batch: (batch) => batch.answer((index) => (index === 0 ? [journal(`2026${STEERING}-run`, 'none'), ''] : ['', ''])),
  },
  'a journal with a guard that steers': {
    batch: (batch) =>
      batch.answer((index) => (index === 0 ? [journal('2026-run', `x${STEERING.replaceAll(' ', '')}`), ''] : ['', ''])),
  },
  'a step that began unasked': {
    batch: inApply((batch) => batch.both(`${batch.mark('begin', 7777)}${batch.mark('done', 0)}`)),
  },
  'a step far behind the last': { batch: inApply(badEnd(40_000_000, 0)) },
  'steps that are left out': {
    batch: inApply((batch) => batch.both(`${batch.mark('applied', 0)}${batch.mark('done', 0)}`)),
  },
  'a step that fails and steers': {
    batch: inApply((batch) => {
      batch.both(batch.mark('begin', 0));
      batch.err(STEERING);
      batch.both(`${batch.mark('end', 0, 1)}${batch.mark('applied', 0)}${batch.mark('done', 0)}`);
    }),
  },
};

/** A hostile ssh server on loopback: any key logs in. */
export async function hostileHost(mode: Mode): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<{ end(): void }>();
  const server = new ssh2.Server(
    {
      hostKeys: [keyPair().private],
      ...(mode.banner === undefined ? {} : { banner: mode.banner }),
      ident: mode.ident ?? 'host',
    },
    (client) => {
      sockets.add(client);
      client.on('error', () => undefined);
      client.on('authentication', (context) => {
        if (mode.authentication) mode.authentication(context);
        else if (context.method === 'publickey') context.accept();
        else context.reject(['publickey']);
      });
      client.on('session', (accept, reject) => {
        if (mode.rejectSession) return reject();
        accept().on('exec', (take, _refuse, { command }) => {
          const nonce = /harden-([0-9a-f]{24})-password/.exec(command)?.[1] ?? 'x';
          converse(take(), nonce, mode, () => client.end());
        });
      });
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.end();
      server.close();
    },
  };
}

function converse(channel: ServerChannel, nonce: string, mode: Mode, hangUp: () => void): void {
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
  const mark = (...words: readonly (string | number)[]) => `\0${nonce} ${words.join(' ')}\0`;
  const out = (text: string | Buffer) => void channel.write(text);
  const err = (text: string | Buffer) => void channel.stderr.write(text);
  const talk: Talk = {
    channel,
    mark,
    out,
    err,
    both(text) {
      out(text);
      err(text);
    },
    flood(stream, text, bytes) {
      const chunk = Buffer.from(text.repeat(Math.ceil(32_768 / text.length)));
      const to = stream === 'out' ? channel : channel.stderr;
      let sent = 0;
      const go = () => {
        while (sent < bytes && !channel.destroyed) {
          sent += chunk.length;
          if (!to.write(chunk)) {
            if (stream === 'out') channel.once('drain', go);
            else setTimeout(go, 1);
            return;
          }
        }
      };
      go();
    },
    facts(name = '') {
      out(mark('ready'));
      out(
        `os:ID=debian\nos:VERSION_ID="12"\nos:PRETTY_NAME="Debian ${name}"\nuid=0\nlogin=root\nssh=127.0.0.1 1 127.0.0.1 22\nhost${name.replaceAll(/\s/g, '')} 6.1 x86_64\nsystemd\napt\n`,
      );
      out(mark('facts'));
    },
    leave(status) {
      channel.exit(status);
      channel.end();
      setTimeout(hangUp, 100);
    },
  };
  if (mode.boot) mode.boot(talk);
  else talk.facts();
  let text = '';
  let number = 0;
  channel.on('data', (data: Buffer) => {
    text += data.toString('latin1');
    if (!text.includes(`${nonce} done 0`)) return;
    const whole = text;
    text = '';
    const count = [...whole.matchAll(/ end (\d+) /g)].reduce((most, [, index]) => Math.max(most, Number(index) + 1), 0);
    const batch: Batch = {
      ...talk,
      text: whole,
      count,
      number: ++number,
      answer(frame = () => ['', '']) {
        talk.both(mark('begin', 0));
        for (let index = 0; index < count; index++) {
          const [stdout, stderr, status = 0] = frame(index);
          out(stdout);
          err(stderr);
          talk.both(mark('end', index, status));
        }
        if (whole.includes('harden_apply')) talk.both(mark('applied', 0));
        talk.both(mark('done', 0));
      },
    };
    if (mode.batch) mode.batch(batch);
    else batch.answer();
  });
}
