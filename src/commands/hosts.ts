import type { OperatorWay } from '../audit/audit.ts';
import type { WayIn } from '../engine/access-effect.ts';
import type { PlaybookHost } from '../engine/session.ts';
import { UserError } from '../errors.ts';
import type { Playbook } from '../playbook/load.ts';
import { resolvePlaybook } from '../playbook/resolve.ts';
import { loadVarsFile, parseExtraVar, type Vars } from '../playbook/vars.ts';
import type { Connection } from '../remote/connection.ts';
import type { Facts } from '../remote/facts.ts';
import type { Prompt } from '../remote/prompt.ts';
import { terminalPrompt } from '../remote/prompt-terminal.ts';
import { RootShell } from '../remote/shell.ts';
import type { SshOptions } from '../remote/ssh-options.ts';
import { parseTarget, type Target } from '../remote/target.ts';
import type { Io } from '../report/io.ts';
import { checkHostOptions, checkWay } from './check-options.ts';
import type { HostOptions, PlaybookOptions } from './host-options.ts';
import { offerShell } from './offer-shell.ts';

export type { HostOptions, PlaybookOptions } from './host-options.ts';

/** A host that was asked for: its name, its variables, and how to reach it. */
export interface ChosenHost {
  readonly name: string;
  readonly vars: Vars;
  readonly transport: Transport;
  readonly connect: PlaybookHost['connect'];
  readonly connectOver: PlaybookHost['connectOver'];
  readonly offerShell: PlaybookHost['offerShell'];
  /** The same way for a program of this machine that makes its own connection. */
  operatorWay(way?: WayIn): Promise<OperatorWay>;
}

type Transport = NonNullable<HostOptions['connection']>;

/** The hosts that the options name, in order, each once. Throws a UserError when they name none. */
export async function chooseHosts(options: HostOptions, io: Io): Promise<readonly ChosenHost[]> {
  checkHostOptions(options);
  const named = (options.host ?? []).map(
    (text): NamedHost => ({ name: text, target: parseTarget(text), vars: {}, way: {} }),
  );
  const listed = options.inventory ? await fromInventory(options.inventory, options) : [];
  const machines = options.vagrant ? await fromVagrant(options.vagrant, options.connection, io) : [];
  const all = [...named, ...listed, ...machines];
  if (all.length === 0 && options.connection === 'local')
    all.push({ name: 'local', target: parseTarget('local'), vars: {}, way: {} });
  if (all.length === 0) {
    throw new UserError('no host was named', {
      hint: 'Name one with -H [user@]host[:port], or an inventory with -i FILE; -H local is this machine',
    });
  }
  const unique = new Map(all.map((host) => [host.name, host]));
  checkWay(
    options,
    [...unique.values()].map(({ name, target, way }) => ({
      name,
      local: transportOf(target, { ...options, ...way }) === 'local',
      here: target.host === 'local' && target.name === 'local',
    })),
  );
  const prompt = terminalPrompt(io);
  const password = await becomePassword(options, prompt, io);
  return [...unique.values()].map(({ name, target, vars, way: own }) => {
    const there = (way: WayIn) => ({ ...target, user: way.user ?? target.user, port: way.port ?? target.port });
    const all = { ...options, ...own };
    return {
      name,
      vars,
      transport: transportOf(target, all),
      connect: async (way = {}, { evenIfStopped = false } = {}) => {
        const signal = evenIfStopped ? undefined : io.signal;
        return RootShell.open(await connection(there(way), all, prompt, signal), { password: password.ask, signal });
      },
      connectOver:
        transportOf(target, all) === 'ssh'
          ? async (stream, way = {}) => {
              const { connectSshOver } = await import('../remote/ssh/connect.ts');
              const open = connectSshOver(stream, sshOptions(there(way), all, prompt, undefined));
              return RootShell.open(await open, { password: password.ask });
            }
          : undefined,
      offerShell: offerShell(prompt),
      operatorWay: async (way = {}) =>
        transportOf(target, all) === 'local' ? 'local' : operatorWay(there(way), all, await password.known()),
    };
  });
}

/** What the ssh configuration and the options say of the way to a host. */
async function operatorWay(target: Target, options: HostOptions, password: string | undefined): Promise<OperatorWay> {
  const { readSshConfig } = await import('../remote/ssh/ssh-config.ts');
  const config = await readSshConfig(target, options.sshConfig);
  const { host, port, user } = config;
  const jump = config.proxyJump === undefined ? undefined : `ssh -W ${host}:${port} ${config.proxyJump}`;
  return {
    host,
    port,
    user,
    identityFiles: options.identity ?? (config.identitiesGiven ? config.identityFiles : []),
    proxyCommand: config.proxyCommand ?? jump,
    sudo: user !== 'root',
    sudoPassword: password,
  };
}

interface NamedHost {
  readonly name: string;
  readonly target: Target;
  readonly vars: Vars;
  /** What the host's own source says of the way to it; wins over the options. */
  readonly way: Pick<HostOptions, 'sshConfig' | 'knownHosts' | 'connection'>;
}

