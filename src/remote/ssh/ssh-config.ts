import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../../errors.ts';
import type { Target } from '../target.ts';
import { expandPath } from './expand-path.ts';
import { me } from './me.ts';

/** What the ssh configuration says of one host, with `~` and `%` tokens expanded. */
export interface SshConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly family: 0 | 4 | 6;
  /** Private key files, in order; `identitiesGiven` tells whether a person chose them. */
  readonly identityFiles: readonly string[];
  readonly identitiesGiven: boolean;
  readonly identitiesOnly: boolean;
  /** The agent's socket; undefined where there is none. */
  readonly agent: string | undefined;
  readonly certificateFiles: readonly string[];
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias: string | undefined;
  readonly strictHostKeyChecking: 'ask' | 'yes' | 'accept-new';
  /** The host key algorithms that the configuration allows; undefined where it is not known. */
  readonly hostKeyAlgorithms: readonly string[] | undefined;
  readonly connectTimeoutSeconds: number | undefined;
  /** False where no ssh command was there to read the configuration. */
  readonly read: boolean;
}

/** Reads the configuration of a host with `ssh -G`, which knows Include and Match; without an ssh command, ssh's defaults hold. */
export async function readSshConfig(target: Target, configFile: string | undefined): Promise<SshConfig> {
  const text = await sshG(target, configFile);
  if (text === undefined) {
    if (configFile !== undefined) {
      throw new HostError(
        `${configFile} cannot be read for ${target.name}: there is no ssh command on this machine to interpret it`,
        {
          hint: 'Install the OpenSSH client, or leave the option out and give user, port and key on the command line',
        },
      );
    }
    return parseSshG('', target, false);
  }
  return parseSshG(text, target, true);
}

/** Reads what `ssh -G` printed. */
export function parseSshG(text: string, target: Target, read: boolean): SshConfig {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const key = line.slice(0, space).toLowerCase();
    values.set(key, [...(values.get(key) ?? []), line.slice(space + 1).trim()]);
  }
  const all = (key: string): readonly string[] => values.get(key) ?? [];
  const one = (key: string): string | undefined => {
    const value = values.get(key)?.[0];
    return value === '' || value?.toLowerCase() === 'none' ? undefined : value;
  };
  const host = one('hostname') ?? target.host;
  const port = target.port ?? Number(one('port') ?? 22);
  const user = target.user ?? one('user') ?? me().name;
  const jump = one('proxyjump');
  const hostKeyAlias = one('hostkeyalias');
  const expand = (path: string): string =>
    expandPath(path, { alias: target.host, host, port, user, jump, hostKeyAlias });
  const files = (key: string, otherwise: string): readonly string[] =>
    (one(key) ?? (read ? '' : otherwise))
      .split(/\s+/)
      .filter((file) => file !== '' && file.toLowerCase() !== 'none')
      .map(expand);
  const identityFiles = read ? all('identityfile') : defaultIdentities;
  return {
    host,
    port,
    user,
    family: one('addressfamily') === 'inet' ? 4 : one('addressfamily') === 'inet6' ? 6 : 0,
    identityFiles: identityFiles.filter((file) => file.toLowerCase() !== 'none').map(expand),
    identitiesGiven:
      read && (identityFiles.length < 5 || identityFiles.some((file) => !defaultIdentities.includes(file))),
    identitiesOnly: one('identitiesonly') === 'yes',
    agent: agentOf(values.get('identityagent')?.[0], expand),
    certificateFiles: all('certificatefile')
      .filter((file) => file.toLowerCase() !== 'none')
      .map(expand),
    proxyJump: jump,
    proxyCommand: one('proxycommand'),
    userKnownHostsFiles: files('userknownhostsfile', '~/.ssh/known_hosts'),
    globalKnownHostsFiles: files('globalknownhostsfile', '/etc/ssh/ssh_known_hosts'),
    hostKeyAlias,
    strictHostKeyChecking: strictness(one('stricthostkeychecking')),
    hostKeyAlgorithms: one('hostkeyalgorithms')?.split(','),
    connectTimeoutSeconds: Number(one('connecttimeout')) || undefined,
    read,
  };
}

/** Whether there is an ssh configuration of the person's own. */
export async function hasSshConfig(): Promise<boolean> {
  return access(join(me().home, '.ssh', 'config')).then(
    () => true,
    () => false,
  );
}

// Every ssh prints at least five of these where nobody chose a key.
const defaultIdentities: readonly string[] = [
  'rsa',
  'ecdsa',
  'ecdsa_sk',
  'ed25519',
  'ed25519_sk',
  'xmss',
  'dsa',
  'mldsa44_ed25519',
].map((type) => `~/.ssh/id_${type}`);

// "no" and "off" would take a changed key: at most an unknown one is taken.
function strictness(value: string | undefined): SshConfig['strictHostKeyChecking'] {
  if (value === 'yes' || value === 'true') return 'yes';
  if (value === 'accept-new' || value === 'no' || value === 'off' || value === 'false') return 'accept-new';
  return 'ask';
}

function agentOf(configured: string | undefined, expand: (path: string) => string): string | undefined {
  const fromEnvironment = process.env.SSH_AUTH_SOCK || undefined;
  if (configured === undefined || configured === 'SSH_AUTH_SOCK') return fromEnvironment;
  if (configured.toLowerCase() === 'none') return undefined;
  if (/^\$[A-Za-z_]\w*$/.test(configured)) return process.env[configured.slice(1)] || undefined;
  return expand(configured);
}

function sshG(target: Target, configFile: string | undefined): Promise<string | undefined> {
  const args = ['-G'];
  if (configFile !== undefined) args.push('-F', configFile);
  if (target.port !== undefined) args.push('-p', String(target.port));
  if (target.user !== undefined) args.push('-l', target.user);
  args.push('--', target.host);
  return new Promise((resolve, reject) => {
    const child = execFile(
      'ssh',
      args,
      { encoding: 'utf8', timeout: 30_000, maxBuffer: 1 << 20 },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        if (error.code === 'ENOENT') return resolve(undefined);
        const said = stderr.trim().split('\n').slice(0, 3).join('; ') || error.message;
        reject(
          new HostError(`the ssh configuration cannot be read for ${target.name}: ${said}`, {
            hint: 'Correct the file, or name another one (-F)',
          }),
        );
      },
    );
    child.stdin?.end();
  });
}
