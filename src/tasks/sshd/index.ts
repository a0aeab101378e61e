import { z } from 'zod';
import type { Change } from '../../engine/diff.ts';
import type { StateValue } from '../../engine/state.ts';
import { defineTask } from '../../engine/task.ts';
import type { Facts } from '../../remote/facts.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { replaceFile, transformFile } from '../support/replace-file.ts';
import { ACCESS_KEYWORDS, effectOfOptions } from './access.ts';
import { askSshd, parseAnswer, type SshdAnswer } from './answer.ts';
import { overriddenBy, sshdFindings } from './findings.ts';
import { configText, type SshdSetting, settings, sshdOptions } from './options.ts';
import { checkSshd, INCLUDE, MAIN_CONFIG, reloadSshd, validateCandidate } from './scripts.ts';

const HEADER = '# Written by harden. sshd takes the first value it reads, so these win over every later file.\n';

const UNTIL_PROVED = '# Until a login by the new port has succeeded:\n';

const params = z.strictObject({
  options: sshdOptions.describe(
    'Keywords of sshd_config(5) with their values: text, a number, true/false (yes/no), or a list. Upper and lower case are the same.',
  ),
  file: z
    .string()
    .regex(/^\/etc\/ssh\/sshd_config\.d\/[A-Za-z0-9_][A-Za-z0-9_.-]*\.conf$/, {
      error: 'sshd reads /etc/ssh/sshd_config.d/NAME.conf only',
    })
    .default('/etc/ssh/sshd_config.d/00-harden.conf')
    .describe(
      'The drop-in that holds the options; sshd reads drop-ins in the order of their names, and the first value wins.',
    ),
});
type Params = z.infer<typeof params>;

/**
 * Each option under its own name, with its effective value. `content`: the drop-in. `include`: the main file reads drop-ins. The rest is
 * what the host told beside: `wanted` (what it would print for the options), `access`, `groups`, `locked`, `socket`, `overrides`.
 */
type SshdState = Readonly<Record<string, StateValue>> | null;

/** sshd's effective options, kept in a drop-in that wins over all others. */
export const sshdTask = defineTask<Params, SshdState>({
  type: 'sshd',
  summary: 'Options of the SSH server: what `sshd -T` says is what counts.',
  notes:
    'Reads the effective values with `sshd -T`, for a connection that no `Match` block speaks of, and compares them as the host’s own sshd would print the wanted ones (`2m` is 120, `prohibit-password` is `without-password`). An option that already holds by default or by another file needs no change. Writes one drop-in that sorts first, because sshd takes the first value it reads; before that, the whole configuration is tried on a private copy, and a line elsewhere that would still win is named. Keywords that add up over files (Port, ListenAddress, AllowUsers, AcceptEnv, HostKey…) must not be set elsewhere too. A port that moves is opened beside the old one; only when a fresh login by the new one has succeeded, the old one closes. Algorithms that the host does not know, and options that would lock this login out, are refused. CIS 5.1 (Debian 12), ssh-audit.',
  params,
  examples: [
    { options: { PermitRootLogin: 'no', PasswordAuthentication: 'no', KbdInteractiveAuthentication: 'no' } },
    {
      options: {
        X11Forwarding: false,
        MaxAuthTries: 4,
        LoginGraceTime: '30s',
        Ciphers: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'aes256-ctr'],
      },
      file: '/etc/ssh/sshd_config.d/00-harden-limits.conf',
    },
  ],
  id: ({ file }) => file,
  needs: () => ['command:sshd'],
  provides: ({ file }) => [`path:${file}`],
  probe: ({ file, options }, facts) => askSshd(file, settings(options), facts.login),
  read(output, { options }) {
    const wanted = settings(options);
    const answer = parseAnswer(output, wanted);
    return answer && stateOf(answer, wanted);
  },
  want({ options }, _facts, before) {
    const wanted = settings(options);
    const canonical = dumpOf(before?.wanted);
    const values = Object.fromEntries(
      wanted.map((option) => [option.name, shape(canonical.get(option.keyword) ?? option.values)]),
    );
    const holds = before !== null && Object.entries(values).every(([name, value]) => same(before[name], value));
    if (holds && before.content === '') return values;
    return { ...values, content: HEADER + configText(wanted), include: true };
  },
  risk: () => 'access',
  access({ options }) {
    const { permitRootLogin, passwordAuthentication, ports } = effectOfOptions(settings(options));
    return {
      sshd: {
        ...(permitRootLogin === undefined ? {} : { permitRootLogin }),
        ...(passwordAuthentication === undefined ? {} : { passwordAuthentication }),
        ...(ports === undefined ? {} : { ports }),
      },
    };
  },
  validate: (change, { file, options }) =>
    validateCandidate({
      file,
      content: contentAfter(change, settings(options)),
      addInclude: change.before !== null && change.before.include === false,
      wanted: listOf(change.before?.wanted),
    }),
  findings(change, { options }, context) {
    const { before } = context;
    if (!change || before === null) return [];
    const wanted = settings(options);
    const named = wanted.filter(({ name }) => change.keys.includes(name)).map(({ keyword }) => keyword);
    return sshdFindings(
      {
        options: wanted,
        after: new Map([...dumpOf(before.access), ...dumpOf(before.wanted)]),
        groups: listOf(before.groups),
        locked: before.locked === true,
        socketOwnsPort: before.socket === true,
        overrides: listOf(before.overrides),
        changing: new Set(named),
      },
      context,
    );
  },
  apply(change, { file, options }, facts) {
    const wanted = settings(options);
    const old = portLeft(change, wanted, facts);
    const content = contentAfter(change, wanted);
    const drop = dropIn(file, old === undefined ? content : `${content}${UNTIL_PROVED}Port ${old}\n`);
    const main = transformFile({ path: MAIN_CONFIG, produce: sh`printf '%s\n' ${INCLUDE}; cat "$old"` });
    const include = change.keys.includes('include')
      ? sh`if ! grep -qxF ${INCLUDE} ${MAIN_CONFIG}; then\n${raw(main)}\nfi\n`
      : '';
    return `mkdir -p -m 0755 /etc/ssh/sshd_config.d\n${drop}${include}`;
  },
  handlers: () => [{ name: 'reload ssh', check: checkSshd, run: reloadSshd }],
  closeOldWay(change, { file, options }, facts) {
    const wanted = settings(options);
    if (portLeft(change, wanted, facts) === undefined) return undefined;
    return `${dropIn(file, contentAfter(change, wanted))}${checkSshd}${reloadSshd}`;
  },
  keeps: ({ file }, change) => (change.keys.includes('include') ? [file, MAIN_CONFIG] : [file]),
  undo: () => reloadSshd,
});

