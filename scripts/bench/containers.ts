import { readDockerHost } from '../../src/audit/containers/read-host.ts';
import { containersResult } from '../../src/audit/containers/run.ts';
import { containersScript } from '../../src/audit/containers/script.ts';
import { ruleSettings } from '../../src/audit/workload/settings.ts';
import { auditText } from '../../src/report/audit-text.ts';
import { paintWith } from '../../src/report/paint.ts';
import { bootHost } from '../../test/lab/lab.ts';

/**
 * What the audit of so many containers costs here, from a real host's answer to the printed text, in milliseconds of this
 * process's own time: what else the machine does, and the host's work, are not in it.
 */
export interface ContainersCost {
  readonly bytes: number;
  readonly checks: number;
  /** The first time in a process, as in a run of harden. */
  readonly first: number;
  readonly later: readonly number[];
}

/** Runs containers on a host of the lab, asks it what the audit asks, and times what becomes of the answer. */
export async function measureContainers(count: number, rounds: number): Promise<ContainersCost> {
  const host = await bootHost({ docker: true });
  try {
    const started = await host.exec(`set -e
tar -C /bin -c busybox | docker import - busybox >/dev/null
for i in $(seq ${count}); do
  docker run -d --name "c$i" --label "com.example.number=$i" -p "127.0.0.1:$((9000 + i)):80" busybox /busybox sleep 100000 >/dev/null
done`);
    if (started.exitCode !== 0) throw new Error(started.stderr);
    const { stdout } = await host.exec(containersScript({ all: false }));
    const answer = Buffer.from(`${stdout}\n`);
    let checks = 0;
    const times = Array.from({ length: rounds }, () => {
      const start = process.cpuUsage();
      const result = containersResult(readDockerHost(answer.toString('utf8')), ruleSettings({}, new Date()));
      if (result.status !== 'done' || result.incomplete) throw new Error('the answer was not read whole');
      auditText('host', { tool: 'containers', ...result }, paintWith(false));
      checks = result.checks;
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    });
    return { bytes: answer.length, checks, first: times[0] ?? Number.NaN, later: times.slice(1) };
  } finally {
    await host.stop();
  }
}
