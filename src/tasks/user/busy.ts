import { HostError } from '../../errors.ts';

/** What keeps usermod from changing an account: its processes, each as `PID CGROUP`. The hint says how that which runs them is ended. */
export function busyError(name: string, processes: readonly string[]): HostError {
  const running = processes.map((line) => {
    const [pid = '', group = ''] = line.split(' ');
    return { pid, unit: unitOf(group), login: /\/user-\d+\.slice\//.test(group) };
  });
  const units = [...new Set(running.flatMap(({ unit, login }) => (unit !== undefined && !login ? [unit] : [])))];
  const by = units.length > 0 ? ` of ${units.join(', ')}` : running.some(({ login }) => login) ? ' of a login' : '';
  return new HostError(
    `uid and home of ${name} cannot be changed while it runs something: process ${running[0]?.pid ?? ''}${by}`,
    { hint: hint(name, units, running) },
  );
}

function hint(
  name: string,
  units: readonly string[],
  running: readonly { readonly pid: string; readonly login: boolean }[],
): string {
  const stops = units.map((unit) => `service: { name: ${unit}, state: stopped }`);
  if (stops.length > 0) return `Stop it in a task before this one: ${stops.join(', ')}`;
  if (running.some(({ login }) => login)) return `End the login first: loginctl terminate-user ${name}`;
  return `End it first: kill ${running.map(({ pid }) => pid).join(' ')}`;
}

// the unit nearest to the root is what systemd stops as a whole
function unitOf(group: string): string | undefined {
  return group.split('/').find((part) => /\.(service|socket|scope|timer)$/.test(part) && part !== 'init.scope');
}
