import type { AccessEffect } from '../../engine/access-effect.ts';
import type { Finding, FindingContext } from '../../engine/task.ts';
import { lasting } from '../support/finding.ts';
import { closesEveryMethod, effectOf, listensOn, type SshdEffect, unsatisfiable, whyTurnedAway } from './access.ts';
import type { ConfigLine } from './answer.ts';
import { authenticatedCiphers, nodeSshAlgorithms } from './node-ssh-algorithms.ts';
import type { SshdSetting } from './options.ts';

/** What is known of the host and of the configuration that it is going to have. */
export interface SshdOutlook {
  readonly options: readonly SshdSetting[];
  /** Every access keyword as it will be, and every option, in the host's own spelling. */
  readonly after: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly string[];
  readonly locked: boolean;
  readonly socketOwnsPort: boolean;
  readonly overrides: readonly string[];
  /** Keywords whose effective value changes. */
  readonly changing: ReadonlySet<string>;
}

/** Refusals of what would certainly lock this login out, and remarks on what may. */
export function sshdFindings(
  outlook: SshdOutlook,
  { facts, effects = [], transport = 'ssh' }: FindingContext,
): readonly Finding[] {
  const effect = effectOf(outlook.after);
  const findings: Finding[] = [];
  const refuse = (message: string, hint?: string, because: readonly string[] = []) =>
    findings.push({ level: 'refuse', message, hint, because });
  const warn = (message: string, hint?: string) => findings.push({ level: 'warn', message, hint });

  if (closesEveryMethod(effect))
    refuse(
      'nobody could log in any more: keys, passwords and keyboard-interactive would all be off',
      'Keep PubkeyAuthentication yes',
    );
  else if (effect.pubkeyAuthentication === 'no' && outlook.changing.has('pubkeyauthentication'))
    warn('keys no longer open the door with PubkeyAuthentication no: only a password will');
  const methods = unsatisfiable(effect);
  if (methods !== undefined)
    refuse(`nobody could log in any more: AuthenticationMethods ${methods} asks for a method that is switched off`);

  if (transport !== 'local') findings.push(...turnedAway(outlook, effect, facts.login, effects).map(lasting));
  if (facts.ssh && outlook.changing.has('listenaddress') && !listensOn(effect, facts.ssh.address))
    refuse(
      `sshd would no longer listen on ${facts.ssh.address}, the address that this run came in by`,
      `Add ${facts.ssh.address} to ListenAddress`,
    );
  if (facts.ssh && outlook.changing.has('port') && !effect.ports?.includes(facts.ssh.port))
    warn(
      `sshd will no longer listen on port ${facts.ssh.port}, by which this run came in`,
      'Open the new port in whatever firewall stands there; the old one closes when a login by the new one has succeeded',
    );
  if (outlook.socketOwnsPort && (outlook.changing.has('port') || outlook.changing.has('listenaddress')))
    refuse(
      'systemd’s ssh.socket owns the port on this host, so Port and ListenAddress would have no effect',
      'Disable ssh.socket and enable ssh.service with a service task, or set ListenStream in a drop-in of ssh.socket',
      ['service:ssh.socket', 'path:/etc/systemd/system/ssh.socket.d/'],
    );

  if (effect.maxAuthTries === 0) refuse('MaxAuthTries 0 lets nobody in', 'Write 3 or 4');
  else if (effect.maxAuthTries === 1 && outlook.changing.has('maxauthtries'))
    warn('MaxAuthTries 1 turns away everybody whose agent offers another key first', 'Write 3 or 4');
  if (effect.usePAM === 'no' && outlook.locked)
    refuse(
      `the password of ${facts.login} is locked, and without PAM sshd lets no locked account in`,
      'Keep UsePAM yes',
      [`user:${facts.login}`],
    );

  if (transport === 'ssh') findings.push(...strangeAlgorithms(outlook).map(lasting));
  for (const line of outlook.overrides) warn(line);
  return findings;
}

/** What Match blocks set otherwise than the options, a sentence each. */
export function overriddenBy(lines: readonly ConfigLine[], options: readonly SshdSetting[]): string[] {
  return lines.flatMap(({ at, keyword, value, match }) => {
    const option = options.find((candidate) => candidate.keyword === keyword);
    if (!option || match === undefined || option.values.join(' ').toLowerCase() === value.toLowerCase()) return [];
    return [`for \`Match ${match}\`, ${at} still sets ${option.name} ${value}`];
  });
}

function turnedAway(
  outlook: SshdOutlook,
  effect: SshdEffect,
  user: string,
  effects: readonly AccessEffect[],
): readonly Finding[] {
  // whether root may shut the door behind itself depends on the whole playbook: who else has a key and sudo
  if (user === 'root' && effect.permitRootLogin === 'no') return [];
  const byName = whyTurnedAway({ ...effect, permitRootLogin: undefined }, { user });
  if (byName !== undefined && (outlook.changing.has('allowusers') || outlook.changing.has('denyusers')))
    return [
      {
        level: 'refuse',
        message: `this would lock out ${user}, the account that this run logged in as: ${byName}`,
        hint:
          user === 'root'
            ? 'Let root in too; where root is to stay out, say so with PermitRootLogin no'
            : `Let ${user} in too, or log in as one of those who stay`,
      },
    ];
  const memberships = effects.flatMap(({ member }) => (member?.user === user ? [member] : []));
  const groups =
    outlook.groups.length > 0 ? [...outlook.groups, ...memberships.flatMap((member) => member.groups)] : undefined;
  const byGroup =
    byName === undefined ? whyTurnedAway({ ...effect, permitRootLogin: undefined }, { user, groups }) : undefined;
  if (byGroup === undefined) return [];
  const certain =
    (outlook.changing.has('allowgroups') || outlook.changing.has('denygroups')) &&
    memberships.every(({ only }) => !only);
  return [
    {
      level: certain ? 'refuse' : 'warn',
      message: `this would lock out ${user}, the account that this run logged in as, by its groups: ${byGroup}`,
      hint: `Bring ${user} into the group with a user task (groups, append: true), or log in as one of those who stay`,
    },
  ];
}

function strangeAlgorithms({ options, after }: SshdOutlook): readonly Finding[] {
  return options.flatMap(({ name, keyword }) => {
    const spoken = nodeSshAlgorithms[keyword];
    const offered = after.get(keyword)?.[0]?.split(',');
    if (!spoken || !offered || offered.some((algorithm) => spoken.includes(algorithm))) return [];
    const ciphers = after.get('ciphers')?.[0]?.split(',');
    if (keyword === 'macs' && ciphers?.every((cipher) => authenticatedCiphers.includes(cipher))) return [];
    return [
      {
        level: 'refuse' as const,
        message: `harden could not log in any more: its own ssh speaks none of these ${name}`,
        hint: `Add one of ${spoken.join(', ')}, or come with --connection openssh`,
      },
    ];
  });
}
