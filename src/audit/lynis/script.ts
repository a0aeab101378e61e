import { type Script, sh } from '../../remote/sh.ts';

/** The status of the script where there is no Lynis. */
export const NO_LYNIS = 66;

/** Runs Lynis and prints its report; its files are in a private directory, and what it writes beside them goes again where it was not there before. */
export const lynisScript: Script = sh`command -v lynis >/dev/null || exit ${NO_LYNIS}
umask 077
dir=$(mktemp -d /run/harden-lynis.XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
left=
[ -e /var/log/lynis-report.dat ] || left=/var/log/lynis-report.dat
# It looks for its parts beside itself, and its profiles in the working directory too: this one is empty.
cd "$dir" || exit 1
lynis audit system --quiet --no-colors --report-file "$dir/report" --logfile "$dir/log" </dev/null >"$dir/out" 2>&1
rc=$?
[ -z "$left" ] || rm -f "$left"
[ -s "$dir/report" ] || { echo "lynis ended with $rc: $(tail -n 3 "$dir/out" | tr '\n' ' ')" >&2; exit 1; }
cat "$dir/report"`;
