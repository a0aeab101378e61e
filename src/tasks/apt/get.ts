import { raw, type Script, sh } from '../../remote/sh.ts';

/** Where apt's last successful refresh of its lists is to be seen; the first is Ubuntu's own stamp, which harden keeps on Debian too. */
export const REFRESH_STAMPS = [
  '/var/lib/apt/periodic/update-success-stamp',
  '/var/lib/apt/periodic/update-stamp',
  '/var/lib/apt/lists',
] as const;

/** What says where packages come from. */
export const SOURCES = ['/etc/apt/sources.list', '/etc/apt/sources.list.d'] as const;

/**
 * Script that defines the shell functions of an apply that uses apt. Each waits `lockTimeout` seconds (all of them together) for other
 * users of apt and dpkg, and prints what apt said was wrong when it fails.
 * `apt_get ARGUMENT…`: apt-get without questions.
 * `apt_refresh SECONDS`: refreshes the package lists when they are older, missing, or older than the sources.
 * `apt_mend`: finishes what an interrupted dpkg left.
 * `apt_install ARGUMENT…`: installs, and removes no more than `$apt_removable` names; where the lists prove too old it refreshes them and tries again.
 * `apt_remove_only "NAMES" ARGUMENT…`: an apt_get that may remove these packages, and refuses when it would remove others.
 */
export function aptFunctions(lockTimeout: number): Script {
  return sh`apt_removable=
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none
apt_log=$harden_tmp/apt.log apt_refreshed=
# By the uptime: a clock may jump.
apt_now() { cut -d. -f1 /proc/uptime; }
apt_deadline=$(($(apt_now) + ${lockTimeout}))
apt_run() {
  while :; do
    ! "$@" >"$apt_log" 2>&1 || return 0
    grep -qE 'Could not get lock|Unable to lock|Unable to acquire the dpkg|(frontend lock|status database) (was|is) locked' "$apt_log" || break
    [ "$(apt_now)" -lt "$apt_deadline" ] || break
    sleep 1
  done
  if grep -q '^dpkg: error processing' "$apt_log"; then
    grep -vE '^(\\(?Reading|Building|After this|Need to get|Get:|Fetched|Selecting|Preparing|Unpacking|[0-9]+ (not )?(upgraded|fully))' "$apt_log" | tail -n 15 >&2
  elif grep -qE '^(E:|dpkg: error)' "$apt_log"; then
    grep -E '^(E: |Err:|dpkg: error|W: (GPG|Failed)|The following .* (unmet|REMOVED)| .* (Pre)?(Depends|Conflicts|Breaks): )' "$apt_log" >&2
  else
    tail -n 10 "$apt_log" >&2
  fi
  return 1
}
apt_get() {
  left=$((apt_deadline - $(apt_now)))
  [ "$left" -gt 0 ] || left=0
  apt_run apt-get -y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o "DPkg::Lock::Timeout=$left" -o Acquire::Retries=3 "$@"
}
apt_update() {
  apt_get -o APT::Update::Error-Mode=any update || return 1
  mkdir -p /var/lib/apt/periodic && touch ${REFRESH_STAMPS[0]} && apt_refreshed=yes
}
apt_refresh() {
  for list in /var/lib/apt/lists/*_Packages*; do break; done
  if [ -e "$list" ]; then
    stamp=0
    for time in $(stat -c %Y ${REFRESH_STAMPS} 2>/dev/null); do [ "$time" -le "$stamp" ] || stamp=$time; done
    [ $(($(date +%s) - stamp)) -gt "$1" ] || [ -n "$(find ${SOURCES} -newermt "@$stamp" 2>/dev/null)" ] || return 0
  fi
  apt_update
}
apt_mend() {
  [ -n "$(ls -A /var/lib/dpkg/updates)" ] || grep -qE '^Status: .* (half-installed|unpacked|half-configured|triggers-awaited|triggers-pending)$' /var/lib/dpkg/status || return 0
  apt_run dpkg --force-confdef --force-confold --configure -a 2>/dev/null || :
  apt_get --no-remove -f install
}
apt_do() {
  if [ -n "$apt_removable" ]; then apt_remove_only "$apt_removable" "$@"; else apt_get "$@"; fi
}
apt_install() {
  ! apt_do install "$@" 2>"$harden_tmp/apt.err" || return 0
  if [ -n "$apt_refreshed" ] || ! grep -qE 'Unable to locate|has no installation candidate|was not found|Failed to fetch|Unable to fetch' "$harden_tmp/apt.err"; then
    cat "$harden_tmp/apt.err" >&2
    return 1
  fi
  apt_update && apt_do install "$@"
}
apt_remove_only() {
  allowed=" $1 "
  shift
  for name in $(apt-get -s -y "$@" 2>/dev/null | sed -nE 's/^(Remv|Purg) ([^ ]+).*/\\2/p'); do
    case $allowed in
      *" $name "*) ;;
      *) echo "apt would now also remove $name, which the plan did not show: plan again" >&2; return 1 ;;
    esac
  done
  apt_get "$@"
}
`;
}

/**
 * Script that sets `apt_ro` to the options with which apt-cache and apt-get -s write no cache of their own: where apt's source cache
 * is up to date it is used, and the rest is built in memory.
 */
export const readOnlyApt: Script = sh`apt_ro=-oDir::Cache::pkgcache=
apt_cache=/var/cache/apt/srcpkgcache.bin
if [ ! -e "$apt_cache" ] || [ -n "$(find /etc/apt /var/lib/apt/lists -newer "$apt_cache" -print -quit)" ]; then
  apt_ro="$apt_ro -oDir::Cache::srcpkgcache="
fi
`;

/** Script that prints `T|now|lists|…`: the seconds now, 1 where there are package lists, their stamps, and `S` with the sources' times. */
export const readAge: Script = sh`for list in /var/lib/apt/lists/*_Packages*; do break; done
have=0
[ ! -e "$list" ] || have=1
printf 'T|%s|%s|' "$(date +%s)" "$have"
find ${REFRESH_STAMPS} -maxdepth 0 -printf 'L%T@ ' 2>/dev/null
find ${SOURCES} -maxdepth 1 -printf 'S%T@ ' 2>/dev/null
echo
`;

/** A condition: there are package lists, and no source changed after their last refresh. */
export const ifListsKnowSources: Script = sh`[ "$have" = 1 ] && apt_stamp=/var/lib/apt/lists &&
for stamp in ${REFRESH_STAMPS}; do [ ! "$stamp" -nt "$apt_stamp" ] || apt_stamp=$stamp; done &&
[ -z "$(find ${SOURCES} -newer "$apt_stamp" -print -quit 2>/dev/null)" ]`;

/** How old the package lists are. */
export interface ListsAge {
  /** Since the last refresh; infinite where there are no lists, or where the sources changed after it. */
  readonly seconds: number;
}

/** What `readAge` printed; undefined where the output does not hold it. */
export function parseAge(output: string): ListsAge | undefined {
  const match = /^T\|(\d+)\|([01])\|(.*)$/m.exec(output);
  if (!match) return undefined;
  const [, now, have, times = ''] = match;
  const newest = (kind: string): number =>
    Math.max(0, ...times.split(' ').flatMap((time) => (time.startsWith(kind) ? [Number(time.slice(1))] : [])));
  const lists = newest('L');
  if (have === '0' || newest('S') > lists) return { seconds: Number.POSITIVE_INFINITY };
  return { seconds: Math.max(0, Number(now) - lists) };
}

/** `raw` text for a command line that uses `readOnlyApt`'s options. */
export const aptReadOnlyOptions = raw('$apt_ro');
