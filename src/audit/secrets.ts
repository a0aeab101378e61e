/** What a variable gives away: one judge for compose files, Dockerfiles and containers. */

/** Words that are a secret where they end a name; glued to what stands before them, too: `PGPASSWORD`. */
const SECRET =
  /^(PW|PWD|PASS|PASSCODE|PIN|CREDENTIALS?|CREDS?|SALT|PEPPER|AUTHKEY|ACCESSKEY|SECRETKEY|PRIVATEKEY)$|(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|APIKEY)S?$|^(DB|PG|SQL|MYSQL|ROOT|ADMIN|USER|SMTP|MAIL|FTP|LDAP|REDIS|WEB|MONGO|RABBITMQ?)(PASS|PW|PWD)$/;
/** Before `KEY`: what unlocks or signs. */
const SECRET_KEY =
  /^(API|ACCESS|PRIVATE|SECRET|ENCRYPTION|ENCRYPT|CRYPT|CRYPTO|CIPHER|SIGNING|SIGN|SIGNATURE|AUTH|MASTER|SESSION|COOKIE|HMAC|JWT|STORAGE|ACCOUNT|RECOVERY|UNSEAL|SHARED|PSK|ADMIN|DEPLOY|SSH|TLS|SSL|INTEGRATION|WEBHOOK)$/;
/** Before `KEY`: what everyone may know. */
const KNOWN_KEY =
  /^(PUBLIC|PUB|GPG|PGP|HOST|SITE|PRIMARY|FOREIGN|SORT|PARTITION|CACHE|ROUTING|OBJECT|SIGNED|REPO|RELEASE|HOT|INDEX|GROUP)$/;
/** Behind the secret's word, these leave it one. */
const STILL =
  /^(\d+|V\d+|BASE|BASE64|B64|HEX|HASH|HASHED|VALUE|STRING|TEXT|PLAIN|PLAINTEXT|DEFAULT|OLD|NEW|CURRENT|PREVIOUS|PRIMARY|SECONDARY|PROD|PRODUCTION|DEV|TEST|STAGING|LOCAL|RO|RW|READ|WRITE)$/;

/** Values that are a secret whatever they are called. */
const VALUES: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----/,
  // a URL with a password
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/?#@$<{]*:(?!\/\/)(?![<*{$%])[^\s/?#@]+@[^\s@]/i,
  // settings of a connection in one text
  /(^|[;,\s&?])(password|passwd|pwd|accountkey|sharedaccesskey|secretkey)\s*=\s*(?![<*{$%]|\s|;|true|false)[^;&\s]{3,}/i,
  /^base64:[A-Za-z0-9+/_-]{32,}={0,2}$/,
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{18,}|xox[abprs]-[\w-]{10,}|[rs]k_(live|test)_\w{16,}|sk-[\w-]{32,}|npm_\w{30,}|dop_v1_\w{40,}|hf_\w{30,}|AIza[\w-]{35}|SG\.[\w-]{16,}\.[\w-]{16,}|tskey-[\w-]{20,}|hvs\.[\w-]{20,})/,
  /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*/,
];

