import ssh2, { type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';
import { HostError } from '../../errors.ts';
import { typeInside } from '../known-hosts.ts';
import type { Prompt } from '../prompt.ts';
import { fingerprint } from './fingerprint.ts';
import { type KeyFile, keyFile } from './key-file.ts';
import type { SshConfig } from './ssh-config.ts';

/** One key that a login can offer: a file's, or one that the agent holds. */
export interface Identity {
  /** For messages: a path, or the agent's comment. */
  readonly label: string;
  readonly publicKey: Buffer | undefined;
  /** Its private half, where nobody has to be asked for it. */
  readonly privateKey?: ParsedKey | undefined;
  /** Signs once the server has accepted the key; rejects with a HostError. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
  /** The key as ssh2 parsed it; asks for a passphrase only where the file does not tell its public half. */
  parsed(): Promise<ParsedKey>;
}

/** The keys to offer, the likeliest first, and what could not be offered and why. */
export interface Identities {
  readonly offered: readonly Identity[];
  readonly notes: readonly string[];
}

/** Chooses what to offer: keys given by the operator, then, unless `onlyGiven`, the configuration's, the agent's others, and ssh's default files. A given file that cannot be used rejects with a HostError. */
export async function findIdentities(
  config: SshConfig,
  given: readonly string[],
  onlyGiven: boolean,
  prompt: Prompt,
): Promise<Identities> {
  const notes = config.certificateFiles.map((file) => `The certificate ${file} needs --connection openssh.`);
  const agent = await askAgent(config.agent, notes);
  const offered: Identity[] = [];
  const add = (identity: Identity): void => {
    const key = identity.publicKey;
    if (!key || !offered.some((other) => other.publicKey?.equals(key))) offered.push(identity);
  };
  const addFile = (file: KeyFile): void => {
    const held = agent.find((identity) => file.publicKey && identity.publicKey?.equals(file.publicKey));
    if (held) add({ ...held, label: file.path });
    else if (file.isPrivate) add(fromFile(file, prompt));
  };
  for (const path of given) {
    const file = await keyFile(path);
    const before = offered.length;
    addFile(file);
    if (!file.isPrivate && offered.length === before) await file.unlock(prompt);
  }
  if (onlyGiven) return { offered, notes };
  const configured = await usable(config.identityFiles, config.identitiesGiven, notes);
  if (config.identitiesGiven) for (const file of configured) addFile(file);
  // An agent may hold more keys than a server lets anyone try: those that are also files here go first.
  else
    for (const file of configured)
      if (agent.some((held) => file.publicKey && held.publicKey?.equals(file.publicKey))) addFile(file);
  if (!config.identitiesOnly) for (const identity of agent) add(identity);
  for (const file of configured) addFile(file);
  return { offered, notes };
}

/** An agent that holds exactly one identity, so that ssh2 offers the keys one by one and signs asynchronously. */
export function agentOf(
  identity: Identity,
  onSign: (outcome: HostError | undefined) => void,
): InstanceType<typeof ssh2.BaseAgent> {
  return new OneKeyAgent(identity, onSign);
}

class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #identity: Identity;
  readonly #onSign: (outcome: HostError | undefined) => void;

  constructor(identity: Identity, onSign: (outcome: HostError | undefined) => void) {
    super();
    this.#identity = identity;
    this.#onSign = onSign;
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    this.#identity.parsed().then(
      (key) => done(undefined, [key]),
      (error: unknown) => {
        this.#onSign(asHostError(error));
        done(undefined, []);
      },
    );
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    const callback = typeof options === 'function' ? options : done;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#identity.sign(data, hash).then(
      (signature) => {
        this.#onSign(undefined);
        callback?.(undefined, signature);
      },
      (error: unknown) => {
        this.#onSign(asHostError(error));
        callback?.(asHostError(error));
      },
    );
  }
}

function asHostError(error: unknown): HostError {
  return error instanceof HostError ? error : new HostError(error instanceof Error ? error.message : String(error));
}

function fromFile(file: KeyFile, prompt: Prompt): Identity {
  return {
    label: file.path,
    publicKey: file.publicKey,
    privateKey: file.privateKey,
    async sign(data, hash) {
      const key = await file.unlock(prompt);
      const signature: Buffer | Error = key.sign(data, hash);
      if (signature instanceof Error) throw new HostError(`the key ${file.path} cannot sign: ${signature.message}`);
      return signature;
    },
    async parsed() {
      const key = file.publicKey && publicHalf(file.publicKey);
      return key ?? file.unlock(prompt);
    },
  };
}

async function usable(paths: readonly string[], given: boolean, notes: string[]): Promise<readonly KeyFile[]> {
  const files: KeyFile[] = [];
  for (const path of paths) {
    const file = await keyFile(path).catch((error: HostError) => error);
    if (!(file instanceof Error)) files.push(file);
    else if (given || (file.cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') notes.push(file.paragraph);
  }
  return files;
}

const agentTimeoutMs = 10_000;

async function askAgent(socket: string | undefined, notes: string[]): Promise<readonly Identity[]> {
  if (socket === undefined) return [];
  const agent = new ssh2.OpenSSHAgent(socket);
  const keys = await new Promise<readonly ParsedKey[] | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), agentTimeoutMs);
    agent.getIdentities((error, found) => {
      clearTimeout(timer);
      resolve(error ? undefined : (found as readonly ParsedKey[]));
    });
  });
  if (!keys) notes.push(`The agent at ${socket} did not answer.`);
  return (keys ?? []).map((key) => ({
    label: `agent key ${key.comment || fingerprint(key.getPublicSSH())}`,
    publicKey: key.getPublicSSH(),
    parsed: () => Promise.resolve(key),
    sign: (data, hash) =>
      new Promise((resolve, reject) => {
        const options = hash === 'sha256' || hash === 'sha512' ? { hash } : {};
        agent.sign(key, data, options as SigningRequestOptions, (error, signature) => {
          if (signature) resolve(signature);
          else
            reject(
              new HostError(
                `the agent did not sign with ${key.comment || 'its key'}${error ? ` (${error.message})` : ''}`,
              ),
            );
        });
      }),
  }));
}

function publicHalf(key: Buffer): ParsedKey | undefined {
  const parsed = ssh2.utils.parseKey(`${typeInside(key)} ${key.toString('base64')}`);
  return parsed instanceof Error ? undefined : parsed;
}
