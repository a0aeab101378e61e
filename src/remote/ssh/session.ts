import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ConnectConfig, type ParsedKey, type ServerHostKeyAlgorithm } from 'ssh2';
import { HostError } from '../../errors.ts';
import { GaveUpWaiting, patienceMs } from '../gave-up-waiting.ts';
import { hostKeyAlgorithms } from '../host-key-algorithms.ts';
import type { Prompt } from '../prompt.ts';
import { type Login, planLogin } from './auth.ts';
import { explainClientError } from './client-error.ts';
import { fingerprint } from './fingerprint.ts';
import type { HostKeyCheck } from './host-key.ts';
import type { Identities } from './identities.ts';
import { signAtOnce } from './sign-at-once.ts';
import { startWatch } from './watch.ts';

/** A logged-in ssh2 client. */
export interface Session {
  readonly client: Client;
  /** The host key's `SHA256:` fingerprint. */
  readonly hostKey: string;
  /** Why the connection ended; undefined while it lives and after `close`. */
  readonly lost: HostError | undefined;
  close(): Promise<void>;
}

/** What it takes to log in over a stream that already reaches the server. */
export interface SessionOptions {
  readonly stream: Duplex;
  readonly label: string;
  readonly user: string;
  readonly hostKeys: HostKeyCheck;
  readonly hostKeyAlgorithms: readonly string[] | undefined;
  readonly identities: Identities;
  readonly keysFirst: boolean;
  readonly askPassword: boolean;
  readonly prompt: Prompt;
  readonly timeoutMs: number;
  readonly keepaliveMs: number;
  readonly signal: AbortSignal | undefined;
}

const loginTimeoutMs = 30_000;
const closeTimeoutMs = 2_000;

