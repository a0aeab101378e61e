import { access, constants } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { HostError } from '../../errors.ts';
import type { Channel, Connection } from '../connection.ts';
import { withPatience } from '../gave-up-waiting.ts';
import type { SshOptions } from '../ssh-options.ts';
import { parseTarget, type Target } from '../target.ts';
import { wrapChannel } from './channel.ts';
import { dial } from './dial.ts';
import { expandHome } from './expand-path.ts';
import { hostKeyCheck } from './host-key.ts';
import type { Session } from './session.ts';
import { hasSshConfig, readSshConfig, type SshConfig } from './ssh-config.ts';

export type { SshOptions } from '../ssh-options.ts';

const defaultTimeoutSeconds = 10;
const defaultKeepaliveSeconds = 15;

/** Logs in with the built-in SSH client: one TCP connection, through jump hosts where the configuration says so. Rejects with a HostError. */
export async function connectSsh(options: SshOptions): Promise<Connection> {
  const route = await routeTo(options.target, options.sshConfigFile);
  return withPatience(() => connectAlong(route, options));
}

/** Logs in over a stream that reaches the target's server already, with the same identities and the same host keys. Rejects with a HostError, the stream destroyed. */
export async function connectSshOver(stream: Duplex, options: SshOptions): Promise<Connection> {
  const hop = (await routeTo(options.target, options.sshConfigFile)).at(-1)!;
  return connectionOver(hop, [await openHop(hop, undefined, true, options, stream)]);
}

/** One server on the way; the last one is the target. */
interface Hop {
  readonly target: Target;
  readonly config: SshConfig;
  readonly label: string;
}

const maxHops = 8;

async function routeTo(target: Target, configFile: string | undefined, followJump = true): Promise<readonly Hop[]> {
  const route: Hop[] = [];
  let next: Target | undefined = target;
  let follow = followJump;
  const waiting: Target[] = [];
  while (next) {
    const config = await readSshConfig(next, configFile);
    const label = labelOf(config);
    if (config.proxyCommand !== undefined && follow) {
      throw new HostError(
        `${label}: the ssh configuration has a ProxyCommand for it, which the built-in SSH client cannot run`,
        {
          hint: 'Use --connection openssh',
        },
      );
    }
    route.unshift({ target: next, config, label });
    if (route.length > maxHops)
      throw new HostError(`${labelOf(route.at(-1)!.config)}: the jump hosts of the ssh configuration lead in a circle`);
    const jumps: readonly Target[] =
      follow && config.proxyJump !== undefined ? config.proxyJump.split(',').map((jump) => parseTarget(jump)) : [];
    // Only the first of several jump hosts may have one of its own, as with ssh.
    waiting.push(...jumps);
    next = waiting.pop();
    follow = waiting.length === 0;
  }
  return route;
}

