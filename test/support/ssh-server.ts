import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import ssh2, {
  type Algorithms,
  type AuthContext,
  type Connection,
  type ParsedKey,
  type ServerChannel,
  type Session,
} from 'ssh2';

/** A key pair: the private half as a file's text, the public half as a line of authorized_keys. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/** A new key pair in OpenSSH's format. */
export function keyPair(type: 'ed25519' | 'rsa' | 'ecdsa' = 'ed25519', passphrase?: string): KeyPair {
  const sizes = { ed25519: {}, rsa: { bits: 2048 }, ecdsa: { bits: 256 } } as const;
  const secret = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 4 };
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync(type, { ...sizes[type], ...secret } as { bits: 256 });
    // ssh2 writes about one ed25519 key in 400 so that it cannot be read again.
    const readable = ssh2.utils.parseKey(pair.private, passphrase);
    if (!(readable instanceof Error) && !(ssh2.utils.parseKey(pair.public) instanceof Error)) return pair;
  }
}

/** What the server demands and allows; without keys and passwords nobody gets in. */
export interface SshServerOptions {
  readonly hostKeys?: readonly KeyPair[];
  readonly algorithms?: Algorithms;
  /** Public keys (lines of authorized_keys) that log in. */
  readonly keys?: readonly string[];
  readonly password?: string;
  /** The questions of keyboard-interactive with the right answers. */
  readonly questions?: Readonly<Record<string, string>>;
  /** The methods that are all needed, in order; one of those above where left out. */
  readonly factors?: readonly string[];
  /** How many failures end the connection. */
  readonly maxAuthTries?: number;
  /** False: sessions open, commands are refused. */
  readonly exec?: boolean;
  /** How many sessions may be open at once. */
  readonly maxSessions?: number;
  /** Whether clients may reach further hosts through it. */
  readonly forwarding?: boolean;
}

/** An SSH server on loopback that runs commands with this machine's sh. */
export interface SshServer {
  readonly port: number;
  readonly hostKeys: readonly KeyPair[];
  /** TCP connections so far. */
  readonly connections: number;
  /** What was tried to log in, such as `publickey ssh-rsa sha256` and `password`; `none` included. */
  readonly attempts: readonly string[];
  /** How often a client asked whether a key would do, before it signed. */
  readonly asked: number;
  /** Stops answering without closing, as a host does that lost its network. */
  freeze(): void;
  /** Cuts every connection. */
  drop(): void;
  stop(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const hostKeys = options.hostKeys ?? [keyPair()];
  const attempts: string[] = [];
  let asked = 0;
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = new ssh2.Server({
    hostKeys: hostKeys.map((key) => key.private),
    ...(options.algorithms ? { algorithms: options.algorithms } : {}),
  });
  server.on('connection', (client) => {
    connections++;
    const socket = (client as unknown as { _sock: Socket })._sock;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => sockets.delete(socket));
    client.on('error', () => undefined);
    authenticate(client, options, attempts, () => asked++);
    serve(client, options);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    hostKeys,
    get connections() {
      return connections;
    },
    attempts,
    get asked() {
      return asked;
    },
    freeze: () => {
      for (const socket of sockets) socket.pause();
    },
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function authenticate(client: Connection, options: SshServerOptions, attempts: string[], onAsk: () => void): void {
  const { keys = [], password, questions, maxAuthTries = 6 } = options;
  const known = keys.map((line) => publicKey(line));
  const single = [
    ...(keys.length > 0 ? ['publickey'] : []),
    ...(password ? ['password'] : []),
    ...(questions ? ['keyboard-interactive'] : []),
  ];
  let factors = options.factors ?? [];
  let failures = 0;
  const left = (): string[] => (factors.length > 0 ? factors.slice(0, 1) : single);

  function refuse(context: AuthContext): void {
    if (context.method !== 'none' && ++failures >= maxAuthTries) client.end();
    else context.reject(left() as never);
  }

  function pass(context: AuthContext): void {
    factors = factors.slice(1);
    if (factors.length === 0) context.accept();
    else context.reject(left() as never, true);
  }

  client.on('authentication', (context) => {
    const check = context.method === 'publickey' && !context.signature;
    if (check) onAsk();
    else
      attempts.push(
        context.method === 'publickey'
          ? ['publickey', context.key.algo, context.hashAlgo].filter(Boolean).join(' ')
          : context.method,
      );
    if (!left().includes(context.method)) return refuse(context);
    switch (context.method) {
      case 'publickey': {
        const key = known.find((each) => each.getPublicSSH().equals(context.key.data));
        if (!key) {
          if (check) attempts.push('publickey refused');
          return refuse(context);
        }
        if (check) return context.accept();
        const good = context.blob && context.signature && key.verify(context.blob, context.signature, context.hashAlgo);
        return good === true ? pass(context) : refuse(context);
      }
      case 'password':
        return context.password === password ? pass(context) : refuse(context);
      case 'keyboard-interactive': {
        const prompts = Object.keys(questions ?? {}).map((prompt) => ({ prompt, echo: false }));
        return context.prompt(prompts, (answers) => {
          const right = Object.values(questions ?? {});
          if (right.every((answer, index) => answers[index] === answer)) pass(context);
          else refuse(context);
        });
      }
      default:
        return refuse(context);
    }
  });
}

function publicKey(line: string): ParsedKey {
  const key = ssh2.utils.parseKey(line);
  if (key instanceof Error) throw key;
  return key;
}

function serve(client: Connection, { exec = true, maxSessions = 10, forwarding = false }: SshServerOptions): void {
  let sessions = 0;
  client.on('ready', () => {
    client.on('session', (accept, reject) => {
      if (sessions >= maxSessions) return reject();
      sessions++;
      const session: Session = accept();
      session.once('close', () => sessions--);
      session.on('exec', (acceptExec, rejectExec, info) => {
        if (exec) run(info.command, acceptExec());
        else rejectExec();
      });
    });
    client.on('tcpip', (accept, reject, info) => {
      if (!forwarding) return reject();
      const socket = connect(info.destPort, info.destIP);
      socket.once('error', () => reject());
      socket.once('connect', () => {
        const channel = accept();
        channel.pipe(socket).pipe(channel);
        channel.on('error', () => socket.destroy());
        socket.on('error', () => channel.close());
      });
    });
  });
}

function run(command: string, channel: ServerChannel): void {
  const child = spawn('sh', ['-c', command], { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  channel.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.once('close', () => child.kill('SIGKILL'));
  child.once('close', (code, signal) => {
    if (code !== null) channel.exit(code);
    else channel.exit((signal ?? 'SIGTERM').slice(3), false, '');
    channel.end();
  });
}
