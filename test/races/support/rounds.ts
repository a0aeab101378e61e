import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { diff } from '../../../src/engine/diff.ts';
import { keptProbe } from '../../../src/engine/journal/read-kept.ts';
import { STEP_FUNCTIONS } from '../../../src/engine/journal/step-functions.ts';
import { UNDO_DRIVER } from '../../../src/engine/journal/undo-driver.ts';
import type { AnyTaskType } from '../../../src/engine/task.ts';
import { raw, type Script, sh } from '../../../src/remote/sh.ts';
import { authorizedKeyTask } from '../../../src/tasks/authorized-key/index.ts';
import { blockinfileTask } from '../../../src/tasks/blockinfile.ts';
import { copyTask } from '../../../src/tasks/copy.ts';
import { fileTask } from '../../../src/tasks/file/index.ts';
import { lineinfileTask } from '../../../src/tasks/lineinfile.ts';
import type { LabHost } from '../../lab/lab.ts';
import { debian12Facts } from '../../support/facts.ts';
import { testFolder } from '../../support/remote.ts';
import { probeOnHost } from '../../tasks/support/on-host.ts';

/** What stands in root's files and must come out of none of them. */
const SECRET = 'never-to-be-seen';
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINq9wuWZ/782y36KeG9127CB9rHM0R/0yFsVXDqmYfut one';

/** What root does in the home of somebody who fights it. */
const TASKS: readonly (readonly [AnyTaskType, Record<string, unknown>])[] = [
  [copyTask, { dest: '/home/eve/.bashrc', content: 'ours\n', owner: 'eve', mode: '0644' }],
  [lineinfileTask, { path: '/home/eve/.profile', line: 'ours', create: true }],
  [copyTask, { dest: '/home/eve/app/conf/.bashrc', content: 'ours\n' }],
  [blockinfileTask, { path: '/home/eve/app/data/file', block: 'ours\n', owner: 'eve' }],
  [fileTask, { path: '/home/eve/app/data/file', owner: 'eve', mode: '0666' }],
  [fileTask, { path: '/home/eve/app/conf/made', state: 'directory', owner: 'eve', mode: '0777' }],
  [fileTask, { path: '/home/eve/app/conf/link', state: 'link', src: 'made' }],
  [authorizedKeyTask, { user: 'eve', key: KEY }],
  [fileTask, { path: '/home/eve/tree', state: 'absent' }],
];

const RUN = '/var/lib/harden/runs/races';

/** Everything outside of the home that somebody could want, and what it was before. */
const OUTSIDE = sh`find /root /etc /usr/local /opt /srv /var/spool /run/secrets -xdev -printf '%p %y %m %U %G %s %T@ %l\n' | sort
sha256sum /root/.ssh/* /root/.bashrc /etc/environment /etc/shadow /root/hard
find /home -mindepth 1 -maxdepth 1 -name '.h*' -printf 'left %p\n'`;

/** What the attacker takes apart is made anew by itself, and never by root. */
const RESET = sh`setpriv --reuid=eve --regid=eve --init-groups sh -c 'cd /home/eve && mkdir -p app/conf app/data .ssh tree/sub && for f in .bashrc .profile app/data/file app/conf/.bashrc .ssh/authorized_keys tree/sub/file; do [ -f "$f" ] || { rm -rf "$f"; echo theirs >"$f"; }; done' </dev/null >/dev/null 2>&1 || :`;

/** Builds the attacker, and makes the home and what it is after. */
export async function prepare(host: LabHost): Promise<void> {
  const program = join(testFolder(), 'race');
  execFileSync('cc', ['-O2', '-static', '-o', program, new URL('../attacker/race.c', import.meta.url).pathname]);
  const input = readFileSync(program).toString('base64');
  await said(host, `base64 -d >/usr/bin/race; chmod 755 /usr/bin/race`, input);
  await said(
    host,
    sh`set -eu
useradd -m -s /bin/sh eve
umask 077; mkdir -p /root/.ssh /run/secrets /var/lib/harden/runs
for f in /root/.ssh/id /root/.ssh/file /root/.ssh/readable /root/hard; do echo ${SECRET} >"$f"; done
echo root >/root/.bashrc; mkdir -p /root/.ssh/sub; chmod 644 /root/.ssh/readable
[ -e /root/.ssh/authorized_keys ] || : >/root/.ssh/authorized_keys
ln /root/hard /home/eve/planted
touch /etc/environment
${raw(RESET)}`,
  );
}

/** The steps as apply sends them, after the probes. */
function applyRound(scripts: readonly (readonly [readonly string[], Script])[]): Script {
  return scripts
    .map(
      ([keeps, script], at) => sh`(
set -eu
harden_step=${RUN}/${`000${at}`}
rm -rf "$harden_step"; mkdir -p "$harden_step/kept"; harden_kept=0
harden_tmp=$(mktemp -d /run/harden-test.XXXXXX); trap 'rm -rf "$harden_tmp"' EXIT
harden_keep ${keeps}
(
${raw(script)}
)
harden_leave
) </dev/null`,
    )
    .join('\n');
}

