import { HostError } from '../../errors.ts';

/** What the ssh command wrote, as a HostError that a person understands and can act on. */
export function explainSsh(stderr: string, label: string): HostError {
  const said = stderr
    .split('\n')
    .map((line) => line.replace(/\r$/, '').trim())
    .filter(
      (line) => line !== '' && !/^debug\d: |^Warning: Permanently added|^Transferred: |^Bytes per second: /.test(line),
    );
  const text = said.join('\n');
  for (const [pattern, explain] of explanations) {
    const match = pattern.exec(text);
    if (match) return explain(label, match, text, stderr);
  }
  return new HostError(`${label}: ssh failed: ${said.slice(-3).join('; ') || 'it gave no reason'}`);
}

type Explain = (label: string, match: RegExpExecArray, text: string, debug: string) => HostError;

const unreachable = 'Check the address and the port, and that no firewall stands between';

const explanations: readonly (readonly [RegExp, Explain])[] = [
  [/HOST IDENTIFICATION HAS CHANGED/, hostKeyChanged],
  [
    /REVOKED HOST KEY|is marked as revoked|revoked by file/i,
    (label) =>
      new HostError(`${label}: its host key is revoked`, { hint: 'Do not connect before the host has a new key' }),
  ],
  [/Host key verification failed|host key is known for .* strict checking/, hostKeyUnknown],
  [
    /Could not resolve hostname ([^:\s]+)/,
    (label, match) =>
      new HostError(`${label}: there is no host named ${match[1]}`, {
        hint: 'Check the spelling, or write its address',
      }),
  ],
  [
    /Connection refused/,
    (label, _match, text) =>
      new HostError(`${label}: connection refused${elsewhere(text, label)}`, {
        hint: 'Nothing listens there: check the port, and that sshd runs',
      }),
  ],
  [
    /No route to host|Network is unreachable/,
    (label, _match, text) =>
      new HostError(`${label}: the host cannot be reached from here${elsewhere(text, label, 'at')}`, {
        hint: unreachable,
      }),
  ],
  [
    /Timeout, server \S+ not responding/,
    (label) => new HostError(`${label}: the connection is dead: the server no longer answers`),
  ],
  [
    /timed out/,
    (label, _match, text) =>
      new HostError(`${label}: no answer in time${elsewhere(text, label, 'from')}`, { hint: unreachable }),
  ],
  [
    /Too many authentication failures/,
    (label, _match, _text, debug) =>
      new HostError(`${label}: the server ended the login after too many wrong tries.${offered(debug)}`, {
        hint: 'Name the one right key (--identity FILE, or IdentityFile with "IdentitiesOnly yes" in ~/.ssh/config)',
      }),
  ],
  [/Permission denied \(([^)]*)\)/, permissionDenied],
  [
    /no matching ([a-z ]+?)(?: method| type)? found\. Their offer: (\S+)/,
    (label, match) =>
      new HostError(`${label}: the server has no ${match[1]} in common with this ssh (it offers ${match[2]})`, {
        hint: 'Update the OpenSSH client, or the server',
      }),
  ],
  [
    /ssh_askpass: exec\(([^)]*)\): (.*)/,
    (label, match) =>
      new HostError(`${label}: ssh could not ask through ${match[1]}: ${match[2]}`, {
        hint: 'Set TMPDIR to a folder whose file system allows programs to run',
      }),
  ],
  [
    /^(.+)\n(?:kex_exchange_identification: .*\n)?Connection (?:closed|reset) by UNKNOWN port 65535$/m,
    (label, match) =>
      new HostError(`${label}: the ProxyCommand or jump host of the ssh configuration failed: ${match[1]}`),
  ],
  [
    /Bad configuration option|terminating, \d+ bad configuration|line \d+: /,
    (label, _match, text) =>
      new HostError(`${label}: the ssh configuration cannot be read: ${text.split('\n')[0]}`, {
        hint: 'Correct the file, or name another one',
      }),
  ],
  [
    /kex_exchange_identification|Connection (?:closed|reset)|closed by remote host/,
    (label) =>
      new HostError(`${label}: the server closed the connection`, {
        hint: 'Its log tells why; a limit such as MaxStartups or PerSourcePenalties (after refused logins), fail2ban or a firewall may be the reason',
      }),
  ],
];

