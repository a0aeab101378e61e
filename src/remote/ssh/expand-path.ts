import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { me } from './me.ts';

/** What the `%` tokens of ssh_config stand for on one connection. */
export interface PathTokens {
  /** The host as it was asked for. */
  readonly alias: string;
  /** The host after HostName. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly jump?: string | undefined;
  readonly hostKeyAlias?: string | undefined;
}

/** Expands `~`, `${NAME}` and the `%` tokens in a path of the ssh configuration; what is unknown stays as it is. */
export function expandPath(path: string, tokens: PathTokens): string {
  return expandHome(path)
    .replace(/\$\{([A-Za-z_]\w*)\}/g, (whole, name: string) => process.env[name] ?? whole)
    .replace(/%([A-Za-z%])/g, (whole, token: string) => tokenValue(token, tokens) ?? whole);
}

/** A path with a leading `~/` replaced by the home directory. */
export function expandHome(path: string): string {
  return path === '~' ? me().home : path.startsWith('~/') ? me().home + path.slice(1) : path;
}

function tokenValue(
  token: string,
  { alias, host, port, user, jump = '', hostKeyAlias }: PathTokens,
): string | undefined {
  const here = hostname();
  switch (token) {
    case '%':
      return '%';
    case 'd':
      return me().home;
    case 'h':
      return host;
    case 'n':
      return alias;
    case 'p':
      return String(port);
    case 'r':
      return user;
    case 'u':
      return me().name;
    case 'i':
      return String(process.getuid?.() ?? '');
    case 'l':
      return here;
    case 'L':
      return here.split('.')[0];
    case 'j':
      return jump;
    case 'k':
      return hostKeyAlias ?? alias;
    case 'C':
      return createHash('sha1').update(`${here}${host}${port}${user}${jump}`).digest('hex');
    default:
      return undefined;
  }
}
