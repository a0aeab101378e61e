import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HostError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { withPatience } from './gave-up-waiting.ts';
import { answersFor } from './openssh/answers.ts';
import { serveAskpass } from './openssh/askpass.ts';
import { openMasterChannel } from './openssh/channel.ts';
import { configText } from './openssh/config-text.ts';
import { type Master, startMaster } from './openssh/master.ts';
import { expandHome } from './ssh/expand-path.ts';
import { me } from './ssh/me.ts';
import { readSshConfig, type SshConfig } from './ssh/ssh-config.ts';
import type { Watch } from './ssh/watch.ts';
import type { SshOptions } from './ssh-options.ts';

const defaultTimeoutSeconds = 10;
const defaultKeepaliveSeconds = 15;

/** Logs in with the ssh command, so that certificates, security keys and ProxyCommand work: one TCP connection, whose channels share it. Rejects with a HostError. */
export async function connectOpenSsh(options: SshOptions): Promise<Connection> {
  const { target } = options;
  const config = await readSshConfig(target, options.sshConfigFile);
  const label = `${config.user}@${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`;
  if (!config.read) {
    throw new HostError(`${label}: there is no ssh command on this machine`, {
      hint: 'Install the OpenSSH client, or use --connection ssh',
    });
  }
  const identityFiles = (options.identityFiles ?? []).map((file) => resolve(expandHome(file)));
  for (const file of identityFiles) await checkIdentity(file);
  return withPatience(() => connectOnce(options, config, label, identityFiles));
}

async function connectOnce(
  options: SshOptions,
  config: SshConfig,
  label: string,
  identityFiles: readonly string[],
): Promise<Connection> {
  const { prompt } = options;
  const folder = await mkdtemp(join(tmpdir(), 'harden-'));
  const controlPath = join(folder, 'm');
  let watch: Watch | undefined;
  const answer = answersFor(label, prompt);
  try {
    const askpass = prompt.interactive
      ? await serveAskpass(folder, (question) => (watch ? watch.hold(answer(question)) : answer(question)))
      : undefined;
    const timeoutSeconds = options.connectTimeoutSeconds ?? config.connectTimeoutSeconds ?? defaultTimeoutSeconds;
    await writeFile(join(folder, 'config'), overlayFor(options, config, identityFiles, timeoutSeconds), {
      mode: 0o600,
    });
    const master = await startMaster(
      {
        label,
        folder,
        controlPath,
        args: masterArgs(options, folder, controlPath, identityFiles.length > 0),
        env: askpass?.env ?? {},
        timeoutMs: timeoutSeconds * 1000,
        signal: options.signal,
      },
      (started) => {
        watch = started;
      },
    ).finally(() => askpass?.close());
    return connectionOver(master, { label, user: config.user, folder, controlPath });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function overlayFor(
  options: SshOptions,
  config: SshConfig,
  identityFiles: readonly string[],
  connectTimeoutSeconds: number,
): string {
  const { interactive } = options.prompt;
  const strict = options.acceptNew ? 'accept-new' : config.strictHostKeyChecking;
  const own = options.sshConfigFile;
  return configText({
    identityFiles,
    knownHostsFiles: options.knownHostsFiles?.map((file) => resolve(expandHome(file))),
    strictHostKeyChecking: strict === 'ask' && !interactive ? 'yes' : strict,
    connectTimeoutSeconds,
    keepaliveSeconds: options.keepaliveSeconds ?? defaultKeepaliveSeconds,
    batch: !interactive,
    includes:
      own === undefined
        ? [join(me().home, '.ssh', 'config'), '/etc/ssh/ssh_config']
        : own === 'none'
          ? []
          : [resolve(expandHome(own))],
  });
}

function masterArgs(
  { target, askPassword }: SshOptions,
  folder: string,
  controlPath: string,
  keysGiven: boolean,
): readonly string[] {
  const settings = [
    'ControlPersist=no',
    'LogLevel=DEBUG1',
    ...(keysGiven ? ['IdentitiesOnly=yes'] : []),
    ...(askPassword
      ? ['PasswordAuthentication=yes', 'KbdInteractiveAuthentication=yes', 'NumberOfPasswordPrompts=1']
      : []),
    ...(askPassword && !keysGiven ? ['PreferredAuthentications=password,keyboard-interactive,publickey'] : []),
  ];
  return [
    ...['-F', join(folder, 'config'), '-M', '-N', '-T', '-S', controlPath.replaceAll('%', '%%')],
    ...settings.flatMap((setting) => ['-o', setting]),
    ...(target.port === undefined ? [] : ['-p', String(target.port)]),
    ...(target.user === undefined ? [] : ['-l', target.user]),
    ...['--', target.host],
  ];
}

interface Place {
  readonly label: string;
  readonly user: string;
  readonly folder: string;
  readonly controlPath: string;
}

function connectionOver(master: Master, { label, user, folder, controlPath }: Place): Connection {
  let channels = 0;
  return {
    label,
    user,
    hostKey: master.hostKey,
    lost: () => master.lost(),
    open: (command) =>
      openMasterChannel({ master, label, controlPath, log: join(folder, `log${++channels}`) }, command),
    close: () => master.close(),
  };
}

async function checkIdentity(file: string): Promise<void> {
  await access(file).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.message})`;
    throw new HostError(`the key file ${file} ${why}`, { cause: error });
  });
}
