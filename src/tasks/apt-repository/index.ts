import { defineTask, type Need } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { sha256 } from '../support/read-file.ts';
import { replaceFile } from '../support/replace-file.ts';
import { AptRepository } from './params.ts';
import { armouredKey } from './pgp-key.ts';

type RepositoryState = {
  /** The whole of NAME.sources. */
  readonly source: string;
  /** SHA-256 of the key that apt checks it with, where this task brings it. */
  readonly key?: string;
  /** Owner, group and mode of the files that are there; the same for all of them: once. */
  readonly permissions: string;
} | null;

const SEPARATOR = '\n===== harden: the key =====\n';
const PERMISSIONS = 'root:root 644';

/** A repository that apt takes packages from, with the one key that may sign it. */
export const aptRepositoryTask = defineTask<AptRepository, RepositoryState>({
  type: 'apt_repository',
  summary: 'A repository that apt takes packages from, with the one key that may sign it.',
  notes:
    'Reads its own `.sources` file and the SHA-256 of its key. Written as deb822 `.sources` with `Signed-By`, so that its key can sign no other repository. Before anything is replaced (and in plans that would change it), apt fetches and verifies the repository from a private copy, and checks that no other source contradicts it. The next `apt` task that installs something refreshes the package lists. An `https` address needs the package ca-certificates. Its packages are upgraded by themselves only when `unattended_upgrades` has its origin among `extra_origins`.',
  params: AptRepository,
  examples: [
    {
      name: 'docker',
      uris: 'https://download.docker.com/linux/debian',
      suites: '{{facts.os.codename}}',
      components: 'stable',
      key_file: 'keys/docker.asc',
    },
    {
      name: 'backports',
      uris: ['http://deb.debian.org/debian'],
      suites: ['bookworm-backports'],
      components: ['main'],
      signed_by: '/usr/share/keyrings/debian-archive-keyring.gpg',
    },
    { name: 'docker', state: 'absent' },
  ],
  id: (p) => p.name,

  load: (p, local) => {
    if (p.key_file !== undefined) return { ...p, signed_by: armouredKey(local.read(p.key_file), p.key_file) };
    return p.signed_by?.startsWith('/') === false ? { ...p, signed_by: armouredKey(p.signed_by, 'signed_by') } : p;
  },

  probe: (p) => sh`if [ -e ${sourceFile(p)} ]; then
  stat -L -c '%U:%G %a' ${files(p)} | sort -u
  echo
  cat ${sourceFile(p)}
  printf %s ${SEPARATOR}
  sha256sum <${keyFile(p)}
fi 2>/dev/null`,

  read(output, p) {
    const [, permissions = '', rest = ''] = /^(.*?)\n\n(.*)$/s.exec(output) ?? [];
    if (permissions === '') return null;
    const [source = '', sum = ''] = rest.split(SEPARATOR);
    return {
      source,
      permissions: permissions.replaceAll('\n', ', '),
      ...(bringsKey(p) ? { key: sum.split(' ')[0] ?? '' } : {}),
    };
  },

  want: (p) => (p.state === 'absent' ? null : { source: sourceText(p), ...keyState(p), permissions: PERMISSIONS }),

  validate: (change, p) => (change.after === null ? undefined : check(p)),

  apply(change, p) {
    if (change.after === null) {
      return sh`rm -f ${sourceFile(p)}
grep -rqsF ${keyFile(p)} /etc/apt/sources.list /etc/apt/sources.list.d || rm -f ${keyFile(p)}
`;
    }
    const owned = { owner: 'root', group: 'root', mode: '0644' };
    const key = bringsKey(p) ? replaceFile({ path: keyFile(p), content: p.signed_by ?? '', ...owned }) : '';
    const source = replaceFile({ path: sourceFile(p), content: sourceText(p), ...owned });
    return sh`[ -d /etc/apt/keyrings ] || mkdir -m 755 /etc/apt/keyrings
${raw(key)}${raw(source)}`;
  },

  needs: (p) => [
    'command:apt-get',
    ...(p.state === 'present' && p.uris?.some((uri) => uri.includes('https:'))
      ? ['package:ca-certificates' as Need]
      : []),
    ...(p.state === 'present' && p.signed_by?.startsWith('/') ? [`path:${p.signed_by}` as Need] : []),
  ],
  provides: (p) => (p.state === 'absent' ? [] : files(p).map((file) => `path:${file}` as const)),
  keeps: (p) => [sourceFile(p), keyFile(p)],
});

