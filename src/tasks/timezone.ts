import { z } from 'zod';
import { defineTask } from '../engine/task.ts';
import { sh } from '../remote/sh.ts';
import { refusal } from './support/finding.ts';

const ZONES = '/usr/share/zoneinfo/';

const Timezone = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, { error: 'a time zone is written like Europe/Paris or Etc/UTC' })
    .describe('The zone: `Europe/Paris`, `Etc/UTC`.'),
});
type Timezone = z.infer<typeof Timezone>;

type TimezoneState = {
  /** The zone that /etc/localtime links to; `a copy` of one, or UTC where there is none. */
  readonly name?: string;
  /** What /etc/timezone says; only where there is such a file. */
  readonly in_etc_timezone?: string;
  /** Whether the host has the zone. */
  readonly known?: boolean;
};

/** The host's time zone. */
export const timezoneTask = defineTask<Timezone, TimezoneState>({
  type: 'timezone',
  summary: "The host's time zone.",
  notes:
    'Reads the link `/etc/localtime`, and `/etc/timezone` where Debian still has it (not since 13). The zone is checked against those of tzdata on the host. cron is restarted, so that its hours are those of the zone; other programs keep the zone that they started with.',
  params: Timezone,
  examples: [{ name: 'Etc/UTC' }, { name: 'Europe/Paris' }],
  id: () => 'timezone',

  probe: (
    p,
  ) => sh`if [ -L /etc/localtime ]; then echo "target $(readlink /etc/localtime)"; elif [ -e /etc/localtime ]; then echo copy; fi
[ ! -f /etc/timezone ] || echo "file $(cat /etc/timezone)"
[ ! -f ${ZONES + p.name} ] || echo known`,

  read(output) {
    const lines = output.split('\n');
    const of = (word: string): string | undefined =>
      lines
        .find((line) => line.startsWith(`${word} `))
        ?.slice(word.length + 1)
        .trim();
    const target = of('target');
    const file = of('file');
    return {
      name: lines.includes('copy') ? 'a copy' : target === undefined ? 'UTC' : target.replace(/^.*\/zoneinfo\//, ''),
      ...(file === undefined ? {} : { in_etc_timezone: file }),
      known: lines.includes('known'),
    };
  },

  want: (p, _facts, before) => ({
    name: p.name,
    ...(before?.in_etc_timezone === undefined ? {} : { in_etc_timezone: p.name }),
  }),

  apply(change, p) {
    const link = sh`ln -sf ${ZONES + p.name} /etc/.harden.localtime
mv -fT /etc/.harden.localtime /etc/localtime
`;
    const file = sh`printf '%s\n' ${p.name} >/etc/timezone\n`;
    return (change.keys.includes('name') ? link : '') + (change.keys.includes('in_etc_timezone') ? file : '');
  },

  needs: () => ['path:/usr/share/zoneinfo'],
  findings: (_change, p, { before }) =>
    before.known
      ? []
      : [refusal(`this host knows no time zone ${p.name}`, 'Debian 13 keeps old names in the package tzdata-legacy')],
  handlers: () => [{ name: 'restart cron', run: '[ ! -d /run/systemd/system ] || systemctl try-restart cron.service' }],
  keeps: () => ['/etc/localtime', '/etc/timezone'],
});
