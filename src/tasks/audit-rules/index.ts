import { posix } from 'node:path';
import { z } from 'zod';
import { defineTask, type Finding } from '../../engine/task.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { refusal, warning } from '../support/finding.ts';
import { replaceFile } from '../support/replace-file.ts';
import { canonicalRule } from './audit-rule.ts';

const Path = z.string().regex(/^(\/[^/\s'"\\]+)+$/, {
  error: 'a watch is an absolute path without spaces and without a slash at its end',
});
const Key = z.string().regex(/^[A-Za-z0-9_.-]{1,31}$/, { error: 'a key has up to 31 letters, digits and _ . -' });

const AuditRules = z
  .strictObject({
    watches: z
      .array(Path)
      .default([])
      .describe('Files and directories to watch; each becomes `-w PATH -p PERMISSIONS -k KEY`.'),
    permissions: z
      .string()
      .regex(/^(?!.*(.).*\1)[rwxa]{1,4}$/, { error: 'permissions are some of r, w, x and a' })
      .default('rwxa')
      .describe('What is recorded of a watch: reading, writing, executing, changes of attributes.'),
    key: Key.default('docker').describe('What `ausearch -k` finds the records by.'),
    rules: z
      .array(z.string().regex(/^-[aAw] [^\n]*\S$/, { error: 'a rule starts with -a, -A or -w, as auditctl(8) has it' }))
      .default([])
      .describe('Further rules as auditctl takes them.'),
    immutable: z
      .boolean()
      .default(false)
      .describe('Lock the rules (`-e 2`): nobody changes them before the next boot.'),
    load: z.boolean().default(true).describe('Load the rules now. Without it, they come with the next boot.'),
    file: z
      .string()
      .regex(/^\/etc\/audit\/rules\.d\/[A-Za-z0-9_.-]+\.rules$/, {
        error: 'augenrules reads /etc/audit/rules.d/NAME.rules',
      })
      .default('/etc/audit/rules.d/50-harden.rules')
      .describe('Where the rules are kept; the file is wholly this task’s.'),
    state: z
      .enum(['present', 'absent'])
      .default('present')
      .describe('`absent` removes the file, and its rules from the kernel.'),
  })
  .refine((p) => p.state === 'absent' || p.watches.length + p.rules.length > 0, {
    error: 'say what to record: watches, or rules',
  });
type AuditRules = z.infer<typeof AuditRules>;

type AuditState = {
  /** The lines of the file that are no comments. */
  readonly rules?: readonly string[];
  /** Those of the wanted rules that the kernel has. */
  readonly loaded?: readonly string[];
  /** What is made under /run at boot, before the rules are loaded. */
  readonly directories?: readonly string[];
  /** Whether the kernel records anything. */
  readonly enabled?: boolean;
  /** Whether the kernel's rules are locked. */
  readonly locked?: boolean;
  /** What auditctl said when it could not ask the kernel. */
  readonly failure?: string;
} | null;

/** Audit rules, in the kernel now and after every boot. */
export const auditRulesTask = defineTask<AuditRules, AuditState>({
  type: 'audit_rules',
  summary: 'Audit rules, in the kernel now and after every boot.',
  notes:
    'Reads the file and `auditctl -l`. Loading stops at the first rule that fails, and at boot `/run/containerd` does not exist yet: so the file starts with `-i`, and directories under `/run` that watches need are made by tmpfiles.d before. A watch whose directory is missing is refused. Needs a kernel of its own: in a container there is no audit. docker-bench 1.1.3 to 1.1.18.',
  params: AuditRules,
  examples: [
    {
      watches: ['/usr/bin/dockerd', '/run/containerd/containerd.sock', '/etc/docker', '/etc/docker/daemon.json'],
    },
    {
      rules: ['-a always,exit -F arch=b64 -S adjtimex -S settimeofday -k time-change'],
      file: '/etc/audit/rules.d/60-time.rules',
    },
    { file: '/etc/audit/rules.d/old.rules', state: 'absent' },
  ],
  id: (p) => p.file,

  probe: (p) => sh`echo '== status'
auditctl -s 2>&1
echo '== list'
auditctl -l 2>/dev/null
echo '== directories'
[ ! -f ${tmpfiles(p)} ] || cat ${tmpfiles(p)}
[ ! -f ${p.file} ] || { echo '== rules'; cat ${p.file}; }`,

  read(output, p) {
    const section = (name: string): string[] | undefined => {
      const text = new RegExp(`^== ${name}\\n((?:(?!== ).*(?:\\n|$))*)`, 'm').exec(output)?.[1];
      return text?.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
    };
    const status = section('status') ?? [];
    const enabled = /^enabled (\d)$/m.exec(status.join('\n'))?.[1];
    const kernel = new Set(section('list')?.map(canonicalRule));
    const rules = section('rules');
    if (p.state === 'absent' && rules === undefined) return null;
    return {
      rules: rules ?? [],
      loaded: wantedRules(p).filter((rule) => kernel.has(canonicalRule(rule))),
      directories: section('directories')?.map((line) => line.split(/\s+/)[1] ?? '') ?? [],
      enabled: enabled !== undefined && enabled !== '0',
      locked: enabled === '2',
      ...(enabled === undefined ? { failure: status.join(' ') } : {}),
    };
  },

  want(p) {
    if (p.state === 'absent') return null;
    return {
      rules: fileLines(p),
      directories: runDirectories(p),
      ...(p.load ? { loaded: wantedRules(p), enabled: true } : {}),
      ...(p.load && p.immutable ? { locked: true } : {}),
    };
  },

  apply(change, p) {
    if (change.after === null)
      return sh`rm -f ${p.file} ${tmpfiles(p)}\n` + (p.load ? 'augenrules --load >/dev/null\n' : '');
    const lines: Script[] = [];
    if (change.keys.includes('directories')) lines.push(writeDirectories(p));
    if (change.keys.includes('rules')) {
      const content = `# Audit rules, kept by harden.\n${fileLines(p).join('\n')}\n`;
      lines.push(
        sh`mkdir -p -m 0750 /etc/audit/rules.d`,
        replaceFile({ path: p.file, content, owner: 'root', group: 'root', mode: '0640' }),
      );
    }
    if (p.load) lines.push(p.immutable ? LOAD : `${LOAD}\nauditctl -e 1 >/dev/null`);
    return `${lines.join('\n')}\n`;
  },

  unfit: (p, facts) =>
    p.load && p.state === 'present' && facts.container
      ? refusal(
          `this host is a container (${facts.virtualization}): the kernel that it shares keeps no audit rules for it`,
          'Set the rules on the machine that it runs on, and leave the task out here with `when: { facts.audit: true }`; load: false writes the file alone',
          [],
        )
      : undefined,
  needs: (p) =>
    p.state === 'absent' ? [] : ['command:augenrules', ...watchedDirectories(p).map((path) => `path:${path}` as const)],
  provides: (p) => (p.state === 'present' ? [`path:${p.file}`] : []),

  findings(change, p, { before }) {
    const findings: Finding[] = [];
    if (before?.failure !== undefined && p.load) {
      findings.push(
        refusal(
          `the kernel does not let this host ask for audit rules (${before.failure})`,
          'In a container there is no audit: set the rules on the machine that it runs on, or load: false',
        ),
      );
    } else if (before?.locked && p.load && change?.keys.some((key) => key !== 'directories')) {
      findings.push(
        refusal(
          'the audit rules of this host are locked (-e 2) until its next boot',
          'load: false writes the file, and the boot loads it',
        ),
      );
    }
    if (p.load && change?.keys.includes('loaded') && change.keys.length === 1) {
      findings.push(
        warning(
          'the file is right and yet the kernel lacks rules of it: something else changed them, or loading stopped at an error of another file',
        ),
      );
    }
    return findings;
  },

  keeps: (p) => [p.file, tmpfiles(p), '/etc/audit/audit.rules'],
  undo: (_change, p) => (p.load && !p.immutable ? `${LOAD}\n` : undefined),
  irreversible: (p, change) =>
    p.immutable && change.keys.includes('locked') ? 'The audit rules are locked until the next boot' : undefined,
});

// what it prints of each rule is noise; what fails is told by the proof
const LOAD = 'augenrules --load >/dev/null';

function wantedRules(p: AuditRules): string[] {
  return [...p.watches.map((path) => `-w ${path} -p ${p.permissions} -k ${p.key}`), ...p.rules];
}

function fileLines(p: AuditRules): string[] {
  return ['-i', ...wantedRules(p), ...(p.immutable ? ['-e 2'] : [])];
}

function tmpfiles(p: AuditRules): string {
  return `/etc/tmpfiles.d/audit-${posix.basename(p.file, '.rules')}.conf`;
}

function runDirectories(p: AuditRules): string[] {
  return [
    ...new Set(p.watches.map((path) => posix.dirname(path)).filter((directory) => directory.startsWith('/run/'))),
  ];
}

function watchedDirectories(p: AuditRules): string[] {
  return [
    ...new Set(
      p.watches
        .map((path) => posix.dirname(path))
        .filter((directory) => directory !== '/' && !directory.startsWith('/run')),
    ),
  ];
}

// 0711 is what containerd and docker give theirs
function writeDirectories(p: AuditRules): Script {
  const directories = runDirectories(p);
  if (directories.length === 0) return sh`rm -f ${tmpfiles(p)}`;
  const content = `# Watched by audit rules, which are loaded before the services that make these start.\n${directories.map((path) => `d ${path} 0711 root root -\n`).join('')}`;
  return sh`mkdir -p -m 0755 /etc/tmpfiles.d
${raw(replaceFile({ path: tmpfiles(p), content, mode: '0644' }))}
systemd-tmpfiles --create ${tmpfiles(p)}`;
}
