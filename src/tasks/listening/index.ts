import { z } from 'zod';
import { defineTask, type Finding } from '../../engine/task.ts';
import { sh } from '../../remote/sh.ts';
import { contains, familyOf } from '../support/network.ts';
import { describeListener, type Listener, parseListeners } from './listeners.ts';

const port = z
  .union([z.number(), z.string()], { error: 'a port is a number, or a range such as "8000-8010"' })
  .transform(String)
  .refine((text) => isRange(text), { error: 'a port is a number from 1 to 65535, or a range such as "8000-8010"' });
const address = z.string().refine((text) => familyOf(text) !== undefined, {
  error: 'an address is an IP address or a network; 0.0.0.0 and :: mean what listens on all of a kind',
});

const Listening = z.strictObject({
  allow: z
    .array(
      z.strictObject({
        port: z
          .union([port.transform((one) => [one]), z.array(port).min(1)])
          .describe('The port, a list of ports, or a range such as `"8000-8010"`.'),
        proto: z.enum(['tcp', 'udp']).default('tcp').describe('Of which protocol.'),
        address: address.optional().describe('On which address, or in which network: `10.8.0.0/24`. Left out: on any.'),
        process: z
          .string()
          .optional()
          .describe('By which process or systemd unit: `sshd`, `docker-proxy`, `nginx.service`. Left out: by any.'),
      }),
    )
    .default([])
    .describe('What may listen.'),
  loopback: z.boolean().default(false).describe('Judge what listens on the loopback alone too.'),
  otherwise: z
    .enum(['refuse', 'warn'], { error: 'refuse: the plan and the proof fail; warn: it is only said' })
    .default('refuse')
    .describe('What a listener that nothing allows means: `refuse` fails the plan and the proof, `warn` says it.'),
});
type Listening = z.output<typeof Listening>;

type ListeningState = {
  /** What listens and may not, in words. */
  readonly exposed?: readonly string[];
  /** What to do about each. */
  readonly advice?: readonly string[];
};

/** What may listen for connections. */
export const listeningTask = defineTask<Listening, ListeningState>({
  type: 'listening',
  summary: 'What may listen on the host’s addresses; anything else is a finding.',
  notes:
    'Read with `ss`, TCP and UDP, with the process, its systemd unit and, for a published port, its container. It stops nothing: it says what does not belong, and what to do. Put it at the end of a playbook: what an earlier task may still close is only warned of, and the proof decides. Whether a firewall stands before a port is not looked at. CIS 2.1.x.',
  params: Listening,
  examples: [
    { allow: [{ port: 22, process: 'sshd' }] },
    {
      allow: [
        { port: 2222, process: 'sshd', address: '0.0.0.0' },
        { port: [80, 443], process: 'docker-proxy' },
        { port: 51820, proto: 'udp' },
      ],
      otherwise: 'warn',
    },
  ],
  id: () => 'listening',

  probe: () => PROBE,

  read(output, p) {
    const wrong = parseListeners(output).filter(
      (one) => (p.loopback || !one.local) && !p.allow.some((rule) => allows(rule, one)),
    );
    return { exposed: wrong.map(describeListener), advice: wrong.map(advice) };
  },

  // it changes nothing: what is found is said
  want: () => ({}),
  apply: () => ':',
  needs: () => ['command:ss'],

  findings(_change, p, { before, changing }): readonly Finding[] {
    const level = p.otherwise === 'warn' || changing ? 'warn' : 'refuse';
    const then = p.otherwise === 'refuse' && changing ? ' (the proof fails unless an earlier task closes it)' : '';
    return (before.exposed ?? []).map((what, index) => ({
      level,
      message: `listens, and nothing allows it: ${what}${then}`,
      hint: before.advice?.[index],
    }));
  },
});

const PROBE = sh`sockets=$(ss -H -ltunp)
printf '%s\n' "$sockets"
for pid in $(printf '%s\n' "$sockets" | grep -o 'pid=[0-9]*' | sort -u); do
  pid=\${pid#pid=}
  while IFS= read -r line; do
    case $line in 0::* | *:name=systemd:*) ;; *) continue ;; esac
    unit=\${line##*/}
    case $unit in *.service | *.scope | *.socket) printf '== unit %s %s\n' "$pid" "$unit" ;; esac
  done 2>/dev/null </proc/"$pid"/cgroup
done
case $sockets in
  *pid=1,*) systemctl list-sockets --full --no-legend --no-pager 2>/dev/null | while read -r listen unit _; do printf '== socket %s %s\n' "$listen" "$unit"; done ;;
esac
case $sockets in
  *'"docker'*) docker ps --format '== container {{.Names}} {{.Ports}}' 2>/dev/null ;;
esac
:`;

function isRange(text: string): boolean {
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  return Number(from) >= 1 && Number(to) <= 65_535 && Number(from) <= Number(to);
}

function allows(rule: Listening['allow'][number], one: Listener): boolean {
  const inside = rule.port.some((text) => {
    const [from = 0, to = from] = text.split('-').map(Number);
    return one.port >= from && one.port <= to;
  });
  const where =
    rule.address === undefined ||
    contains(rule.address, one.address) ||
    (one.address === '*' && /^(0\.0\.0\.0|::)$/.test(rule.address));
  const who =
    rule.process === undefined ||
    one.unit === rule.process ||
    (one.processes.length > 0 && one.processes.every((name) => name === rule.process));
  return inside && rule.proto === one.proto && where && who;
}

function advice(one: Listener): string {
  const allow = `allow: [{ port: ${one.port}, proto: ${one.proto}${one.processes[0] === undefined ? '' : `, process: ${one.processes[0]}`} }]`;
  if (one.container !== undefined)
    return `Publish the port of ${one.container} on one address (127.0.0.1:${one.port}:…), or not at all; or ${allow}`;
  if (one.processes.length === 0) return `A part of the kernel holds it, such as wireguard or nfsd; or ${allow}`;
  if (one.unit !== undefined && /\.(service|socket)$/.test(one.unit) && one.unit !== 'docker.service')
    return `If nobody needs it: service: { name: ${one.unit}, state: stopped, enabled: false }; else have it listen on 127.0.0.1, or ${allow}`;
  return `End what runs there, have it listen on 127.0.0.1, or ${allow}`;
}
