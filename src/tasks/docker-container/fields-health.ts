import { mapAt } from '../support/docker/cli.ts';
import { configOf, type Field, numberAt, OF_IMAGE, textsAt } from './field.ts';
import type { DockerContainer } from './params.ts';

const TIMES = ['interval', 'timeout', 'start_period', 'retries'] as const;
const DOCKERS_NAME = {
  interval: 'Interval',
  timeout: 'Timeout',
  start_period: 'StartPeriod',
  retries: 'Retries',
} as const;

/** How to tell that a container works. */
export const healthFields: readonly Field[] = [
  {
    key: 'healthcheck',
    want: (p) => (p.healthcheck === undefined ? OF_IMAGE : healthcheck(p.healthcheck)),
    read(container, image, p) {
      const own = mapAt(configOf(container), 'Healthcheck');
      const inherited = mapAt(configOf(image), 'Healthcheck');
      if (p.healthcheck === undefined && JSON.stringify(own) === JSON.stringify(inherited)) return OF_IMAGE;
      const test = textsAt(own, 'Test');
      if (test[0] === 'NONE' || test.length === 0) return 'none';
      return spellHealth(test[0] === 'CMD-SHELL' ? (test[1] ?? '') : JSON.stringify(test), (name) => {
        const value = numberAt(own, DOCKERS_NAME[name]);
        const given = p.healthcheck === undefined || p.healthcheck === 'none' || p.healthcheck[name] !== undefined;
        // what the playbook leaves open the image fills in
        if (value === 0 || (!given && value === numberAt(inherited, DOCKERS_NAME[name]))) return undefined;
        return name === 'retries' ? value : value / 1e9;
      });
    },
    args(p) {
      const check = p.healthcheck;
      if (check === undefined) return [];
      if (check === 'none') return ['--no-healthcheck'];
      return [
        ...['--health-cmd', check.test],
        ...(check.interval === undefined ? [] : ['--health-interval', `${check.interval}s`]),
        ...(check.timeout === undefined ? [] : ['--health-timeout', `${check.timeout}s`]),
        ...(check.retries === undefined ? [] : ['--health-retries', String(check.retries)]),
        ...(check.start_period === undefined ? [] : ['--health-start-period', `${check.start_period}s`]),
      ];
    },
  },
];

function healthcheck(check: NonNullable<DockerContainer['healthcheck']>): string {
  return check === 'none' ? 'none' : spellHealth(check.test, (name) => check[name]);
}

function spellHealth(test: string, value: (name: (typeof TIMES)[number]) => number | undefined): string {
  const parts = TIMES.flatMap((name) => {
    const found = value(name);
    return found === undefined ? [] : [`${name} ${found}${name === 'retries' ? '' : 's'}`];
  });
  return parts.length === 0 ? test : `${test} (${parts.join(', ')})`;
}
