import { raw, type Script, sh } from '../../remote/sh.ts';

/** The statuses of the script that are answers, not results. */
export const NO_OSCAP = 66;
export const NO_CONTENT = 67;

/** Where ssg-debian has its data streams. */
const CONTENT = '/usr/share/xml/scap/ssg/content';

/** Evaluates a profile, and prints what is read of the answer: a title, an id, a severity and a result for each rule, and the score. */
export function openscapScript(profile: string, dataStream: string | undefined): Script {
  return sh`command -v oscap >/dev/null || exit ${NO_OSCAP}
umask 077
content=${dataStream ?? ''}
if [ -z "$content" ]; then
  . /etc/os-release
  for content in ${raw(CONTENT)}/ssg-"$ID$VERSION_ID"-ds*.xml; do :; done
fi
[ -r "$content" ] || { echo "there is no data stream $content on the host; name another with data_stream" >&2; exit ${NO_CONTENT}; }
dir=$(mktemp -d /run/harden-openscap.XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
oscap xccdf eval --profile ${profile} --results results.xml "$content" >out 2>err </dev/null
rc=$?
[ -s results.xml ] || { echo "oscap ended with $rc: $(tail -n 3 err | tr '\n' ' ')" >&2; exit 1; }
# What it prints of each rule is its title, its id and the result; how severe a rule is stands in the results alone.
grep -aE '^(Title|Rule|Result)' out
grep -aoE '<(score|rule-result) [^>]*>[0-9.]*' results.xml`;
}
