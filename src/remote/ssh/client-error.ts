import { HostError } from '../../errors.ts';
import { explainSocketError } from './dial.ts';

/** What ssh2 tells of an error. */
export interface ClientError extends Error {
  readonly level?: string;
  readonly code?: unknown;
}

/** ssh2's error as a HostError that a person understands and can act on. */
export function explainClientError(error: ClientError, label: string, ready: boolean): HostError {
  if (error.level === 'client-timeout')
    return new HostError(`${label}: the connection is dead: the server no longer answers`, { cause: error });
  if (error.level === 'client-socket') {
    const explained = explainSocketError(error as NodeJS.ErrnoException, label, label);
    return ready ? new HostError(`${explained.message} while it was in use`, { cause: error }) : explained;
  }
  const missing = /no matching (?:C->S |S->C )?(.+)$/.exec(error.message);
  if (missing) {
    return new HostError(`${label}: the server has no ${missing[1]} in common with the built-in SSH client`, {
      hint: 'Use --connection openssh',
      cause: error,
    });
  }
  if (/before handshake|identification string|Bad packet length|expected newline|header/i.test(error.message)) {
    return new HostError(
      `${label}: what answers there is not an SSH server, or it turned us away before the greeting (${error.message})`,
      {
        hint: 'Check the port; sshd also does this when MaxStartups is reached, after refused logins (PerSourcePenalties), or when fail2ban or a firewall bars this address',
        cause: error,
      },
    );
  }
  if (error.level === 'handshake')
    return new HostError(`${label}: the SSH handshake failed: ${error.message}`, { cause: error });
  return new HostError(`${label}: the server ended the connection: ${error.message}`, { cause: error });
}
