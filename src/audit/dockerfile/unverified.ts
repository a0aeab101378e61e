import type { ShellCommand } from './shell-commands.ts';

/** Options that switch a check off, of whatever program. */
const OPTIONS =
  /^--?(no-check-cert\w*|insecure(-skip-tls-verify)?|proxy-insecure|no-verify-(ssl|peer)|no-ssl-verify|skip-(tls|ssl)(-verify|-verification)?|(tls|ssl)-skip-verify|ignore-(certs?|ssl\w*|certificate-errors)|no-strict-ssl|strict-ssl=(false|0)|verify-ssl=(false|no|0)|(src-|dest-)?tls-verify=(false|no|0)|verify=(no|false|0)|check-certificate=(false|no)|no-?gpg-?checks?|allow-(unauthenticated|untrusted|insecure-\w[\w-]*)|force-yes|trusted-host(=.*)?|allow-insecure-host(=.*)?|nosignature|nodigest|setopt=(\*\.|[\w-]+\.)?(sslverify|gpgcheck)=(0|false|no)|disable-(ssl|tls)(-verification)?|ssl-no-verify|unsafely-ignore-certificate-errors(=.*)?)$/i;
/** Settings that do, where a program is told one or a file is written. */
const SETTINGS =
  /\b(http\.(\S+\.)?sslverify[ =]+"?(false|0|no)|strict-ssl[ =]+"?(false|0)|ssl_?verify(_mode)?[ =:]+"?(false|0|no)|enablestrictssl[ :=]+"?false|check_?certificate[ =]+(off|0|no)|acquire::\S*verify-(peer|host)[ ="]+(false|0)|allowunauthenticated[ ="]+(true|1|yes)|allowinsecurerepositories[ ="]+(true|1|yes)|trusted=(yes|true)|gpgcheck[ =]+(0|no|false)|siglevel\s*=\s*(never|optional)|disable-tls[ =]+true|secure-http[ =]+false|trusted-host[ =]+\S|stricthostkeychecking[ =]+"?(no|off)|verifyhostkeydns\s+no)/i;
/** Switches in the environment. */
const OFF =
  /(SSL|TLS|HTTPS?|CERT\w*|GPG)_?(\w+_)?(VERIFY|VERIFICATION|CHECK|STRICT|REJECT_UNAUTHORIZED)(_?(MODE|PEER|HOST|HOSTNAME))?$|STRICT_?SSL$|^PYTHONHTTPSVERIFY$|^NODE_TLS_REJECT_UNAUTHORIZED$|SSL_VERIFY_HOSTNAME$/i;
const ON =
  /(NO|SKIP|DISABLE|IGNORE|INSECURE)_?(\w+_)?(SSL|TLS|CERTS?|CERTIFICATES?|VERIFY|VERIFICATION)(_(VERIFY|ERRORS|CHECK))?$|(SSL|TLS)_(NO|SKIP)_VERIFY$|SSL_NO_VERIFY$/i;
const ANY = /^(PIP_TRUSTED_HOST|UV_INSECURE_HOST|GOINSECURE|GONOSUMDB|GONOSUMCHECK)$/i;
const NO = /^["']?(0|false|no|off|none)["']?$/i;
const YES = /^["']?(1|true|yes|on)["']?$/i;
/** Short options of curl that take a value: what stands behind them in one word is that. */
const CURL_VALUES = /[AbcCdDeEFHhKmoPQrtTuUwxXyYz]/;
/** Programs whose words are settings, one after the other. */
const TOLD =
  /^(git|npm|pnpm|yarn|pip[\d.]*|conda|mamba|bundle|bundler|composer|poetry|apt|apt-get|aptitude|yum|dnf|microdnf|tdnf|wget|ssh|scp|sftp|rsync|gem|uv)$/;
/** Programs that write what they are told into a file. */
const WRITES = /^(echo|printf|cat|tee|sed)$/;

/** Which checks of certificates and signatures a command does without. */
export function unverifiedIn({ words, variables, into, input }: ShellCommand): readonly string[] {
  const [name = '', ...rest] = words;
  const found = variables.flatMap((variable) => switchedOff(variable.name, variable.value) ?? []);
  if (/^(export|declare|typeset|readonly)$/.test(name))
    for (const word of rest) {
      const [key = '', ...value] = word.split('=');
      found.push(...(switchedOff(key, value.join('=')) ?? []));
    }
  const text = rest.join(' ');
  if (WRITES.test(name)) {
    const file = into.length > 0 || /^(tee|sed)$/.test(name);
    const said =
      SETTINGS.exec([text, ...input].join('\n')) ??
      (into.some((each) => /curlrc$/.test(each)) ? /\binsecure\b/.exec(text) : null);
    return file && said ? [...found, said[0]] : found;
  }
  if (/^(apt|apt-get|apk|yum|dnf|microdnf|zypper|pip[\d.]*|npm|yarn|gem)$/.test(name) && /^--/.test(name)) return found;
  const option = rest.find((word) => OPTIONS.test(word));
  if (option) found.push(named(name, option));
  if (name === 'curl' && isInsecure(rest)) found.push('curl --insecure');
  if (TOLD.test(name)) {
    const said = SETTINGS.exec(text);
    if (said) found.push(`${name} ${said[0]}`);
  }
  return found;
}

/** What a variable of the environment switches off; undefined: nothing. */
export function switchedOff(name: string, value: string): readonly string[] | undefined {
  if (
    (OFF.test(name) && NO.test(value)) ||
    (ON.test(name) && YES.test(value)) ||
    (ANY.test(name) && value !== '') ||
    (/^GOSUMDB$/i.test(name) && NO.test(value))
  )
    return [`${name}=${value}`];
  return /^(GIT_SSH_COMMAND|CURL_OPTS|GOFLAGS|WGETRC|PIP_\w+|NPM_CONFIG_\w+)$/i.test(name) &&
    (SETTINGS.test(value) || /(^|\s)-insecure\b/.test(value))
    ? [`${name} switches a check off`]
    : undefined;
}

/** `-k`, alone or among other short options, and not as what another one takes. */
function isInsecure(words: readonly string[]): boolean {
  let taken = false;
  return words.some((word) => {
    if (taken || !/^-[A-Za-z#0-9]/.test(word)) {
      taken = false;
      return false;
    }
    const end = word.slice(1).search(CURL_VALUES);
    taken = end === word.length - 2;
    return (end < 0 ? word.slice(1) : word.slice(1, end + 1)).includes('k');
  });
}

function named(name: string, option: string): string {
  const known: Readonly<Record<string, string>> = {
    'apt-get': 'apt without signatures',
    apt: 'apt without signatures',
    yum: 'no GPG check',
    dnf: 'no GPG check',
  };
  return known[name] ?? `${name} ${option.replace(/^(--trusted-host|--allow-insecure-host)=.*/, '$1')}`;
}
