import { defineTask } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { dockerComes } from '../support/docker/cli.ts';
import { replaceFile } from '../support/replace-file.ts';
import { signOfModule } from '../support/sysctl-key.ts';
import { moduleFindings } from './findings.ts';
import { Modprobe, type ModprobeState, underscored } from './params.ts';

/** A kernel module: loaded now and at boot, neither, or never. */
export const modprobeTask = defineTask<Modprobe, ModprobeState>({
  type: 'modprobe',
  summary: 'A kernel module: loaded now and at boot, neither, or never.',
  notes:
    'Reads `/sys/module`, and what modprobe.d and modules-load.d say in all their directories. `disabled` is more than a blacklist, which only keeps a module from being loaded for a device: it cannot be loaded by name or as part of another one either. Refused: to disable what Docker, EFI or snaps need, and modules in use. An initramfs that holds the module needs `update-initramfs -u` as well.',
  params: Modprobe,
  examples: [
    { name: 'br_netfilter' },
    { name: 'cramfs', state: 'disabled' },
    { name: 'dummy', params: 'numdummies=2' },
  ],
  id: (p) => underscored(p.name),

  probe: (p) => sh`module=${underscored(p.name)} pattern=${underscored(p.name).replaceAll('_', '[-_]')}
if [ -e "/sys/module/$module/initstate" ]; then
  echo 'loaded yes'
  echo "refcnt $(cat "/sys/module/$module/refcnt" 2>/dev/null)"
  for holder in "/sys/module/$module/holders"/*; do [ ! -e "$holder" ] || echo "holder \${holder##*/}"; done
elif file=$(modinfo -F filename "$module" 2>/dev/null); then
  case $file in '(builtin)' | '') echo 'loaded built in' ;; *) echo 'loaded no' ;; esac
else
  echo missing
fi
[ ! -e /usr/bin/dockerd ] && [ ! -e /usr/sbin/dockerd ] || echo docker
[ ! -d /sys/firmware/efi ] || echo efi
[ ! -e /usr/bin/snap ] || echo snap
for dir in /etc /run /usr/local/lib /usr/lib; do
  for file in "$dir"/modprobe.d/*.conf "$dir"/modules-load.d/*.conf; do
    [ -f "$file" ] && [ ! "$file" -ef /etc/modules ] || continue
    set -- "$@" "$file"
  done
done
[ ! -f /etc/modules ] || set -- "$@" /etc/modules
[ "$#" -eq 0 ] || grep -HE "^[[:space:]]*((install|options|blacklist)[[:space:]]+$pattern([[:space:]]|$)|$pattern[[:space:]]*$)" "$@" | sed 's/^/line /'`,

  read(output, p) {
    const lines = output.split('\n');
    const of = (word: string): string[] =>
      lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
    const rules = of('line').map((line) => ({
      file: line.slice(0, line.indexOf(':')),
      words: line
        .slice(line.indexOf(':') + 1)
        .trim()
        .split(/\s+/),
    }));
    const own = [loadFile(p), ruleFile(p)];
    const blocks = ({ words }: Rule): boolean =>
      words[0] === 'install' && /^(\/usr)?\/bin\/(true|false)$/.test(words[2] ?? '');
    const loads = ({ words }: Rule): boolean => words.length === 1;
    const against = p.state === 'present' ? blocks : loads;
    const users = of('holder');
    return {
      loaded: (of('loaded')[0] as ModprobeState['loaded']) ?? 'no',
      at_boot: rules.some(loads),
      disabled: rules.some(blocks),
      ...(p.params === undefined ? {} : { params: effective(p.params, rules) }),
      missing: lines.includes('missing'),
      users: users.length > 0 ? users : Number(of('refcnt')[0] ?? 0) > 0 ? ['a mount or a program'] : [],
      against: rules
        .filter((rule) => against(rule) && !own.includes(rule.file))
        .map(({ file, words }) => `${file}: ${words.join(' ')}`),
      docker: lines.includes('docker'),
      efi: lines.includes('efi'),
      snap: lines.includes('snap'),
    };
  },

  want(p, _facts, before) {
    if (p.state === 'absent') return { loaded: 'no', at_boot: false };
    if (p.state === 'disabled') return { loaded: 'no', at_boot: false, disabled: true };
    const builtIn = before?.loaded === 'built in';
    return {
      loaded: builtIn ? 'built in' : 'yes',
      disabled: false,
      ...(builtIn ? {} : { at_boot: true }),
      ...(p.params === undefined ? {} : { params: p.params }),
    };
  },

  apply(change, p) {
    const script =
      p.state === 'present'
        ? writeLoad(p) + writeRules(p, p.params === undefined ? '' : `options ${p.name} ${p.params}\n`)
        : removeLoad(p) + writeRules(p, p.state === 'disabled' ? blockLines(p) : '');
    if (change.keys.includes('loaded'))
      return script + (p.state === 'present' ? sh`modprobe -- ${p.name}\n` : sh`modprobe -r -- ${p.name}\n`);
    // parameters count from the next loading on
    return change.keys.includes('params') && change.before?.loaded === 'yes'
      ? script + sh`modprobe -r -- ${p.name}\nmodprobe -- ${p.name}\n`
      : script;
  },

  provides(p) {
    const sign = signOfModule(p.name);
    return p.state === 'present' && sign !== undefined ? [`path:${sign}`] : [];
  },

  needs: () => ['command:modprobe'],
  findings: (change, p, context) =>
    change
      ? moduleFindings(p, { ...context.before, docker: context.before.docker || dockerComes(context) }, change.keys)
      : [],
  keeps: (p) => [loadFile(p), ruleFile(p)],

  undo(change, p) {
    if (!change.keys.includes('loaded')) return undefined;
    return change.before?.loaded === 'yes' ? sh`modprobe -- ${p.name}` : sh`modprobe -r -- ${p.name}`;
  },
});

interface Rule {
  readonly file: string;
  readonly words: readonly string[];
}

function loadFile(p: Modprobe): string {
  return `/etc/modules-load.d/harden-${underscored(p.name)}.conf`;
}

function ruleFile(p: Modprobe): string {
  return `/etc/modprobe.d/zz-harden-${underscored(p.name)}.conf`;
}

// files are read in the order of their names, and of a parameter that is given twice the last value counts
function effective(params: string, rules: readonly Rule[]): string {
  const name = (file: string): string => file.slice(file.lastIndexOf('/') + 1);
  const inOrder = [...rules].sort((a, b) => (name(a.file) < name(b.file) ? -1 : 1));
  const given = inOrder.filter(({ words }) => words[0] === 'options').flatMap(({ words }) => words.slice(2));
  return params
    .split(' ')
    .map((param) => given.findLast((other) => other.split('=')[0] === param.split('=')[0]) ?? '')
    .join(' ')
    .trim();
}

function writeLoad(p: Modprobe): Script {
  return sh`mkdir -p -m 0755 /etc/modules-load.d\n${raw(replaceFile({ path: loadFile(p), content: `# Kept by harden.\n${p.name}\n`, mode: '0644' }))}`;
}

function removeLoad(p: Modprobe): Script {
  return sh`rm -f ${loadFile(p)}\n`;
}

function writeRules(p: Modprobe, lines: string): Script {
  if (lines === '') return sh`rm -f ${ruleFile(p)}\n`;
  return sh`mkdir -p -m 0755 /etc/modprobe.d\n${raw(replaceFile({ path: ruleFile(p), content: `# Kept by harden.\n${lines}`, mode: '0644' }))}`;
}

function blockLines(p: Modprobe): string {
  return `install ${p.name} /bin/false\nblacklist ${p.name}\n`;
}