/** Whether whoever reads this variable knows a secret. */
export function isSecret(name: string, value: string): boolean {
  const text = value.trim().replace(/^(["'])(.*)\1$/, '$2');
  if (VALUES.some((pattern) => pattern.test(text)) && !isPlaceholder(text)) return true;
  const words = wordsOf(name);
  if (isPlaceholder(text) || isPath(text) || isReference(text)) return false;
  if (isCredential(name, text)) return true;
  const word = lastWord(words);
  if (word === 'KEY') {
    const before = words[words.lastIndexOf('KEY') - 1] ?? '';
    if (KNOWN_KEY.test(before)) return false;
    return SECRET_KEY.test(before) || isRandom(text);
  }
  if (SECRET.test(word)) return !/^(PWD|OLDPWD)$/.test(name.toUpperCase());
  return (
    words.some((each) => SECRET.test(each)) &&
    !/^(FILE|PATH|DIR|URL|URI|ID|NAME|HOST|USER|USERNAME)$/.test(word) &&
    isRandom(text)
  );
}

/** Whether a variable is named as a secret, whatever it says. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  const word = lastWord(words);
  if (word === 'KEY') return SECRET_KEY.test(words[words.lastIndexOf('KEY') - 1] ?? '');
  return SECRET.test(word) && !/^(PWD|OLDPWD)$/.test(name.toUpperCase());
}

/** Whether a variable lets everyone in without a password. */
export function opensToAll(name: string, value: string): boolean {
  const words = wordsOf(name);
  const text = value.trim().toLowerCase();
  const yes = /^(true|yes|on|1|y)$/.test(text);
  const no = /^(false|no|off|0|n|none|disabled)$/.test(text);
  const upper = words.join('_');
  if (/(^|_)AUTH_METHOD$/.test(upper)) return text === 'trust' || text === 'none';
  if (/(^|_)ALLOW_(EMPTY|BLANK|NO)(_ROOT)?_PASSWORD$/.test(upper)) return !no && text !== '';
  if (/(^|_)(NEO4J|ARANGO_NO)_AUTH$/.test(upper)) return text === 'none' || (yes && upper.endsWith('NO_AUTH'));
  if (/(^|_)(DISABLE|NO|SKIP|WITHOUT)_(AUTH|AUTHENTICATION|SECURITY|PASSWORD|LOGIN)$/.test(upper)) return yes;
  if (/(^|_)(AUTH|AUTHENTICATION|SECURITY)_DISABLED?$/.test(upper) || /DISABLE_SECURITY_PLUGIN$/.test(upper))
    return yes;
  return /(^|_)(AUTH|AUTHENTICATION|SECURITY)_(ENABLED?|REQUIRED)$/.test(upper) && no;
}

/** `DB_rootPassword.1` as DB, ROOT, PASSWORD, 1. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z])([A-Z])|(\d)([A-Z][a-z])/g, '$1$3_$2$4')
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter(Boolean)
    .map((word) => (/^[A-Z]+\d+$/.test(word) && !/^(V\d+|BASE64|B64)$/.test(word) ? word.replace(/\d+$/, '') : word));
}

/** What a name is about: its last word but for what does not change it. */
function lastWord(words: readonly string[]): string {
  return words.findLast((word) => !STILL.test(word)) ?? '';
}

/** Says nothing: empty, a switch, or where somebody is to write. */
function isPlaceholder(text: string): boolean {
  return (
    /^(|true|false|yes|no|on|off|0|1|none|null|nil|undefined|n\/a|todo|tbd|fixme|empty|default|unset|auto|random|\.{3,}|\*+|x{3,}(-x+)*|-+)$/i.test(
      text,
    ) ||
    /^[<[{(].*[>\]})]$/.test(text) ||
    /^(your|my|insert|enter|put|replace|add|set|fill)([-_ ].*)?([-_ ](here|this|me|it|value|key|token|secret|password)s?)([-_ ]|$)/i.test(
      text,
    ) ||
    /^your[-_ ]/i.test(text) ||
    /[*]{3,}@/.test(text)
  );
}

/** The file that holds it, or a socket. */
function isPath(text: string): boolean {
  return (
    /^(file:\/\/)?(~|\.{1,2}|%[\w.]+%)?\/[\w.@%+~-]+(\/[\w.@%+~-]*)*$/.test(text) &&
    (text.slice(1).includes('/') || /\.\w+$/.test(text))
  );
}

/** Another variable, or what a template puts in. */
function isReference(text: string): boolean {
  return /^\$\{?\w+\}?$|^\$\(|^%\w+%$|^\{\{.*\}\}$|^(vault|ssm|secretsmanager|op|sops|ref\+\w+):/i.test(text);
}

/** `name:password`, and `name/password` where that is how it is written. */
function isCredential(name: string, text: string): boolean {
  if (!/(^|_)(AUTH|BASICAUTH|BASIC_AUTH|HTPASSWD|USERS?_?PASS(WORD)?|LOGIN)$/i.test(name)) return false;
  return /^[^\s:/]+[:/][^\s/]{3,}$/.test(text) && !text.includes('://');
}

/** Nobody chose it letter by letter. */
function isRandom(text: string): boolean {
  if (text.length < 16 || /[\s]|:\/\/|^[a-z]+([-_. ][a-z]+)*$|^[A-Z][a-z]+([A-Z][a-z]+)*$/.test(text)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(text)).length;
  return kinds >= 2 && new Set(text).size >= 8 && !/^[\d.]+$/.test(text) && !/^[\w.-]+\.[a-z]{2,}(:\d+)?$/.test(text);
}
