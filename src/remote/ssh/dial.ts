import { connect, type Socket } from 'node:net';
import { HostError } from '../../errors.ts';

/** Where a TCP connection goes; `family` 0 means whichever answers. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly family: 0 | 4 | 6;
}

/** How long to wait, whether to stop, and what to say where a name is not found. */
export interface DialOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly nameHint?: string | undefined;
}

/** Opens a TCP connection without Nagle's delay; rejects with a HostError that starts with `label`. The socket is paused: what comes is for who reads it. */
export function dial(address: Address, label: string, { timeoutMs, signal, nameHint }: DialOptions): Promise<Socket> {
  const { host, port, family } = address;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      family,
      noDelay: true,
      // Node's own 250 ms cut off far hosts that have several addresses.
      autoSelectFamilyAttemptTimeout: Math.max(250, Math.min(2500, Math.floor(timeoutMs / 3))),
    });
    // Before anybody reads it, nobody would hear that it ended.
    socket.pause();
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stopped);
    };
    const fail = (error: HostError): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const stopped = (): void => fail(new HostError(`${label}: connecting was stopped`));
    const timer = setTimeout(() => {
      fail(new HostError(`${label}: no answer within ${timeoutMs / 1000} seconds`, { hint: unreachableHint }));
    }, timeoutMs);
    signal?.addEventListener('abort', stopped);
    socket.once('connect', () => {
      settle();
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => fail(explainSocketError(error, label, host, nameHint)));
  });
}

const unreachableHint = 'Check the address and the port, and that no firewall stands between';

/** A socket's error as a HostError that a person understands. */
export function explainSocketError(
  error: NodeJS.ErrnoException,
  label: string,
  host: string,
  nameHint?: string,
): HostError {
  const code = error.code ?? firstCode(error);
  switch (code) {
    case 'ENOTFOUND':
      return new HostError(`${label}: there is no host named ${host}`, {
        hint: nameHint ?? 'Check the spelling, or write its address',
        cause: error,
      });
    case 'EAI_AGAIN':
      return new HostError(`${label}: the name ${host} cannot be resolved now`, {
        hint: nameHint ?? 'Check the network and its name server',
        cause: error,
      });
    case 'ECONNREFUSED':
      return new HostError(`${label}: connection refused`, {
        hint: 'Nothing listens there: check the port, and that sshd runs',
        cause: error,
      });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new HostError(`${label}: the host cannot be reached from here`, { hint: unreachableHint, cause: error });
    case 'ETIMEDOUT':
      return new HostError(`${label}: no answer`, { hint: unreachableHint, cause: error });
    case 'ECONNRESET':
    case 'EPIPE':
      return new HostError(`${label}: the connection was cut`, { cause: error });
    default:
      return new HostError(`${label}: ${error.message || code || 'the connection failed'}`, { cause: error });
  }
}

function firstCode(error: Error): string | undefined {
  return error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined)?.code : undefined;
}
