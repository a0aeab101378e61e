import { HostError } from '../../errors.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { configText, type SshdSetting } from './options.ts';
import { dumpConfig, MAIN_CONFIG } from './scripts.ts';

/** What the host said about its sshd. */
export interface SshdAnswer {
  /** Each keyword's values, in order, as `sshd -T` prints them. */
  readonly effective: ReadonlyMap<string, readonly string[]>;
  /** The wanted options in the host's own spelling: what `sshd -T` would print were they alone. */
  readonly wanted: ReadonlyMap<string, readonly string[]>;
  /** The configuration's lines without comments and blanks. */
  readonly lines: readonly ConfigLine[];
  /** The groups of the login; empty where no option speaks of groups. */
  readonly groups: readonly string[];
  /** The login's password is locked in shadow (`!`). */
  readonly locked: boolean;
  /** systemd's ssh.socket owns the ports, whatever sshd_config says of them. */
  readonly socketOwnsPort: boolean;
  /** The drop-in's text; empty where it does not exist. */
  readonly dropIn: string;
}

export interface ConfigLine {
  /** `/etc/ssh/sshd_config:12`. */
  readonly at: string;
  /** The keyword, in lower case. */
  readonly keyword: string;
  readonly value: string;
  /** The criteria of the Match block that the line stands in; undefined: it is global. */
  readonly match: string | undefined;
}

const QUERIES: Readonly<Record<string, string>> = {
  ciphers: 'cipher',
  macs: 'mac',
  kexalgorithms: 'kex',
  hostkeyalgorithms: 'HostKeyAlgorithms',
  pubkeyacceptedalgorithms: 'PubkeyAcceptedAlgorithms',
  hostbasedacceptedalgorithms: 'HostbasedAcceptedAlgorithms',
  casignaturealgorithms: 'CASignatureAlgorithms',
};

/** Script that prints what `parseAnswer` reads; nothing where there is no sshd. */
export function askSshd(file: string, options: readonly SshdSetting[], login: string): Script {
  const named = new Set(options.map(({ keyword }) => keyword));
  // ports and host keys of the real configuration: the first shows in `listenaddress`, without the second there is no answer
  const borrowed = ['port', 'hostkey', 'hostkeyagent'].filter((keyword) => !named.has(keyword)).join('|');
  const queries = [...named].filter((keyword) => keyword in QUERIES);
  const asksGroups = named.has('allowgroups') || named.has('denygroups');
  return sh`[ -x /usr/sbin/sshd ] || exit 0
${raw(dumpConfig)}
effective=$(dump_config 2>&1) || { printf '%s\n' "$effective" >&2; exit 65; }
printf '# effective\n%s\n# wanted\n' "$effective"
{ printf %s ${configText(options)}; printf '%s\n' "$effective" | grep -E ${`^(${borrowed}) `}; } | dump_config -f /dev/stdin 2>&1 || {
  printf '# refused\n'
  ${raw(queries.map((keyword) => sh`printf '# known %s\n' ${keyword}; ssh -Q ${QUERIES[keyword]!}`).join('\n  '))}
}
printf '# lines\n'
awk '!/^[[:space:]]*(#|$)/ { print FILENAME ":" FNR ":" $0 }' ${MAIN_CONFIG} /etc/ssh/sshd_config.d/*.conf 2>/dev/null
${raw(asksGroups && login !== '' ? sh`printf '# groups\n'; id -nG -- ${login}` : '')}
${raw(named.has('usepam') && login !== '' ? sh`shadow=$(getent shadow -- ${login}); case \${shadow#*:} in !*) printf '# locked\n' ;; esac` : '')}
${raw(named.has('port') || named.has('listenaddress') ? SOCKET : '')}
printf '# drop-in\n'
if [ -e ${file} ]; then cat ${file}; fi
`;
}

// where a generator makes the socket out of sshd_config (Ubuntu since 24.04), the options do count
const SOCKET = sh`if [ -d /run/systemd/system ] && [ ! -e /usr/lib/systemd/system-generators/sshd-socket-generator ] &&
  systemctl is-active -q ssh.socket; then
  printf '# socket\n'
fi`;

/** What `askSshd` printed; null where there is no sshd. Throws a HostError when the host's sshd refuses one of the options. */
export function parseAnswer(output: string, options: readonly SshdSetting[]): SshdAnswer | null {
  if (output === '') return null;
  const marker = '# drop-in\n';
  const end = output.indexOf(`\n${marker}`) + 1;
  const sections = parseSections(output.slice(0, end));
  if (sections.has('refused')) throw refusal(sections, options);
  return {
    effective: parseDump(sections.get('effective') ?? []),
    wanted: parseDump(sections.get('wanted') ?? []),
    lines: parseLines(sections.get('lines') ?? []),
    groups: (sections.get('groups')?.[0] ?? '').split(' ').filter(Boolean),
    locked: sections.has('locked'),
    socketOwnsPort: sections.has('socket'),
    dropIn: output.slice(end + marker.length),
  };
}

function parseSections(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('# ')) {
      lines = [];
      sections.set(line.slice(2), lines);
    } else if (line !== '') lines.push(line);
  }
  return sections;
}

function parseDump(lines: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const [, keyword, value] = /^([a-z0-9]+) (.*)$/.exec(line) ?? [];
    if (keyword !== undefined && value !== undefined) values.set(keyword, [...(values.get(keyword) ?? []), value]);
  }
  return values;
}

function parseLines(lines: readonly string[]): ConfigLine[] {
  const parsed: ConfigLine[] = [];
  let file = '';
  let match: string | undefined;
  for (const line of lines) {
    const [, at = '', path = '', keyword = '', rest = ''] = /^((\/[^:]*):\d+):\s*"?(\w+)"?(.*)$/.exec(line) ?? [];
    if (path !== file) match = undefined;
    file = path;
    const value = rest.replace(/^[\s=]+/, '').trimEnd();
    if (keyword.toLowerCase() === 'match') match = /^all$/i.test(value) ? undefined : value;
    parsed.push({ at, keyword: keyword.toLowerCase(), value, match });
  }
  return parsed;
}

function refusal(sections: ReadonlyMap<string, readonly string[]>, options: readonly SshdSetting[]): HostError {
  for (const { name, keyword, values } of options) {
    const known = sections.get(`known ${keyword}`);
    const strangers = known ? algorithms(values).filter((algorithm) => !known.includes(algorithm)) : [];
    if (known && strangers.length > 0)
      return new HostError(`this host's sshd does not know ${strangers.join(', ')} (${name})`, {
        hint: `It knows ${known.join(', ')}`,
      });
  }
  const names = options.flatMap(({ name, values }) => values.map(() => name));
  const reasons = (sections.get('wanted') ?? [])
    .filter((line) => !line.startsWith('/dev/stdin: terminating'))
    .map((line) =>
      line.replace(/^\/dev\/stdin:? line (\d+): /, (_, number) => `${names[Number(number) - 1] ?? 'line'}: `),
    );
  return new HostError(`this host's sshd refuses the options. ${reasons.join('; ')}`);
}

/** The names of an algorithm list that are no patterns; `+`, `-` and `^` in front say what the list does to the default. */
function algorithms(values: readonly string[]): string[] {
  return values.flatMap((value) => value.replace(/^[+^-]/, '').split(',')).filter((name) => !/[*?]/.test(name));
}