/** Checks the host key and logs in; rejects with a HostError, the stream destroyed. */
export function openSession(options: SessionOptions): Promise<Session> {
  const { stream, label, hostKeys, timeoutMs } = options;
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    let trusted: Buffer | undefined;
    let login: Login | undefined;
    let lost: HostError | undefined;
    let phase: 'handshake' | 'login' | 'ready' | 'over' = 'handshake';
    let recorded: Promise<void> = Promise.resolve();
    const watch = startWatch(timeoutMs, () =>
      fail(
        new HostError(`${label}: the server did not finish the ${phase} in time`, {
          hint: 'Check that an SSH server listens there and is not overloaded',
        }),
      ),
    );

    function fail(error: HostError): void {
      if (phase === 'over') return;
      const ready = phase === 'ready';
      phase = 'over';
      lost = error;
      watch.stop();
      options.signal?.removeEventListener('abort', stopped);
      stream.destroy();
      client.destroy();
      // A question that is still open has to be answered before the terminal is free for the error.
      if (!ready) void watch.idle().then(() => reject(error));
    }

    function stopped(): void {
      fail(new HostError(`${label}: connecting was stopped`));
    }

    function gaveUp(): boolean {
      return phase !== 'ready' && watch.held() > patienceMs;
    }

    function verify(key: Buffer, done: (permitted: boolean) => void): void {
      // Called again at every rekeying.
      if (trusted) {
        done(trusted.equals(key));
        return;
      }
      watch.hold(hostKeys.verify(key)).then(
        () => {
          trusted = key;
          if (phase === 'handshake') done(true);
        },
        (error: HostError) => fail(error),
      );
    }

    client.on('handshake', () => {
      if (phase !== 'handshake') return;
      phase = 'login';
      watch.restart(Math.max(loginTimeoutMs, timeoutMs));
      recorded = hostKeys.record();
      recorded.catch((error: HostError) => fail(error));
    });
    client.on('ready', () => {
      recorded.then(
        () => {
          if (phase === 'over') return;
          phase = 'ready';
          watch.stop();
          // From now on whoever uses the connection decides how it stops.
          options.signal?.removeEventListener('abort', stopped);
          resolve({
            client,
            hostKey: fingerprint(trusted ?? Buffer.alloc(0)),
            get lost() {
              return lost;
            },
            close,
          });
        },
        () => undefined,
      );
    });
    client.on('error', (error: Error & { level?: string; code?: unknown }) => {
      // ssh2 goes on with the next key; the login tells of it should all fail.
      if (error.level === 'agent') return;
      if (phase === 'login' && login) {
        if (error.level === 'client-authentication') return fail(login.failure());
        if (error.level === undefined) return fail(login.failure(error.message));
      }
      const explained = explainClientError(error, label, phase === 'ready');
      fail(
        error.level === 'client-socket' && gaveUp()
          ? new GaveUpWaiting(explained.message, { cause: error })
          : explained,
      );
    });
    client.on('change password', () => {
      fail(new HostError(`${label}: the password has expired`, { hint: 'Log in once with ssh and set a new one' }));
    });
    client.on('close', () => {
      if (phase === 'ready') return fail(new HostError(`${label}: the server closed the connection`));
      const error = `${label}: the server closed the connection during the ${phase}`;
      const hint =
        'Its log tells why; a limit such as MaxStartups or PerSourcePenalties (after refused logins), a full process table or fail2ban may be the reason';
      fail(gaveUp() ? new GaveUpWaiting(error, { hint }) : new HostError(error, { hint }));
    });

    function close(): Promise<void> {
      if (phase === 'over') return Promise.resolve();
      phase = 'over';
      return new Promise((closed) => {
        const timer = setTimeout(() => stream.destroy(), closeTimeoutMs);
        const done = (): void => {
          clearTimeout(timer);
          closed();
        };
        // Told is enough: the server's own end of it takes one more round trip.
        stream.once('finish', done);
        client.once('close', done);
        client.end();
      });
    }

    const plan = planLogin({ ...options, watch });
    login = plan;
    const config: ConnectConfig = {
      sock: stream as NonNullable<ConnectConfig['sock']>,
      username: options.user,
      readyTimeout: 0,
      keepaliveInterval: options.keepaliveMs,
      keepaliveCountMax: 3,
      hostVerifier: verify,
      algorithms: { serverHostKey: hostKeyOrder(hostKeys.types, options.hostKeyAlgorithms) },
      authHandler: (methods, partial, next) => plan.next(methods, partial, next),
      debug: (line) => {
        if (phase !== 'login' && phase !== 'handshake') return;
        const failure = /USERAUTH_FAILURE \((.*)\)/.exec(line);
        if (failure) plan.sawFailure((failure[1] ?? '').split(',').filter((method) => method !== ''));
      },
    };
    options.signal?.addEventListener('abort', stopped);
    // The stop may have come while the rest was being made ready.
    if (options.signal?.aborted) return stopped();
    try {
      // It reads the stream once it listens, a little later: what came before that would be lost.
      client.connect(config);
      // Where a password may follow, the answer to the question tells that the key was one of several factors.
      if (!options.askPassword) signAtOnce(client, (key) => privateHalf(options.identities, key));
    } catch (error) {
      fail(new HostError(`${label}: ${(error as Error).message}`, { cause: error }));
    }
  });
}

function privateHalf({ offered }: Identities, key: ParsedKey): ParsedKey | undefined {
  const blob = key.getPublicSSH();
  return offered.find(({ publicKey }) => publicKey?.equals(blob))?.privateKey;
}

/** The types that are known for the host first, else a server with several keys shows one that looks unknown. */
function hostKeyOrder(known: readonly string[], allowed: readonly string[] | undefined): ServerHostKeyAlgorithm[] {
  const usable = hostKeyAlgorithms.filter((algorithm) => !allowed || allowed.includes(algorithm));
  const all = usable.length > 0 ? usable : hostKeyAlgorithms;
  const isKnown = (algorithm: string): boolean => known.includes(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [...all.filter(isKnown), ...all.filter((algorithm) => !isKnown(algorithm))];
}
