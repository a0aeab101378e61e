import { type Script, sh } from './sh.ts';

/** How a login becomes root. */
export interface Become {
  /** sudo's password, only when sudo asks; `attempt` counts from 1, and is higher where the last one was wrong. Undefined: there is none, or no other, to give. */
  readonly password?: ((attempt: number) => Promise<string | undefined>) | undefined;
  /** Gives up on a shell that has not come yet. */
  readonly signal?: AbortSignal | undefined;
  /** How long the way to root may take, without the time in which a person is asked; a minute. */
  readonly timeoutMs?: number | undefined;
}

/** sudo's prompt; sudo-rs wraps it (`[sudo: PROMPT] Password:`), so it is looked for anywhere in stderr. */
export function sudoPrompt(nonce: string): string {
  return `harden-${nonce}-password`;
}

/** The command line that ends as a root `sh` which reads its script from stdin; for any login shell, in one line. */
export function becomeCommand(nonce: string): Script {
  const root = bootScript(nonce);
  const prompt = sudoPrompt(nonce);
  const start = [
    'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH;',
    'if [ "$(id -u)" = 0 ];',
    sh`then exec sh -c ${root} harden "$(id -un)" "\${SSH_CONNECTION:-}";`,
    sh`elif command -v sudo >/dev/null 2>&1; then exec sudo -S -k -p ${prompt} -- sh -c ${root} harden "$(id -un)" "\${SSH_CONNECTION:-}";`,
    sh`else printf '\\0%s nosudo\\0' ${nonce}; exit 1;`,
    'fi',
  ].join(' ');
  return `exec sh -c ${wordOfAnyShell(start)}`;
}

/** One word for sh, csh and fish alike: inside fish's single quotes a backslash means something, so it stands outside of them. */
function wordOfAnyShell(value: string): string {
  return `'${value.replace(/['\\]/g, (character) => `'\\${character}'`)}'`;
}

/** Runs as root: prints the facts between READY and FACTS marks, then becomes the shell that reads scripts. */
function bootScript(nonce: string): Script {
  return [
    'LC_ALL=C; PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; HOME=/root; export LC_ALL PATH HOME',
    'unset ENV BASH_ENV CDPATH LANGUAGE IFS',
    'umask 077',
    'cd /',
    sh`printf '\\0%s ready\\0' ${nonce}`,
    'if [ -r /etc/os-release ]; then while IFS= read -r l; do printf "os:%s\\n" "$l"; done < /etc/os-release; fi',
    'printf "uid=%s\\nlogin=%s\\nssh=%s\\n" "$(id -u)" "$1" "$2"',
    'uname -n -r -m',
    'if [ -d /run/systemd/system ]; then echo systemd; fi',
    'printf "virt=%s\\n" "$(systemd-detect-virt 2>/dev/null)"',
    'if [ -e /proc/self/loginuid ]; then echo audit; fi',
    'if read -r l 2>/dev/null </sys/module/apparmor/parameters/enabled && [ "$l" = Y ]; then echo apparmor; fi',
    'if [ -e /proc/sys/kernel/yama ]; then echo yama; fi',
    'if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then echo apt; fi',
    sh`printf '\\0%s facts\\0' ${nonce}`,
    'exec sh',
  ].join('; ');
}
