import type { AuditCheck, Fix } from '../result.ts';
import { catalogue } from './catalogue/catalogue.ts';
import { type CatalogueEntry, type HostFile, type Mend, pointsFor } from './catalogue/entry.ts';

/** A check with what the catalogue knows of it; one that it does not know (another version of the bench) stays as it is. */
export function explained(check: AuditCheck): AuditCheck {
  const entry = catalogue.get(check.id);
  if (!entry) return check;
  const { severity, dishonest, mend } = entry;
  const known = { ...check, severity, ...(dishonest ? { caveat: dishonest } : {}) };
  if (check.result === 'PASS') return known;
  const fix = fixOf(mend);
  return {
    ...known,
    remediation: remediationOf(entry),
    ...(fix ? { fix } : {}),
    effort: entry.effort,
    risk: entry.risk,
    points: pointsFor(entry, check.result),
    ...(mend.by === 'declined' ? { declined: mend.why } : {}),
  };
}

/** PASS +1, WARN -1, and 0 for what is not scored. */
export function scoreOf(checks: readonly Pick<AuditCheck, 'id' | 'result'>[]): number {
  const points = { PASS: 1, WARN: -1, INFO: 0, NOTE: 0, SKIP: 0 };
  return checks.reduce((sum, { id, result }) => sum + (catalogue.get(id)?.scored === false ? 0 : points[result]), 0);
}

function remediationOf({ about, mend }: CatalogueEntry): string {
  const must = `It must hold that ${about}`;
  switch (mend.by) {
    case 'watch':
    case 'daemon':
    case 'file':
      return `${must}. The task ${taskType(mend)} sees to it`;
    case 'container':
      return `${must}. Make the container anew with ${mend.run}`;
    case 'image':
      return `${must}. Build the image anew with ${mend.dockerfile}`;
    case 'manual':
      return `${must}. ${mend.how}`;
    case 'declined':
      return `${must}. ${mend.why}`;
  }
}

function fixOf(mend: Mend): readonly Fix[] | undefined {
  switch (mend.by) {
    case 'watch':
      return [{ kind: 'task', type: taskType(mend), params: { watches: [typicalPath(mend.file)] } }];
    case 'daemon':
      return [{ kind: 'task', type: taskType(mend), params: daemonParams(mend) }];
    case 'file': {
      const { file, by: _, ...attributes } = mend;
      const group = mend.owner === undefined ? {} : { group: mend.owner };
      return [{ kind: 'task', type: taskType(mend), params: { path: typicalPath(file), ...attributes, ...group } }];
    }
    case 'container':
      return [
        { kind: 'docker-run', flag: mend.run },
        { kind: 'compose', yaml: mend.compose },
      ];
    case 'image':
      return [{ kind: 'dockerfile', line: mend.dockerfile }];
    default:
      return undefined;
  }
}

function daemonParams({ options, remove }: Extract<Mend, { by: 'daemon' }>): Record<string, unknown> {
  return { ...(options ? { options } : {}), ...(remove ? { remove } : {}) };
}

function taskType({ by }: Extract<Mend, { by: 'watch' | 'daemon' | 'file' }>): string {
  return { watch: 'audit_rules', daemon: 'docker_daemon', file: 'file' }[by];
}

/** Where a file is on most hosts; a suggestion looks where it is on this one. */
function typicalPath(file: HostFile): string {
  if ('path' in file) return file.path;
  if ('daemonKey' in file) return `/etc/docker/${file.daemonKey.slice(3)}.pem`;
  return file.unit === 'containerd.sock' ? '/run/containerd/containerd.sock' : `/usr/lib/systemd/system/${file.unit}`;
}