/** A chosen host with the playbook that it gets. */
export function runHost(
  host: ChosenHost,
  playbook: Playbook,
  vars: Vars,
  options: PlaybookOptions,
  io: Io,
): PlaybookHost {
  return {
    name: host.name,
    connect: host.connect,
    connectOver: host.connectOver,
    offerShell: host.offerShell,
    transport: host.transport,
    ...(options.iKnow ? { consents: options.iKnow } : {}),
    resolve: (facts: Facts) =>
      resolvePlaybook(playbook, {
        facts,
        vars: { ...host.vars, ...vars },
        env: io.env,
        home: io.home,
        secrets: io.masker,
        ...(options.tags ? { tags: options.tags } : {}),
        ...(options.skipTags ? { skipTags: options.skipTags } : {}),
      }),
  };
}

/** `--vars-file` in order, then `-e` in order: later ones win. */
export async function commandVars(options: PlaybookOptions): Promise<Vars> {
  let vars: Vars = {};
  for (const file of options.varsFile ?? []) vars = { ...vars, ...(await loadVarsFile(file)) };
  for (const text of options.extraVar ?? []) {
    if (text.startsWith('@')) vars = { ...vars, ...(await loadVarsFile(text.slice(1))) };
    else {
      const [name, value] = parseExtraVar(text);
      vars = { ...vars, [name]: value };
    }
  }
  return vars;
}

async function fromInventory(file: string, { limit, connection }: HostOptions): Promise<NamedHost[]> {
  const [{ loadInventory }, { selectHosts }] = await Promise.all([
    import('../playbook/inventory.ts'),
    import('../playbook/host-patterns.ts'),
  ]);
  const inventory = await loadInventory(file);
  return selectHosts(inventory, limit).map((host) => {
    const base = parseTarget(host.address ?? host.name);
    const target: Target = { ...base, name: host.name, port: host.port ?? base.port, user: host.user ?? base.user };
    // A host with an address may be called "local", and is not this machine.
    const way = host.address === undefined ? {} : { connection: connection ?? ('ssh' as const) };
    return { name: host.name, target, vars: host.vars, way };
  });
}

async function fromVagrant(machine: string | true, transport: Transport | undefined, io: Io): Promise<NamedHost[]> {
  const { vagrantMachines } = await import('../remote/vagrant.ts');
  const { machines, notes } = await vagrantMachines(typeof machine === 'string' ? machine : undefined, io.cwd, io.env);
  for (const note of notes) io.err(`${note}\n`);
  return machines.map(({ name, sshConfigFile, knownHostsFile }) => ({
    name,
    target: { name, host: name, port: undefined, user: undefined },
    vars: {},
    // A machine may be called "local", and is not this one.
    way: { sshConfig: sshConfigFile, knownHosts: [knownHostsFile], connection: transport ?? 'ssh' },
  }));
}

function transportOf(target: Target, options: HostOptions): Transport {
  return options.connection ?? (target.name === 'local' ? 'local' : 'ssh');
}

async function connection(
  target: Target,
  options: HostOptions,
  prompt: Prompt,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const transport = transportOf(target, options);
  if (transport === 'local') {
    const { connectLocal } = await import('../remote/local.ts');
    return connectLocal();
  }
  const ssh = sshOptions(target, options, prompt, signal);
  if (transport === 'openssh') {
    const { connectOpenSsh } = await import('../remote/openssh.ts');
    return connectOpenSsh(ssh);
  }
  const { connectSsh } = await import('../remote/ssh/connect.ts');
  return connectSsh(ssh);
}

function sshOptions(target: Target, options: HostOptions, prompt: Prompt, signal: AbortSignal | undefined): SshOptions {
  return {
    target,
    prompt,
    ...(signal ? { signal } : {}),
    ...(options.identity ? { identityFiles: options.identity } : {}),
    ...(options.knownHosts ? { knownHostsFiles: options.knownHosts } : {}),
    ...(options.sshConfig ? { sshConfigFile: options.sshConfig } : {}),
    ...(options.acceptNew ? { acceptNew: true } : {}),
    ...(options.askPass ? { askPassword: true } : {}),
    ...(options.connectTimeout ? { connectTimeoutSeconds: options.connectTimeout } : {}),
  };
}

/** As sudo itself asks. */
const ATTEMPTS = 3;

interface BecomePassword {
  /** Asks for it where nobody has given it yet, and somebody can be asked. */
  ask(attempt: number): Promise<string | undefined>;
  /** What was given or asked for so far. */
  known(): Promise<string | undefined>;
}

async function becomePassword(options: HostOptions, prompt: Prompt, io: Io): Promise<BecomePassword> {
  const given = io.env.HARDEN_BECOME_PASSWORD || undefined;
  io.masker.add(given === undefined ? [] : [given]);
  // By the attempt: a password that was wrong on one host is asked for once more, and not once for each host.
  const asked: Promise<string>[] = [];
  const question = (attempt: number): Promise<string> => {
    asked[attempt - 1] ??= prompt
      .secret(`${attempt > 1 ? 'It was not accepted. ' : ''}sudo password`)
      .then((password) => {
        io.masker.add([password]);
        return password;
      });
    return asked[attempt - 1]!;
  };
  if (options.askBecomePass && given === undefined) {
    if (!prompt.interactive)
      throw new UserError('-K asks for the sudo password, and there is no terminal to ask on', {
        hint: 'Give it in HARDEN_BECOME_PASSWORD',
      });
    await question(1);
  }
  return {
    ask: async (attempt) => {
      if (given !== undefined) return attempt === 1 ? given : undefined;
      return prompt.interactive && attempt <= ATTEMPTS ? question(attempt) : undefined;
    },
    known: async () => given ?? asked.at(-1),
  };
}
