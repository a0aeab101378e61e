import { isIPv6 } from 'node:net';
import { UserError } from '../errors.ts';

/** A host as the operator named it; what is left out comes from the ssh configuration. */
export interface Target {
  /** As the operator wrote it. */
  readonly name: string;
  /** A host name, an alias of the ssh configuration, or an address (IPv6 without brackets). */
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
}

/** Reads `[user@]host[:port]`, `[user@][host]:port` (as IPv6 needs it) or `ssh://user@host:port`; throws a UserError otherwise. */
export function parseTarget(text: string): Target {
  const name = text.trim();
  const address = withoutScheme(name);
  const at = address.lastIndexOf('@');
  const user = at < 0 ? undefined : address.slice(0, at);
  if (user !== undefined) checkUser(name, user);
  const { host, port } = hostAndPort(name, address.slice(at + 1));
  checkHost(name, host);
  return { name, host, port, user };
}

function withoutScheme(name: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(name);
  if (!scheme) return name;
  if (scheme[1]?.toLowerCase() !== 'ssh') {
    throw refuse(name, `the scheme "${scheme[1]}" is not ssh`, 'Write [user@]host[:port] or ssh://user@host:port');
  }
  const rest = name.slice(scheme[0].length);
  return rest.endsWith('/') ? rest.slice(0, -1) : rest;
}

function hostAndPort(name: string, text: string): { host: string; port: number | undefined } {
  // Names in brackets are how ssh -G prints jump hosts.
  const bracketed = /^\[([^[\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed) return { host: bracketed[1] ?? '', port: portOf(name, bracketed[2]) };
  if (isIPv6(text)) return { host: text, port: undefined };
  const colons = text.split(':').length - 1;
  if (colons > 1) {
    throw refuse(
      name,
      'it has more than one colon and is not an IPv6 address',
      'Write host:port, or [2001:db8::1]:22 for IPv6',
    );
  }
  const colon = text.indexOf(':');
  if (colon < 0) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: portOf(name, text.slice(colon + 1)) };
}

function portOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535)
    throw refuse(name, `"${text}" is not a port`, 'A port is a number from 1 to 65535, such as host:2222');
  return port;
}

function checkUser(name: string, user: string): void {
  if (user === '') throw refuse(name, 'nothing stands before the @', 'Write user@host, or the host alone');
  if (user.includes(':')) {
    throw refuse(
      name.replace(`${user}@`, `${user.slice(0, user.indexOf(':'))}:…@`),
      'a password does not belong in a host name',
      'Log in with a key, or let the password be asked for (--ask-pass)',
    );
  }
  if (user.startsWith('-') || /[\s'"`\\;|&<>(){}$\0-\x1f\x7f]/.test(user)) {
    throw refuse(name, `"${user}" cannot be a user name`, 'Write user@host with a plain user name');
  }
}

function checkHost(name: string, host: string): void {
  if (host === '') throw refuse(name, 'the host is missing', 'Write [user@]host[:port]');
  if (isIPv6(host)) return;
  if (host.includes('/')) throw refuse(name, 'a host has no path', 'Write [user@]host[:port]');
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u.test(host)) {
    throw refuse(
      name,
      `"${host}" cannot be a host name`,
      'A host name has letters, digits, dots and hyphens, and starts with a letter or digit',
    );
  }
}

function refuse(name: string, what: string, hint: string): UserError {
  return new UserError(`"${name}" is not a host to connect to: ${what}`, { hint });
}