/** What was won by `rounds` of each way in which root works in that home; `seconds` is how long they took. */
export async function fight(host: LabHost, rounds: number): Promise<{ readonly seconds: number }> {
  const began = Date.now();
  const steps: (readonly [readonly string[], Script])[] = [];
  const probes: Script[] = [];
  for (const [type, given] of TASKS) {
    const params = type.params.parse(given);
    const probe = type.probe(params, debian12Facts);
    probes.push(probe);
    const before = type.read(await probeOnHost(host, probe), params);
    const change = diff(before, type.want(params, debian12Facts, before));
    if (!change) throw new Error(`nothing to change: ${JSON.stringify(given)}`);
    steps.push([type.keeps?.(params, change) ?? [], type.apply(change, params, debian12Facts)]);
  }
  // Before anybody fights: a journal whose undo has something to bring back.
  await said(host, `${STEP_FUNCTIONS}\nmkdir -p ${RUN}\n${applyRound(steps)}\ncp -a ${RUN} ${RUN}.calm`);
  await host.exec(`cat >${RUN}.calm/undo.sh`, { input: UNDO_DRIVER });
  await said(host, RESET);
  const before = await said(host, OUTSIDE);
  const numbers = steps.map((_, at) => `000${at}`);
  const looking = probes.map((probe) => `(\n${probe}\n) </dev/null`).join('\n');
  const ways: Readonly<Record<string, Script>> = {
    apply: `${looking}\n${applyRound(steps)}\n${keptProbe('races')}`,
    rollback: sh`${raw(FRESH)}sh ${RUN}/undo.sh ${[...numbers].reverse()}`,
    guard: sh`${raw(FRESH)}touch ${RUN}/armed; rm -f ${RUN}/fired ${RUN}/guard-undone; for s in ${numbers}; do : >${RUN}/"$s"/access; done; sh ${RUN}/undo.sh guard now; cat ${RUN}/undo.log`,
  };
  await host.exec('cat >/run/functions.sh', { input: STEP_FUNCTIONS });
  for (const [way, script] of Object.entries(ways)) {
    await host.exec(`cat >/run/${way}.sh`, { input: `. /run/functions.sh\nharden_run=${RUN}\n${script}\n` });
    await said(host, ATTACK);
    await said(
      host,
      sh`export LC_ALL=C; umask 077; at=0; : >/run/said; : >/run/slow
while [ "$at" -lt ${rounds} ]; do
  at=$((at + 1))
  ${raw(RESET)}
  timeout -k 5 120 sh /run/${way}.sh >>/run/said 2>&1 </dev/null || { [ $? -ne 124 ] || echo "$at" >>/run/slow; }
  [ "$(stat -c %s /run/said)" -lt 5000000 ] || break
done`,
    );
    await said(host, STOP);
    expect({ way, hung: await said(host, 'cat /run/slow') }).toEqual({ way, hung: '' });
    expect({ way, outside: await said(host, OUTSIDE) }).toEqual({ way, outside: before });
    expect({ way, seen: await said(host, SEEN) }).toEqual({ way, seen: '' });
  }
  return { seconds: Math.round((Date.now() - began) / 1000) };
}

const FRESH = sh`rm -rf ${RUN}; cp -a ${`${RUN}.calm`} ${RUN}
for s in ${RUN}/0*; do printf 'done   \n' >"$s/state"; echo step >"$s/name"; done
`;

const ATTACK = sh`setsid setpriv --reuid=eve --regid=eve --init-groups nice -n 5 race /home/eve /root/.ssh /root/.bashrc </dev/null >/dev/null 2>&1 &
echo $! >/run/attacker; sleep 0.3`;

const STOP = sh`kill "$(cat /run/attacker)" 2>/dev/null
for try in 1 2 3 4 5; do kill -KILL -- "-$(cat /run/attacker)" 2>/dev/null || break; sleep 0.1; done
setpriv --reuid=eve --regid=eve --init-groups sh -c 'kill -KILL -1' 2>/dev/null
:`;

/** The secret in what root printed, showed, or left where the attacker can read. */
const SEEN = sh`grep -al ${SECRET} /run/said
for word in $(grep -aoE '[A-Za-z0-9+/]{24,}={0,2}' /run/said | sort -u | head -n 3000); do printf '%s' "$word" | base64 -d 2>/dev/null | grep -aq ${SECRET} && echo encoded; done
setpriv --reuid=eve --regid=eve --init-groups grep -arls ${SECRET} /home/eve
:`;

async function said(host: LabHost, command: Script, input?: string): Promise<string> {
  const { stdout, stderr, exitCode } =
    input === undefined ? await host.exec('sh', { input: command }) : await host.exec(command, { input });
  if (exitCode !== 0) throw new Error(`${stderr}\n(status ${exitCode} of: ${command.slice(0, 2000)})`);
  return stdout;
}