/** Where ssh could not get through, if that is not the host itself but one on the way to it. */
function elsewhere(text: string, label: string, word = 'by'): string {
  const login = /^(\S+@\S+): Permission denied \(/m.exec(text)?.[1];
  if (login !== undefined)
    return label.replace(/[[\]]/g, '').startsWith(`${login}:`) ? '' : ` ${word} ${login}, on the way to it`;
  const [, host, port] = /^ssh: connect to host (\S+) port (\d+): /m.exec(text) ?? [];
  if (host === undefined) return '';
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return label.endsWith(`@${place}`) ? '' : ` ${word} ${place}, on the way to it`;
}

function hostKeyChanged(label: string, _match: RegExpExecArray, text: string): HostError {
  const now = /fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:\S+?)\.?$/m.exec(text);
  const known = /Offending \S+ key in (.+):(\d+)/.exec(text);
  const command = /ssh-keygen -f .* -R .*/.exec(text)?.[0].trim();
  return new HostError(
    `${label}: THE HOST KEY HAS CHANGED: it is ${now ? `${now[1]} ${now[2]}` : 'another'}${known ? `, but another one is known (${known[1]}:${known[2]})` : ''}. Somebody may be listening in, or the host was installed anew`,
    { hint: `If you are sure that it was, forget the old key: ${command ?? "ssh-keygen -R 'HOST'"}` },
  );
}

function hostKeyUnknown(label: string, _match: RegExpExecArray, _text: string, debug: string): HostError {
  const key = serverHostKey(debug);
  return new HostError(`${label}: its host key ${key ? `${key} ` : ''}is not known, and was not accepted`, {
    hint: 'Compare the fingerprint with the one that ssh-keygen -lf prints on the host, then connect once with --accept-new',
  });
}

function permissionDenied(label: string, match: RegExpExecArray, text: string, debug: string): HostError {
  const by = elsewhere(text, label);
  const trouble = /^(?:Load key|identity file|no such identity|sign_and_send_pubkey).*$/im.exec(text)?.[0];
  const badMode = /^Load key "(.*)(?<!\.pub)": bad permissions/.exec(trouble ?? '')?.[1];
  const takes = match[1]?.replaceAll(',', ', ');
  const locked = trouble === undefined ? acceptedInVain(debug) : undefined;
  if (locked !== undefined) {
    return new HostError(
      `${label}: the login was refused${by}. The server accepts the key ${locked}, and ssh could not use it`,
      {
        hint: `If it has a passphrase, load it into an agent first: ssh-add ${locked}`,
      },
    );
  }
  return new HostError(
    `${label}: the login was refused${by}. The server takes ${takes}.${offered(debug)}${trouble ? ` ${trouble}` : ''}`,
    {
      hint: badMode === undefined ? loginHint(match[1] ?? '', debug) : `Let nobody else read it: chmod 600 ${badMode}`,
    },
  );
}

function loginHint(methods: string, debug: string): string {
  if (passwordTried.test(debug)) return 'Check the user name and the password';
  if (/password|keyboard/.test(methods)) {
    return 'Name a key that the host knows (--identity FILE), load one into the agent, or log in with a password (--ask-pass)';
  }
  return 'Check the user name, and that the public key stands in the authorized_keys of that user';
}

const passwordTried = /^debug1: Next authentication method: (password|keyboard-interactive)/m;

/** The key that the server would have taken, and that ssh then signed nothing with. */
function acceptedInVain(debug: string): string | undefined {
  const accepted =
    /^debug1: Server accepts key: (.*?) \S+ SHA256:.*\n(?:debug1: (?!Authentications).*\n)*.*: Permission denied/m;
  return accepted.exec(debug.replaceAll('\r', ''))?.[1];
}

/** The fingerprint of the target's host key in ssh's debug lines: the last one, as jump hosts come first. */
export function serverHostKey(debug: string): string | undefined {
  return [...debug.matchAll(/^debug1: Server host key: \S+ (SHA256:\S+)/gm)].at(-1)?.[1];
}

function offered(debug: string): string {
  const keys = [...debug.matchAll(/^debug1: Offering public key: (.*?) (?:\S+) (SHA256:\S+)/gm)].map(
    (match) => match[1],
  );
  const password = passwordTried.exec(debug)?.[1];
  const tried = password === undefined ? keys : [...keys, password];
  return tried.length > 0 ? ` Tried: ${tried.join(', ')}.` : ' There was no key to offer.';
}
