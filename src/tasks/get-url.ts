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
    'Reads the file’s SHA-256, owner, group and mode. Fetched by the host itself with `apt-helper`, which is a part of apt: neither curl nor wget is needed, and proxies are those of apt. It takes its place only when its SHA-256 is right, so what stands behind the address can change or be replaced without harm. Nothing is fetched where the file is already there, and nothing during a plan.',
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

// apt fetches as the user _apt into a directory that is its own; what is checked and used is a copy that is not
function download(p: GetUrl): Script {
  const replace = transformFile({ ...p, path: pathOf(p), produce: 'cat "$harden_tmp/file"' });
  return sh`chmod 711 "$harden_tmp"
mkdir -m 755 "$harden_tmp/fetched"
chown _apt "$harden_tmp/fetched" 2>/dev/null || :
if ! /usr/lib/apt/apt-helper -o Acquire::Retries=2 download-file ${p.url} "$harden_tmp/fetched/file" >"$harden_tmp/log" 2>&1; then
  grep '^E:' "$harden_tmp/log" >&2 || tail -n 5 "$harden_tmp/log" >&2
  exit 1
fi
cat "$harden_tmp/fetched/file" >"$harden_tmp/file"
sum=$(sha256sum <"$harden_tmp/file")
sum=\${sum%% *}
if [ "$sum" != ${digits(p)} ]; then
  printf '%s\n' ${`${p.url} is another file than the checksum says:`} "sha256:$sum" >&2
  exit 1
fi
${raw(replace)}`;
}
