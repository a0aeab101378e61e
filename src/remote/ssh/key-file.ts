import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { HostError } from '../../errors.ts';
import { typeInside } from '../known-hosts.ts';
import { inTurn, type Prompt } from '../prompt.ts';
import { readKeyText } from './key-text.ts';

/** A key file that can log in: its private half is decrypted once per process, when a server first accepts it. */
export interface KeyFile {
  readonly path: string;
  /** The key in wire form; undefined for an encrypted file that does not tell it. */
  readonly publicKey: Buffer | undefined;
  /** False for a public key alone: the agent may hold the rest. */
  readonly isPrivate: boolean;
  /** The private half of a file without a passphrase. */
  readonly privateKey?: ParsedKey;
  /** Asks for the passphrase where there is one; rejects with a HostError. */
  unlock(prompt: Prompt): Promise<ParsedKey>;
}

const files = new Map<string, Promise<KeyFile>>();

/** Reads a key file, once per process; rejects with a HostError that says what is wrong with it. */
export function keyFile(path: string): Promise<KeyFile> {
  let file = files.get(path);
  if (!file) {
    file = readKeyFile(path);
    files.set(path, file);
    file.catch(() => files.delete(path));
  }
  return file;
}

async function readKeyFile(path: string): Promise<KeyFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (text instanceof Error) {
    const besides = await publicKeyBeside(path);
    if (besides && text.code === 'ENOENT')
      return { path, publicKey: besides, isPrivate: false, unlock: () => Promise.reject(onlyPublic(path)) };
    throw new HostError(`the key file ${path} ${reasons[text.code ?? ''] ?? `cannot be read (${text.message})`}`, {
      cause: text,
    });
  }
  const found = readKeyText(text);
  if (found.kind === 'none') {
    throw new HostError(`${path} is not an SSH private key`, {
      hint: 'Name the file that ssh-keygen made, such as ~/.ssh/id_ed25519',
    });
  }
  refuseUnsupported(path, found.publicKey);
  if (found.kind === 'public')
    return { path, publicKey: found.publicKey, isPrivate: false, unlock: () => Promise.reject(onlyPublic(path)) };
  if (!found.encrypted) {
    const key = parse(path, text, undefined);
    if (key instanceof Error) throw unusable(path, key);
    return {
      path,
      publicKey: key.getPublicSSH(),
      isPrivate: true,
      privateKey: key,
      unlock: () => Promise.resolve(key),
    };
  }
  let unlocked: Promise<ParsedKey> | undefined;
  return {
    path,
    publicKey: found.publicKey ?? (await publicKeyBeside(path)),
    isPrivate: true,
    unlock: (prompt) => {
      unlocked ??= inTurn(() => askPassphrase(path, text, prompt));
      return unlocked;
    },
  };
}

const attempts = 3;

async function askPassphrase(path: string, text: string, prompt: Prompt): Promise<ParsedKey> {
  if (!prompt.interactive) {
    throw new HostError(`the key ${path} has a passphrase, and there is no terminal to ask for it`, {
      hint: `Load it into an agent first: ssh-add ${path}`,
    });
  }
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const question = attempt === 1 ? `Passphrase of ${path}` : `Wrong passphrase. Passphrase of ${path}`;
    const passphrase = await prompt.secret(question).catch((error: unknown) => {
      throw new HostError(`the passphrase of ${path} was not given`, { cause: error });
    });
    const key = parse(path, text, passphrase);
    if (!(key instanceof Error)) return key;
    if (!/passphrase|decrypt|bad|wrong/i.test(key.message)) throw unusable(path, key);
  }
  throw new HostError(`the passphrase of ${path} was wrong ${attempts} times`);
}

function parse(path: string, text: string, passphrase: string | undefined): ParsedKey | Error {
  const pkcs8 = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text);
  try {
    const parsed = pkcs8 ? ssh2.utils.parseKey(fromPkcs8(text, passphrase)) : ssh2.utils.parseKey(text, passphrase);
    // The declared type leaves out that several keys may come back; OpenSSH's format stores one.
    const key = Array.isArray(parsed) ? (parsed as ParsedKey[])[0] : parsed;
    return key ?? new Error(`${path} holds no key`);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

// ssh2 reads the older PEM forms only.
function fromPkcs8(text: string, passphrase: string | undefined): string {
  const key = createPrivateKey(passphrase === undefined ? text : { key: text, passphrase });
  if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
  if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString();
  throw new Error(`PKCS#8 ${key.asymmetricKeyType} keys are not supported`);
}

/** The key of `path.pub`; undefined where there is none. */
async function publicKeyBeside(path: string): Promise<Buffer | undefined> {
  const text = await readFile(`${path}.pub`, 'utf8').catch(() => '');
  const found = readKeyText(text);
  return found.kind === 'public' ? found.publicKey : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read by you',
  EISDIR: 'is a directory',
};

function refuseUnsupported(path: string, publicKey: Buffer | undefined): void {
  const type = publicKey && typeInside(publicKey);
  if (type?.startsWith('sk-')) {
    throw new HostError(`the key ${path} lives on a security key (${type}), which the built-in SSH client cannot use`, {
      hint: 'Use --connection openssh',
    });
  }
  if (type?.includes('-cert-')) {
    throw new HostError(`${path} is a certificate, which the built-in SSH client cannot use`, {
      hint: 'Use --connection openssh',
    });
  }
}

function onlyPublic(path: string): HostError {
  return new HostError(`${path} is a public key, and no agent holds its private half`, {
    hint: `Name the private key${path.endsWith('.pub') ? ` (${path.slice(0, -4)})` : ''}, or load it with ssh-add`,
  });
}

function unusable(path: string, cause: Error): HostError {
  return new HostError(`the key ${path} cannot be used: ${cause.message}`, {
    hint: 'Convert it with ssh-keygen -p -f FILE, or use --connection openssh',
    cause,
  });
}
