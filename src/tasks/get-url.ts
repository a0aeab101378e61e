import { posix } from 'node:path';
import { z } from 'zod';
import { defineTask, type Need } from '../engine/task.ts';
import { HostError } from '../errors.ts';
import { raw, type Script, sh } from '../remote/sh.ts';
import { proofForPath } from './support/docker/prove-docker.ts';
import {
  type AttributeState,
  actualAttributes,
  attributeNeeds,
  attributeParams,
  destination,
  wantedAttributes,
} from './support/file-params.ts';
import { fileRead, parseFile, readFile } from './support/read-file.ts';
import { transformFile } from './support/replace-file.ts';
import { setAttributes } from './support/set-attributes.ts';
import { keptPaths, riskOf } from './support/whole-file.ts';

const params = z
  .strictObject({
    url: z
      .string()
      .regex(
        /^https?:\/\/[^\s@"'\\]+$/,
        'write an address that begins with https:// or http://, without a name and password',
      )
      .describe('Where it is. `https` needs the package ca-certificates on the host.'),
    dest: destination.describe(
      'The file on the host. With a slash at its end: the directory that gets a file named as the address ends.',
    ),
    checksum: z
      .string()
      .regex(/^sha256:[0-9a-fA-F]{64}$/, 'write sha256: and the 64 digits that `sha256sum FILE` prints')
      .transform((checksum) => checksum.toLowerCase())
      .describe('What the file must be: `sha256:` and 64 hexadecimal digits.'),
    ...attributeParams,
  })
  .refine(({ url, dest }) => !dest.endsWith('/') || fileName(url) !== '', {
    error: 'the address does not end with the name of a file: name it in dest',
  });
type GetUrl = z.infer<typeof params>;

type DownloadState =
  | (AttributeState & {
      /** `sha256:` and the digits. */
      readonly checksum?: string;
      /** The file's real path, where the path is a link to it. */
      readonly target?: string;
    })
  | null;

/** A file from the web, exactly the one that the checksum names. */
export const getUrlTask = defineTask<GetUrl, DownloadState>({
  type: 'get_url',
  summary: 'A file from the web, exactly the one that its checksum names.',
  notes:
    'Reads the file’s SHA-256, owner, group and mode. Fetched by the host itself with apt’s own downloader, which is given the address on stdin, so that a token in it is in no list of processes: neither curl nor wget is needed, and proxies are those of apt. It takes its place only when its SHA-256 is right, so what stands behind the address can change or be replaced without harm. Nothing is fetched where the file is already there, and nothing during a plan.',
  params,
  examples: [
    {
      url: 'https://download.example.org/tool-1.2.3-linux-amd64',
      dest: '/usr/local/bin/tool',
      checksum: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      mode: '0755',
    },
  ],
  id: pathOf,
  probe: (p) => readFile(pathOf(p), { content: { unless: digits(p) } }),
  reads: (p) => fileRead(pathOf(p)),

  read(output, p) {
    const found = parseFile(output);
    if (found === null) return null;
    if (found.kind !== 'file')
      throw new HostError(`${pathOf(p)} is not a file on the host`, {
        hint: 'To put the file into a directory, end dest with "/"',
      });
    const target = found.target === undefined ? {} : { target: found.target };
    return { checksum: `sha256:${found.sha256 ?? ''}`, ...actualAttributes(found, p), ...target };
  },

  want: (p) => ({ checksum: p.checksum, ...wantedAttributes(p) }),
  apply: (change, p) => (change.keys.includes('checksum') ? download(p) : setAttributes(pathOf(p), p)),
  needs: (p) => [
    `directory:${posix.dirname(pathOf(p))}`,
    ...(p.url.startsWith('https:') ? ['package:ca-certificates' as Need] : []),
    ...attributeNeeds(p),
  ],
  provides: (p) => [`path:${pathOf(p)}`],
  proof: (p) => proofForPath(pathOf(p)),
  risk: (p, change) => riskOf(pathOf(p), change.before),
  keeps: (p, change) => keptPaths(pathOf(p), change.before),
});

function pathOf({ dest, url }: GetUrl): string {
  return dest.endsWith('/') ? posix.join(dest, fileName(url)) : dest;
}

function fileName(url: string): string {
  const [path = ''] = url.replace(/^https?:\/\/[^/]+/, '').split(/[?#]/);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === '.' || name === '..' ? '' : name;
}

function digits({ checksum }: GetUrl): string {
  return checksum.slice('sha256:'.length);
}

// The address may hold a token, and everybody on the host can read the arguments of a program: so apt's own downloader is
// given it on stdin, as apt itself does, and not as an argument of apt-helper. It ends with its stdin, and leaves redirections to its caller.
// apt fetches as the user _apt into a directory that is its own; what is checked and used is a copy that is not
function download(p: GetUrl): Script {
  const replace = transformFile({ ...p, path: pathOf(p), produce: 'cat "$harden_tmp/file"' });
  return sh`(
harden_got=$(mktemp -d /run/harden-get.XXXXXX)
trap 'rm -rf "$harden_got"' EXIT
chmod 711 "$harden_got"
mkdir -m 755 "$harden_got/fetched"
chown _apt "$harden_got/fetched" 2>/dev/null || :
mkfifo "$harden_tmp/in"
harden_fetch() {
  rm -f "$harden_got/fetched/file"
  "/usr/lib/apt/methods/\${harden_url%%:*}" <"$harden_tmp/in" >"$harden_tmp/said" 2>&1 &
  harden_method=$!
  exec 7>"$harden_tmp/in"
  (
    printf '601 Configuration\\n'
    apt-config dump | sed -n 's/^\\([^ ]*\\) "\\(.*\\)";$/Config-Item: \\1=\\2/p'
    printf '\\n600 URI Acquire\\nURI: %s\\nFilename: %s\\n\\n' "$harden_url" "$harden_got/fetched/file"
  ) >&7 || :
  while kill -0 "$harden_method" 2>/dev/null && ! grep -qE '^(103|201|400|401|403) ' "$harden_tmp/said"; do sleep 0.1; done
  exec 7>&-
  wait "$harden_method" || :
  grep -q '^201 ' "$harden_tmp/said"
}
harden_url=${p.url}
harden_tries=0
harden_hops=0
until harden_fetch; do
  harden_next=$(sed -n 's/^New-URI: //p' "$harden_tmp/said" | head -n 1)
  case $harden_next in
    '')
      harden_tries=$((harden_tries + 1))
      [ "$harden_tries" -lt 3 ] && continue
      sed -n 's/^Message: */E: /p' "$harden_tmp/said" | tail -n 1 | grep . >&2 || tail -n 5 "$harden_tmp/said" >&2
      exit 1
      ;;
    https://*) ;;
    http://*) case $harden_url in https:*) echo 'the address leads from https to http' >&2; exit 1 ;; esac ;;
    *) echo 'the address leads to one that is neither https nor http' >&2; exit 1 ;;
  esac
  harden_hops=$((harden_hops + 1))
  [ "$harden_hops" -le 10 ] || { echo 'the address leads on and on to others' >&2; exit 1; }
  harden_url=$harden_next
done
cat "$harden_got/fetched/file" >"$harden_tmp/file"
)
sum=$(sha256sum <"$harden_tmp/file")
sum=\${sum%% *}
if [ "$sum" != ${digits(p)} ]; then
  printf '%s\n' ${`${p.url} is another file than the checksum says:`} "sha256:$sum" >&2
  exit 1
fi
${raw(replace)}`;
}