/** The port by which this run came in, where sshd is to leave it: it listens there too until a login by the new one has succeeded. */
function portLeft({ keys }: Change<SshdState>, wanted: readonly SshdSetting[], { ssh }: Facts): number | undefined {
  const { ports } = effectOfOptions(wanted);
  if (!ssh || !ports || ports.includes(ssh.port)) return undefined;
  return keys.some((key) => key.toLowerCase() === 'port') ? ssh.port : undefined;
}

function dropIn(file: string, content: string): Script {
  return replaceFile({ path: file, content, owner: 'root', group: 'root', mode: '0600' });
}

function stateOf(answer: SshdAnswer, wanted: readonly SshdSetting[]): SshdState {
  const state: Record<string, StateValue> = {};
  for (const option of wanted) {
    const values = answer.wanted.has(option.keyword) ? answer.effective.get(option.keyword) : written(answer, option);
    if (values !== undefined) state[option.name] = shape(values);
  }
  return {
    ...state,
    content: answer.dropIn,
    include: answer.lines.some(({ keyword, value }) => keyword === 'include' && value.includes('sshd_config.d/')),
    wanted: linesOf(
      answer.wanted,
      wanted.map(({ keyword }) => keyword),
    ),
    access: linesOf(answer.effective, ACCESS_KEYWORDS),
    groups: answer.groups,
    locked: answer.locked,
    socket: answer.socketOwnsPort,
    overrides: overriddenBy(answer.lines, wanted),
  };
}

/** Some keywords are missing in `sshd -T` (DebianBanner before OpenSSH 9.6): then the first line that sets it counts; drop-ins come first. */
function written({ lines }: SshdAnswer, { keyword, values }: SshdSetting): readonly string[] | undefined {
  const global = lines.filter((line) => line.keyword === keyword && line.match === undefined);
  const line = global.find(({ at }) => !at.startsWith(`${MAIN_CONFIG}:`)) ?? global[0];
  if (!line) return undefined;
  return line.value.toLowerCase() === values[0]?.toLowerCase() ? values : [line.value];
}

function contentAfter(change: Change<SshdState>, wanted: readonly SshdSetting[]): string {
  const content = change.after?.content;
  return typeof content === 'string' ? content : HEADER + configText(wanted);
}

function shape(values: readonly string[]): StateValue {
  return values.length === 1 ? values[0]! : values;
}

function same(a: StateValue | undefined, b: StateValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function linesOf(values: ReadonlyMap<string, readonly string[]>, keywords: readonly string[]): string[] {
  return keywords.flatMap((keyword) => (values.get(keyword) ?? []).map((value) => `${keyword} ${value}`));
}

function dumpOf(lines: StateValue | undefined): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const line of listOf(lines)) {
    const at = line.indexOf(' ');
    const keyword = line.slice(0, at);
    values.set(keyword, [...(values.get(keyword) ?? []), line.slice(at + 1)]);
  }
  return values;
}

function listOf(value: StateValue | undefined): readonly string[] {
  return Array.isArray(value) ? value : [];
}