function sourceFile(p: AptRepository): string {
  return `/etc/apt/sources.list.d/${p.name}.sources`;
}

function keyFile(p: AptRepository): string {
  return `/etc/apt/keyrings/${p.name}.asc`;
}

function bringsKey(p: AptRepository): boolean {
  return p.signed_by?.startsWith('/') === false;
}

function files(p: AptRepository): readonly string[] {
  return bringsKey(p) ? [sourceFile(p), keyFile(p)] : [sourceFile(p)];
}

function keyState(p: AptRepository): { readonly key?: string } {
  return bringsKey(p) ? { key: sha256(p.signed_by ?? '') } : {};
}

function sourceText(p: AptRepository, key = bringsKey(p) ? keyFile(p) : (p.signed_by ?? '')): string {
  const field = (name: string, values: readonly string[] | undefined): string =>
    values === undefined ? '' : `${name}: ${values.join(' ')}\n`;
  return `# Written by harden: edit the playbook, not this file.
${p.enabled ? '' : 'Enabled: no\n'}${field('Types', p.types)}${field('URIs', p.uris)}${field('Suites', p.suites)}${field(
  'Components',
  p.components,
)}${field('Architectures', p.architectures)}${field('Signed-By', [key])}`;
}

// apt runs its methods as _apt, who must reach the private copies; they hold no secrets
function check(p: AptRepository): Script {
  const fetched = p.enabled ? fetchCandidate(p) : '';
  const uris = (p.uris ?? []).flatMap((uri) => ['-e', uri.replace(/\/+$/, '')]);
  const suites = (p.suites ?? []).flatMap((suite) => ['-e', suite]);
  return sh`mkdir "$harden_tmp/parts"
for file in /etc/apt/sources.list.d/*; do
  [ ! -f "$file" ] || cp "$file" "$harden_tmp/parts/"
done
printf %s ${sourceText(p)} >"$harden_tmp/parts/${raw(p.name)}.sources"
apt-get -o "Dir::Etc::sourceparts=$harden_tmp/parts" indextargets 2>&1 >/dev/null | grep '^E: ' | sort -u >"$harden_tmp/errors" || :
if [ -s "$harden_tmp/errors" ]; then
  sed "s#$harden_tmp/parts#/etc/apt/sources.list.d#g" "$harden_tmp/errors" >&2
  # apt does not tell where the other one stands
  if grep -q '^E: Conflicting values' "$harden_tmp/errors"; then
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
      [ "$file" != ${sourceFile(p)} ] && [ -f "$file" ] || continue
      grep -v '^[[:space:]]*#' "$file" >"$harden_tmp/other" || continue
      ! grep -qF ${uris} "$harden_tmp/other" || ! grep -qwF ${suites} "$harden_tmp/other" || printf '%s names it too\n' "$file" >&2
    done
  fi
  exit 1
fi
${raw(fetched)}`;
}

function fetchCandidate(p: AptRepository): Script {
  const placeholder = 'harden-candidate-key';
  const [before = '', after = ''] = sourceText(p, placeholder).split(placeholder);
  const candidate = bringsKey(p)
    ? sh`printf '%s%s%s' ${before} "$harden_tmp/key.asc" ${after}`
    : sh`printf %s ${sourceText(p)}`;
  return sh`chmod 711 "$harden_tmp"
mkdir -p -m 755 "$harden_tmp/lists"
mkdir -m 755 "$harden_tmp/lists/partial"
printf %s ${bringsKey(p) ? (p.signed_by ?? '') : ''} >"$harden_tmp/key.asc"
${raw(candidate)} >"$harden_tmp/candidate.sources"
chmod 644 "$harden_tmp/key.asc" "$harden_tmp/candidate.sources"
chown -R _apt "$harden_tmp/lists" 2>/dev/null || :
apt-get -q -o "Dir::Etc::sourcelist=$harden_tmp/candidate.sources" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$harden_tmp/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none -o Acquire::Retries=2 -o APT::Update::Error-Mode=any update >"$harden_tmp/log" 2>&1 || bad=1
if [ "\${bad:-0}" = 1 ] || grep -q 'Skipping acquire of configured file' "$harden_tmp/log"; then
  echo 'apt does not accept the repository:' >&2
  grep -E '^(E|W|Err|  )' "$harden_tmp/log" | grep -v '^W: Download is performed unsandboxed' | head -n 12 >&2
  exit 1
fi
`;
}