function labelOf({ user, host, port }: SshConfig): string {
  return `${user}@${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function connectAlong(route: readonly Hop[], options: SshOptions): Promise<Connection> {
  const sessions: Session[] = [];
  const target = route.at(-1)!;
  try {
    for (const hop of route) {
      if (options.signal?.aborted) throw new HostError(`${hop.label}: connecting was stopped`);
      sessions.push(await openHop(hop, sessions.at(-1), hop === target, options));
    }
    return connectionOver(target, sessions);
  } catch (error) {
    await closeAll(sessions);
    throw error;
  }
}

async function openHop(
  hop: Hop,
  previous: Session | undefined,
  isTarget: boolean,
  options: SshOptions,
  given?: Duplex,
): Promise<Session> {
  const { config, label } = hop;
  const timeoutMs = 1000 * (options.connectTimeoutSeconds ?? config.connectTimeoutSeconds ?? defaultTimeoutSeconds);
  const files = (options.identityFiles ?? []).map(expandHome);
  const ahead =
    previous === undefined && given === undefined && (await areThere(files))
      ? dialHop(hop, timeoutMs, options.signal)
      : undefined;
  ahead?.catch(() => undefined);
  try {
    // Loading ssh2 takes about as long as a host takes to answer.
    const [{ findIdentities }, { openSession }] = await Promise.all([
      import('./identities.ts'),
      import('./session.ts'),
    ]);
    const identities = await findIdentities(config, files, isTarget && files.length > 0, options.prompt);
    const hostKeys = await hostKeyCheck({
      label,
      host: config.host,
      port: config.port,
      alias: config.hostKeyAlias,
      userFiles: options.knownHostsFiles?.map(expandHome) ?? config.userKnownHostsFiles,
      globalFiles: options.knownHostsFiles ? [] : config.globalKnownHostsFiles,
      unknown: options.acceptNew ? 'accept' : unknownKeys[config.strictHostKeyChecking],
      prompt: options.prompt,
    });
    return await openSession({
      stream:
        given ??
        (previous ? await forward(previous.client, hop) : await (ahead ?? dialHop(hop, timeoutMs, options.signal))),
      label,
      user: config.user,
      hostKeys,
      hostKeyAlgorithms: config.hostKeyAlgorithms,
      identities,
      keysFirst: files.length > 0,
      askPassword: isTarget && options.askPassword === true,
      prompt: options.prompt,
      timeoutMs,
      keepaliveMs: 1000 * (options.keepaliveSeconds ?? defaultKeepaliveSeconds),
      signal: options.signal,
    });
  } catch (error) {
    ahead?.then((socket) => socket.destroy()).catch(() => undefined);
    throw error;
  }
}

/** Servers count the connections that end without a login, so a slip in the name of a key file makes none. */
async function areThere(files: readonly string[]): Promise<boolean> {
  const found = await Promise.allSettled(files.map((file) => access(file, constants.R_OK)));
  return found.every(({ status }) => status === 'fulfilled');
}

const unknownKeys = { ask: 'ask', yes: 'refuse', 'accept-new': 'accept' } as const;

async function dialHop({ config, label }: Hop, timeoutMs: number, signal: AbortSignal | undefined): Promise<Socket> {
  const unread = !config.read && (await hasSshConfig());
  const nameHint = unread
    ? 'There is no ssh command here to read ~/.ssh/config: write the address, user and port themselves'
    : undefined;
  return dial(config, label, { timeoutMs, signal, nameHint });
}

function forward(client: Client, { config, label }: Hop): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const reason = error.message.replace(/^\(SSH\) Channel open failure: /, '');
      reject(
        new HostError(`${label}: the jump host cannot reach it: ${reason}`, {
          hint: 'Check the address, and that the jump host allows TCP forwarding',
          cause: error,
        }),
      );
    };
    try {
      client.forwardOut('127.0.0.1', 0, config.host, config.port, (error, channel) =>
        error ? fail(error) : resolve(channel),
      );
    } catch (error) {
      fail(error as Error);
    }
  });
}

async function closeAll(sessions: readonly Session[]): Promise<void> {
  for (const session of sessions.toReversed()) await session.close();
}

function connectionOver({ label, config }: Hop, sessions: readonly Session[]): Connection {
  const session = sessions.at(-1)!;
  let closing: Promise<void> | undefined;
  return {
    label,
    user: config.user,
    hostKey: session.hostKey,
    lost: () => (closing ? undefined : sessions.find((each) => each.lost)?.lost),
    open: (command) => openChannel(session, label, command),
    close: () => {
      closing ??= closeAll(sessions);
      return closing;
    },
  };
}

function openChannel(session: Session, label: string, command: string): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(session.lost ?? explainOpenError(error, label));
    try {
      session.client.exec(command, (error, channel) => (error ? fail(error) : resolve(wrapChannel(channel))));
    } catch (error) {
      fail(error as Error);
    }
  });
}

function explainOpenError(error: Error, label: string): HostError {
  if (/open failure/i.test(error.message)) {
    return new HostError(`${label}: the server refuses a session (${error.message.replace(/^\(SSH\) /, '')})`, {
      hint: 'Its MaxSessions may be 0, or a limit of processes may be reached',
      cause: error,
    });
  }
  if (/unable to exec/i.test(error.message)) {
    return new HostError(`${label}: the server refuses to run commands for this login`, {
      hint: 'The key may be restricted in authorized_keys, or the account to sftp: use a login that may run commands',
      cause: error,
    });
  }
  return new HostError(`${label}: no command can be started: ${error.message}`, { cause: error });
}
