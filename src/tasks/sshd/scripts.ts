import { raw, type Script, sh } from '../../remote/sh.ts';

/** The main file, which includes the drop-ins. */
export const MAIN_CONFIG = '/etc/ssh/sshd_config';

/** The line that lets sshd read drop-ins. */
export const INCLUDE = 'Include /etc/ssh/sshd_config.d/*.conf';

/**
 * Defines `dump_config`: `sshd -T` for a connection that no Match block speaks of; takes more arguments of sshd. Where /run/sshd is
 * missing (a host whose ssh.socket has not started sshd yet), sshd sees one of its own: nothing of it is left on the host.
 */
export const dumpConfig: Script = `dump_config() {
  if [ -d /run/sshd ]; then
    /usr/sbin/sshd -T -C lport=1 "$@"
  else
    unshare -m sh -c 'mount -t tmpfs tmpfs /run && mkdir -m 0755 /run/sshd && exec /usr/sbin/sshd -T -C lport=1 "$@"' sshd "$@"
  fi
}`;

/**
 * Makes sshd read its configuration; sessions go on. Where systemd's socket listens, it is made anew, because it may own the ports, and
 * it starts the next sshd: a reload would end that one for good (OpenSSH 10). Where nothing runs, the next start reads it anyway.
 */
export const reloadSshd: Script = sh`if [ -d /run/systemd/system ]; then
  if systemctl is-active -q ssh.socket; then
    systemctl daemon-reload
    systemctl stop ssh.service 2>/dev/null || :
    systemctl restart ssh.socket
  elif systemctl is-active -q ssh.service; then
    systemctl reload ssh.service
  fi
elif [ -s /run/sshd.pid ]; then
  read -r pid </run/sshd.pid
  if kill -0 "$pid" 2>/dev/null; then kill -HUP "$pid"; fi
fi
`;

/** Fails with sshd's reason when the configuration as it stands would not start. */
export const checkSshd: Script = `mkdir -p -m 0755 /run/sshd
/usr/sbin/sshd -t
`;

export interface Candidate {
  /** Absolute, in /etc/ssh/sshd_config.d. */
  readonly file: string;
  readonly content: string;
  /** The main file gets the Include line. */
  readonly addInclude: boolean;
  /** What `sshd -T` must print with it: `permitrootlogin no`. */
  readonly wanted: readonly string[];
}

/**
 * Reads the whole configuration with the candidate in it, from a private copy, and fails when sshd refuses it or when an option would not
 * get its value; then says which line wins.
 */
export function validateCandidate({ file, content, addInclude, wanted }: Candidate): Script {
  const name = file.slice(file.lastIndexOf('/') + 1);
  return sh`${raw(dumpConfig)}
fail() { printf '%s\n' "$1" | sed 's#/proc/self/cwd/#/etc/ssh/#g' >&2; exit 1; }
cd "$harden_tmp"
mkdir sshd_config.d
[ ! -d /etc/ssh/sshd_config.d ] || cp -a /etc/ssh/sshd_config.d/. sshd_config.d/
printf %s ${content} >sshd_config.d/${name}
{ ${raw(addInclude ? sh`printf '%s\n' ${INCLUDE}; ` : '')}cat ${MAIN_CONFIG}; } |
  sed '/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]/{
    s#/etc/ssh/sshd_config[.]d/#/proc/self/cwd/sshd_config.d/#g
    s#\\([[:space:]="]\\)sshd_config[.]d/#\\1/proc/self/cwd/sshd_config.d/#g
  }' >sshd_config
dump_config -f /proc/self/cwd/sshd_config >effective 2>errors || fail "sshd would refuse the configuration: $(cat errors)"
printf '%s\n' ${wanted.length === 0 ? [''] : wanted} | sort >wanted
awk 'NR == FNR { seen[$1]; next } $1 in seen' wanted effective | sort >held
cmp -s wanted held && exit 0
reason='these options would not get their value:'
for keyword in $(comm -3 wanted held | awk '!seen[$1]++ { print $1 }'); do
  reason="$reason
$(grep -h "^$keyword " held || printf '%s is unset' "$keyword")
  wanted: $(grep "^$keyword " wanted | tr '\n' ' ')
  set by: $(grep -inE "^[[:space:]]*$keyword[[:space:]=]" sshd_config sshd_config.d/*.conf | sed 's#^#/etc/ssh/#' | grep -v ${`^${file}:`} | tr '\n' ' ')"
done
fail "$reason
Change those lines first, with a lineinfile task before this one."
`;
}
