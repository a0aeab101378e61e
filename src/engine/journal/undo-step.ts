import { raw, type Script, sh } from '../../remote/sh.ts';
import { RUNS } from '../host-layout.ts';
import type { JournalStep } from './read-journal.ts';

/** One step of a rollback is a step of a run: what stands there now is kept first, so that a rollback can be rolled back. The `last` one brings all of them into force. */
export function undoScript(runId: string, step: JournalStep, at: number, last: boolean): Script {
  const old = `${RUNS}/${runId}/${step.directory}`;
  const driver = driverOf(runId);
  const record = undoRecord(step);
  const oneWay = `what a rollback took back without files (${record.type} ${record.id}) is not made again: apply the playbook`;
  return sh`set -eu
harden_begin ${String(at).padStart(4, '0')} ${record.name}
for kept in ${old}/kept/*/; do
  [ ! -s "$kept/path" ] || harden_keep "$(cat "$kept/path")"
done
# Beside files, an undo brings into force what they say; without any, it takes back what the step did, and holds one way only.
if [ -s ${old}/redo ]; then
  harden_note step.json ${JSON.stringify(record)}
  cp ${old}/redo "$harden_step/undo" || harden_full
  if [ -s ${old}/undo ]; then cp ${old}/undo "$harden_step/redo"; else echo : >"$harden_step/redo"; fi || harden_full
elif [ ! -s ${old}/undo ]; then
  harden_note step.json ${JSON.stringify(record)}
elif [ "$harden_kept" -gt 0 ]; then
  harden_note step.json ${JSON.stringify(record)}
  cp ${old}/undo "$harden_step/undo" || harden_full
else
  harden_note step.json ${JSON.stringify({ ...record, irreversible: oneWay })}
fi
[ ! -e ${old}/secret ] || : >"$harden_step/secret"
if [ -d ${old}/after ]; then cp -R ${old}/after "$harden_step/after"; fi
if [ -e ${old}/access ]; then cp ${old}/access "$harden_step/access"; fi
${raw(record.access ? ': >>"$harden_step/access"' : ':')}
harden_started
# What undoes it is of today, whoever wrote it then; a guard may be reading the old one.
cmp -s "$harden_run/undo.sh" ${driver} || { cp "$harden_run/undo.sh" ${`${driver}.new`} && mv ${`${driver}.new`} ${driver}; }
sh ${driver} ${raw(last ? '' : 'later')} ${step.directory}
harden_done`;
}

function driverOf(runId: string): string {
  return `${RUNS}/${runId}/undo.sh`;
}

/** What the journal of a rollback tells of one step: the way back. */
export function undoRecord({ directory, record }: JournalStep): NonNullable<JournalStep['record']> {
  if (!record)
    return {
      name: `roll back: step ${directory}`,
      type: 'unknown',
      id: directory,
      at: '',
      action: 'update',
      changes: [],
      access: true,
      provides: [],
    };
  const back = /^roll back: (.*)$/s.exec(record.name)?.[1];
  return {
    ...record,
    name: back === undefined ? `roll back: ${record.name}` : `again: ${back}`,
    action: record.action === 'create' ? 'delete' : record.action === 'delete' ? 'create' : record.action,
    changes: record.changes.map(({ key, before, after }) => ({ key, before: after, after: before })),
  };
}

/** Brings into force what is undone by now of a run. */
export function inForceScript(runId: string): Script {
  return sh`sh ${driverOf(runId)}`;
}
