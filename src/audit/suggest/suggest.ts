import { catalogue } from '../docker-bench/catalogue/catalogue.ts';
import type { CatalogueEntry, HostFile, Mend } from '../docker-bench/catalogue/entry.ts';
import type { AuditCheck, AuditDone, LeftOut } from '../result.ts';
import { RULES_FILE, type Survey } from './survey.ts';

/** A piece of a task that mends one check. */
export interface Part {
  readonly id: string;
  readonly about: string;
  /** Merged with those of the task's other parts: maps by key, lists one after the other. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** A task that would mend something on this host. */
export interface SuggestedTask {
  readonly type: string;
  readonly name: string;
  /** What the task has whatever its parts are. */
  readonly base: Readonly<Record<string, unknown>>;
  /** Those that mend nothing by themselves (packages) have none. */
  readonly parts: readonly Part[];
  /** What a person should know before. */
  readonly notes: readonly string[];
  /** Moves data, or puts it out of sight: written as a comment alone. */
  readonly optIn: boolean;
  /** Goes when the task of this name goes. */
  readonly serves?: string;
}

export interface Suggestion {
  readonly tasks: readonly SuggestedTask[];
  readonly left: readonly LeftOut[];
}

const AUDIT_RULES = 'What touches Docker is on record';

/** The tasks that would mend what docker-bench-security found on this host; what a baseline accepts is left alone. */
export function suggest(audit: AuditDone, survey: Survey): Suggestion {
  const found = audit.results.flatMap((check) => {
    const entry = catalogue.get(check.id);
    return entry && check.result === 'WARN' && !check.accepted ? [{ check, entry }] : [];
  });
  const left: LeftOut[] = [];
  const watches: Part[] = [];
  const options: Part[] = [];
  const optIn: SuggestedTask[] = [];
  const files = new Map<string, Part[]>();
  for (const { check, entry } of found) {
    const { mend } = entry;
    if (mend.by === 'watch') {
      const paths = watchedPaths(mend.file, survey);
      if (survey.noAudit || paths.length === 0)
        left.push({ id: check.id, why: survey.noAudit ?? 'its file is not there' });
      else watches.push(part(check, entry, { watches: paths }));
    } else if (mend.by === 'daemon') {
      const piece = part(check, entry, daemonParams(mend));
      if (entry.risk === 'data') optIn.push(daemonTask([piece], survey, true));
      else options.push(piece);
    } else if (mend.by === 'file') {
      const path = fileAt(mend.file, survey);
      if (path === undefined) left.push({ id: check.id, why: 'its file is not where a task could find it' });
      else files.set(path, [...(files.get(path) ?? []), part(check, entry, fileParams(mend))]);
    } else left.push({ id: check.id, why: whyLeft(mend, check) });
  }
  const fileTasks = [...files].map(([path, parts]): SuggestedTask => {
    const state = path === '/etc/docker' ? { state: 'directory' } : {};
    return { type: 'file', name: `${path} is root's`, base: { path, ...state }, parts, notes: [], optIn: false };
  });
  const daemon = options.length > 0 ? [daemonTask(options, survey, false)] : [];
  const rules = watches.length > 0 ? auditTasks(watches, daemon.length > 0, survey) : [];
  return { tasks: [...daemon, ...fileTasks, ...rules, ...optIn], left };
}

function part(check: AuditCheck, entry: CatalogueEntry, params: Part['params']): Part {
  return { id: check.id, about: entry.about, params };
}

function daemonTask(parts: readonly Part[], survey: Survey, optIn: boolean): SuggestedTask {
  const keys = new Set(parts.flatMap(({ params }) => Object.keys((params.options ?? {}) as object)));
  const notes: string[] = [];
  if (keys.has('icc') && survey.onBridge > 0)
    notes.push(
      `icc: ${many(survey.onBridge, 'container')} on the default network will not reach one another; it holds once they were stopped and Docker was restarted`,
    );
  if (keys.has('no-new-privileges') && survey.containers > 0)
    notes.push(
      'no-new-privileges holds for containers that are made from now on: `harden audit --only effective` shows the others',
    );
  if (keys.has('log-driver'))
    notes.push('log-driver local keeps logs in bounds, and on this host: name a remote driver to have them elsewhere');
  if (survey.containers > 0 && !optIn)
    notes.push(
      survey.swarm
        ? 'Docker is restarted: the containers stop, and the swarm starts them again'
        : 'Docker is restarted; live-restore comes first, so that containers live on',
    );
  if (optIn)
    notes.push(
      "images, containers and volumes of now go out of sight, until it is taken back; a privileged container, or one with the host's network, does not start",
    );
  // Without it, the restart that the other keys need would stop what runs.
  const keep =
    survey.containers > 0 &&
    !survey.swarm &&
    !survey.liveRestoreFlag &&
    survey.daemonJson?.['live-restore'] !== true &&
    !keys.has('live-restore');
  return {
    type: 'docker_daemon',
    name: optIn ? 'Root of a container is nobody on the host' : 'Docker gives containers no more than they need',
    base: keep && !optIn ? { options: { 'live-restore': true } } : {},
    parts,
    notes,
    optIn,
  };
}

/** The rules, and auditd before them; what the file holds already stays in it, for the file is wholly the task's. */
function auditTasks(parts: readonly Part[], writesDaemonJson: boolean, survey: Survey): readonly SuggestedTask[] {
  const watched = /^-w (\S+) -p rwxa -k docker$/;
  const kept = survey.fileRules ?? [];
  const daemonJson = writesDaemonJson && survey.daemonJson === undefined ? ['/etc/docker/daemon.json'] : [];
  const watches = [...kept.flatMap((rule) => watched.exec(rule)?.[1] ?? []), ...daemonJson];
  const rules = kept.filter((rule) => !watched.test(rule));
  const auditd: SuggestedTask = {
    type: 'apt',
    name: 'auditd is there',
    base: { name: 'auditd' },
    parts: [],
    notes: [],
    optIn: false,
    serves: AUDIT_RULES,
  };
  return [
    ...(survey.auditd ? [] : [auditd]),
    {
      type: 'audit_rules',
      name: AUDIT_RULES,
      base: {
        ...(watches.length > 0 ? { watches } : {}),
        ...(rules.length > 0 ? { rules } : {}),
        ...(survey.fileRules ? { file: RULES_FILE } : {}),
      },
      parts,
      notes: daemonJson.length > 0 ? ['1.1.11: daemon.json is written by this playbook, and watched too'] : [],
      optIn: false,
    },
  ];
}

/** The path that the bench looks for, and where it leads: a rule for a link records only who changes the link. */
function watchedPaths(file: HostFile, survey: Survey): readonly string[] {
  if ('daemonKey' in file) return [];
  if ('unit' in file) {
    const unit = survey.units[file.unit];
    return unit === undefined || /[\s'"\\]/.test(unit) ? [] : [unit.replace(/^\/lib\//, '/usr/lib/')];
  }
  const real = survey.files.get(file.path) ?? (file.path === '/usr/bin/dockerd' ? '/usr/sbin/dockerd' : undefined);
  return real === undefined || real === file.path || real.startsWith('/usr/lib/') ? [file.path] : [file.path, real];
}

function fileAt(file: HostFile, survey: Survey): string | undefined {
  if ('path' in file) return survey.files.has(file.path) ? file.path : undefined;
  const named = 'unit' in file ? survey.units[file.unit] : survey.daemonJson?.[file.daemonKey];
  return typeof named === 'string' && /^\/[\w@.+/-]+$/.test(named) ? named : undefined;
}

function fileParams({ owner, mode }: Extract<Mend, { by: 'file' }>): Part['params'] {
  return { ...(owner === undefined ? {} : { owner, group: owner }), ...(mode === undefined ? {} : { mode }) };
}

function daemonParams({ options, remove }: Extract<Mend, { by: 'daemon' }>): Part['params'] {
  return { ...(options ? { options } : {}), ...(remove ? { remove } : {}) };
}

function whyLeft(mend: Mend, { items }: AuditCheck): string {
  if (mend.by === 'declined') return `declined: ${mend.why}`;
  if (mend.by === 'manual') return `by hand: ${mend.how}`;
  const where = items && items.length > 0 ? ` (${[...new Set(items)].join(', ')})` : '';
  if (mend.by === 'container') return `make the containers anew${where}: ${mend.run}`;
  return mend.by === 'image' ? `build the images anew${where}: ${mend.dockerfile}` : '';
}

function many(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

/** A task's parameters, all its parts together. */
export function paramsOf({ base, parts }: SuggestedTask): Readonly<Record<string, unknown>> {
  return parts.reduce<Record<string, unknown>>((params, next) => merged(params, next.params), { ...base });
}

function merged(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = result[key];
    if (Array.isArray(before) && Array.isArray(value)) result[key] = [...new Set([...before, ...value])];
    else if (isMap(before) && isMap(value)) result[key] = merged(before, value);
    else result[key] = value;
  }
  return result;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
