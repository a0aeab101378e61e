import { HostError } from '../../errors.ts';
import { judgeHostKey, type KnownHost, knownHostsName, knownTypes, typeInside, type Verdict } from '../known-hosts.ts';
import { inTurn, type Prompt } from '../prompt.ts';
import { fingerprint, keyTypeName } from './fingerprint.ts';
import { readKnownHosts, recordHostKey } from './known-hosts-file.ts';

/** Where the keys of one host are looked up, and what happens to an unknown one. */
export interface HostKeyPolicy {
  /** For messages. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  readonly alias: string | undefined;
  /** The first takes new keys. */
  readonly userFiles: readonly string[];
  readonly globalFiles: readonly string[];
  readonly unknown: 'ask' | 'refuse' | 'accept';
  readonly prompt: Prompt;
}

/** Checks one host's key against known_hosts. */
export interface HostKeyCheck {
  /** The key types that known_hosts has for the host: what to ask the server for first. */
  readonly types: readonly string[];
  /** Resolves when the key is to be trusted, else rejects with a HostError. */
  verify(key: Buffer): Promise<void>;
  /** Records a key that `verify` newly accepted; MUST be called once the server has proved that it holds it. */
  record(): Promise<void>;
}

// Accepted in this process: a second connection asks nothing, though the first may not have come to record it.
const accepted = new Set<string>();

/** Reads known_hosts for one host. */
export async function hostKeyCheck(policy: HostKeyPolicy): Promise<HostKeyCheck> {
  const files = [...policy.userFiles, ...policy.globalFiles];
  const names = policy.alias
    ? [policy.alias.toLowerCase()]
    : [...new Set([knownHostsName(policy.host, policy.port), policy.host.toLowerCase()])];
  const [name = ''] = names;
  const entries = await readKnownHosts(files);
  let fresh: Buffer | undefined;

  async function verify(key: Buffer): Promise<void> {
    const verdict = judgeHostKey(entries, names, key);
    if (verdict.kind === 'known') return;
    if (verdict.kind === 'unknown') await decide(verdict.others, key);
    else throw refusal(policy, name, verdict, key);
    fresh = key;
  }

  async function decide(others: readonly KnownHost[], key: Buffer): Promise<void> {
    const mark = `${name} ${key.toString('base64')}`;
    if (accepted.has(mark)) return;
    const other = others[0];
    const ask = policy.unknown === 'ask' && policy.prompt.interactive;
    if (policy.unknown === 'accept' && !other) return;
    if (!ask) throw other ? refusal(policy, name, { kind: 'changed', by: other }, key) : unknownKey(policy, key);
    await inTurn(async () => {
      // Another connection may have asked about the same host meanwhile.
      if (accepted.has(mark) || judgeHostKey(await readKnownHosts(files), names, key).kind === 'known') return;
      if (!(await policy.prompt.confirm(question(policy, other, key), fingerprint(key)))) {
        throw new HostError(`${policy.label}: its host key was not accepted`);
      }
      accepted.add(mark);
    });
  }

  async function record(): Promise<void> {
    const file = policy.userFiles[0];
    const key = fresh;
    if (!key || file === undefined) return;
    fresh = undefined;
    await recordHostKey(
      file,
      name,
      key,
      async () => judgeHostKey(await readKnownHosts(files), names, key).kind === 'known',
    );
  }

  return { types: knownTypes(entries, names), verify, record };
}

function describe(key: Buffer): string {
  return `${keyTypeName(typeInside(key) ?? 'unknown')} ${fingerprint(key)}`;
}

function at(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}

function question(policy: HostKeyPolicy, other: KnownHost | undefined, key: Buffer): string {
  const warning = other ? ` Beware: another key of this host is known, ${describe(other.key)} (${at(other)}).` : '';
  return `${policy.label} is not known. Its key is ${describe(key)}.${warning} Trust it and go on?`;
}

function unknownKey(policy: HostKeyPolicy, key: Buffer): HostError {
  return new HostError(`${policy.label}: its host key ${describe(key)} is not known, and nobody can be asked`, {
    hint: 'Compare the fingerprint with the one that ssh-keygen -lf prints on the host, then connect once with --accept-new',
  });
}

function refusal(
  policy: HostKeyPolicy,
  name: string,
  verdict: Exclude<Verdict, { kind: 'known' | 'unknown' }>,
  key: Buffer,
): HostError {
  switch (verdict.kind) {
    case 'revoked':
      return new HostError(`${policy.label}: its host key ${describe(key)} is revoked at ${at(verdict.by)}`, {
        hint: 'Do not connect before the host has a new key',
      });
    case 'authority':
      return new HostError(
        `${policy.label}: ${at(verdict.by)} trusts a certificate authority for it, and host certificates are beyond the built-in SSH client`,
        { hint: 'Use --connection openssh' },
      );
    case 'changed':
      return new HostError(
        `${policy.label}: THE HOST KEY HAS CHANGED: it is ${describe(key)}, but ${describe(verdict.by.key)} is known (${at(verdict.by)}). Somebody may be listening in, or the host was installed anew`,
        { hint: `If you are sure that it was, forget the old key: ssh-keygen -f ${verdict.by.file} -R '${name}'` },
      );
  }
}
