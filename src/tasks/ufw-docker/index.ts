import { z } from 'zod';
import type { Change } from '../../engine/diff.ts';
import { defineTask, type Finding } from '../../engine/task.ts';
import { type Script, sh } from '../../remote/sh.ts';
import { proveDocker } from '../support/docker/prove-docker.ts';
import { refusal, warning } from '../support/finding.ts';
import { transformFile } from '../support/replace-file.ts';
import { printWithBlock, printWithoutBlock } from '../support/text-block.ts';
import { withdrawRules } from '../support/ufw-rules-file.ts';
import { askUfwDocker, jumps, parseUfwDocker, type UfwDockerHost } from './host.ts';
import { blockText, dockerUserRules, FAMILIES, isCovered, LAST, MARKER } from './rules.ts';

const UfwDocker = z.strictObject({
  state: z
    .enum(['enabled', 'disabled'])
    .default('enabled')
    .describe(
      '`enabled`: published ports obey the firewall. `disabled`: Docker publishes past it, as it does by itself.',
    ),
  bridges: z
    .array(
      z.string().regex(/^[A-Za-z0-9_.-]{1,14}\+?$/, {
        error: 'a bridge is named like dmz0; a + at the end stands for any rest',
      }),
    )
    .default([])
    .describe(
      'Bridges of Docker networks that were given a name of their own (`com.docker.network.bridge.name`). Docker’s own names, `docker0`, `docker_gwbridge` and `br-…`, are always meant.',
    ),
});
type UfwDocker = z.infer<typeof UfwDocker>;

/**
 * `IPv4`, `IPv6`: the rules in ufw's files. `in force`: whether the kernel has them, and Docker asks them first.
 * `host`: what was read, as JSON, for the findings. Null: ufw is not there.
 */
type UfwDockerState = {
  readonly IPv4?: string;
  readonly IPv6?: string;
  readonly 'in force'?: 'yes' | 'no' | 'partly';
  readonly host?: string;
} | null;

/** Published container ports behind the firewall. */
export const ufwDockerTask = defineTask<UfwDocker, UfwDockerState>({
  type: 'ufw_docker',
  summary: 'Published container ports obey the firewall: Docker asks ufw’s route rules before it lets anybody in.',
  notes:
    'Docker publishes ports past ufw: without this, a container’s port is open to the world whatever ufw says. With it, what comes to a container from another machine needs a `ufw` rule with `route: true`, and there the port *inside* the container counts; ports published on 127.0.0.1 stay local. What containers begin, and traffic between them, is left to Docker, so `icc: false` holds. Written as a block into /etc/ufw/after.rules and after6.rules (DOCKER-USER), where it survives reloads, restarts of Docker and reboots; a block of the same marker that a `blockinfile` task wrote is taken over. Read as well: the rules in the kernel. Refused where Docker makes no DOCKER-USER chain (`iptables: false`, `firewall-backend: nftables`), where somebody else fills it (ufw-docker), and where a network’s bridge is not among those meant. The firewall should stand: with `ufw disable` the ports stay shut, since nothing opens them.',
  params: UfwDocker,
  examples: [{}, { bridges: ['dmz0'] }, { state: 'disabled' }],
  id: () => 'DOCKER-USER',
  proof: () => proveDocker(),
  needs: () => ['command:ufw'],
  probe: askUfwDocker,
  read(output, params) {
    const host = parseUfwDocker(output);
    return host && stateOf(host, params);
  },
  want(params, _facts, before) {
    const host = hostOf(before);
    const enabled = params.state === 'enabled';
    const [IPv4 = '', IPv6 = ''] = FAMILIES.map((family) => (enabled ? blockText(family, params.bridges) : ''));
    if (!enabled) return { IPv4, IPv6, 'in force': 'no' };
    return { IPv4, IPv6, ...(host?.enabled === false ? {} : { 'in force': 'yes' }) };
  },
  risk: () => 'access',
  validate: (_change, params) => (params.state === 'enabled' ? test(params) : undefined),
  findings: (change, params, { before, tasksOf }) => {
    const host = hostOf(before);
    const against = params.state === 'enabled' ? daemonWithoutChain(tasksOf?.('docker_daemon') ?? []) : [];
    return host === undefined ? against : [...against, ...findings(change, params, host)];
  },
  apply: (_change, params) => {
    const files = FAMILIES.map((family) => {
      const block = { path: family.file, marker: MARKER, block: blockText(family, params.bridges) };
      return transformFile({
        path: family.file,
        produce: params.state === 'enabled' ? printWithBlock(block) : printWithoutBlock(block),
      });
    }).join('');
    return files + (params.state === 'enabled' ? RELOAD : withdrawn(params));
  },
  keeps: () => FAMILIES.map(({ file }) => file),
  undo: (_change, params) => withdrawn(params) + RELOAD,
});

function stateOf(host: UfwDockerHost, params: UfwDocker): UfwDockerState {
  const [IPv4, IPv6] = host.families;
  return {
    IPv4: IPv4?.block ?? '',
    IPv6: IPv6?.block ?? '',
    'in force': inForce(host, params),
    host: JSON.stringify(host),
  };
}

function hostOf(before: UfwDockerState): UfwDockerHost | undefined {
  return before?.host === undefined ? undefined : (JSON.parse(before.host) as UfwDockerHost);
}

/** Whether the kernel has our rules in their order; those of others between them do not matter. */
function inForce(host: UfwDockerHost, params: UfwDocker): 'yes' | 'no' | 'partly' {
  const used = FAMILIES.filter(({ family }) => family === 4 || host.ipv6);
  const each = used.map((family, index) => {
    const kernel = host.families[index]?.kernel ?? [];
    const wanted = dockerUserRules(family, params.bridges);
    const { docker, first } = jumps(kernel);
    if (isSubsequence(wanted, kernel) && (first || !docker)) return 'yes';
    return wanted.some((rule) => rule !== LAST && kernel.includes(rule)) ? 'partly' : 'no';
  });
  const [first = 'no'] = each;
  return each.every((one) => one === first) ? first : 'partly';
}

function isSubsequence(wanted: readonly string[], lines: readonly string[]): boolean {
  let at = -1;
  return wanted.every((rule) => {
    at = lines.indexOf(rule, at + 1);
    return at !== -1;
  });
}

/** What keeps Docker from making its chain. */
const CHAIN_RESTS_ON = ['path:/etc/docker/daemon.json', 'service:docker.service'];

/** A docker_daemon task of the same playbook, before or behind, that leaves Docker without the chain. */
function daemonWithoutChain(tasks: readonly unknown[]): readonly Finding[] {
  return tasks.flatMap((params) => {
    const { options = {} } = params as { readonly options?: Readonly<Record<string, unknown>> };
    const said =
      options.iptables === false
        ? 'iptables: false'
        : options['firewall-backend'] === 'nftables'
          ? 'firewall-backend: nftables'
          : undefined;
    if (said === undefined) return [];
    return [
      refusal(
        `a docker_daemon task of this playbook sets ${said}, and Docker makes no DOCKER-USER chain then`,
        'Leave one of the two out',
        [],
      ),
    ];
  });
}

function findings(change: Change<UfwDockerState> | undefined, params: UfwDocker, host: UfwDockerHost): Finding[] {
  if (params.state === 'disabled') return [];
  if (host.noChain !== undefined)
    return [refusal(`there is no DOCKER-USER chain: ${host.noChain}`, NO_CHAIN_HINT, CHAIN_RESTS_ON)];
  const found: Finding[] = [];
  const [v4, v6] = host.families.map(({ kernel }) => jumps(kernel));
  if (v4?.user && v6?.docker && !v6.user)
    found.push(
      refusal(
        'this Docker publishes ports for IPv6 and does not ask DOCKER-USER there: they would stay open to everybody',
        'Take ip6tables out of daemon.json (docker_daemon: { remove: [ip6tables] }), or use Docker 26 or later',
      ),
    );
  for (const [index, { others }] of host.families.entries())
    if (others[0] !== undefined)
      found.push(
        refusal(
          `${FAMILIES[index]?.file} fills DOCKER-USER already: ${others[0]}`,
          'Of two such blocks the last one wins. Take the other out, for ufw-docker with { blockinfile: { path: /etc/ufw/after.rules, marker: "# {mark} UFW AND DOCKER", state: absent } }',
        ),
      );
  for (const { name, driver, bridge } of host.networks) {
    if (driver === 'bridge' && bridge !== '' && !isCovered(bridge, params.bridges))
      found.push(
        refusal(
          `the network ${name} has a bridge of its own name, ${bridge}, which these rules would let anybody reach`,
          `Add it: bridges: [${[...params.bridges, bridge].join(', ')}]`,
        ),
      );
    if (driver === 'macvlan' || driver === 'ipvlan')
      found.push(
        warning(
          `containers in the network ${name} (${driver}) are machines of their own: no firewall of this host stands before them`,
        ),
      );
  }
  for (const [index, { kernel }] of host.families.entries()) {
    const open = kernel.find((rule) => /^-A DOCKER-USER .*-j ACCEPT$/.test(rule));
    if (open !== undefined && change === undefined)
      found.push(warning(`another rule of ${FAMILIES[index]?.iptables} opens more: ${open}`));
  }
  if (!host.ipv6 && jumps(host.families[1]?.kernel ?? []).docker)
    found.push(
      warning(
        'Docker publishes ports for IPv6 as well, and ufw does not load its rules for IPv6 (IPV6=no)',
        'Write IPV6=yes into /etc/default/ufw with a lineinfile task before this one',
      ),
    );
  if (change === undefined && !host.enabled)
    found.push(warning('the firewall is off: nothing stands before published ports until `ufw` has state: enabled'));
  if (change !== undefined && change.before?.IPv4 === '' && host.published.length > 0)
    found.push(
      warning(
        `from now on what containers publish is open only where a rule of ufw says so: ${host.published.join('; ')}`,
        'A rule is { rule: allow, route: true, port: 80, proto: tcp }, with the port inside the container',
      ),
    );
  return found;
}

const NO_CHAIN_HINT =
  'These rules are for Docker with its iptables rules; take that setting out with docker_daemon, or restart docker if its rules were flushed';

// what a firewall that stands does not load would stay unseen until the next boot
const RELOAD: Script = `ufw reload
for tables in ${FAMILIES.map(({ iptables }) => iptables).join(' ')}; do
  forward=$("$tables" -S FORWARD 2>/dev/null | grep -E -- '-j DOCKER' || :)
  case $forward in
    '' | '-A FORWARD -j DOCKER-USER'*) ;;
    *)
      "$tables" -n -L DOCKER-USER >/dev/null 2>&1 || continue
      "$tables" -D FORWARD -j DOCKER-USER 2>/dev/null || :
      "$tables" -I FORWARD -j DOCKER-USER
      ;;
  esac
done
`;

/** Takes those of our rules out of the kernel that ufw's files do not hold any more; those of others stay. */
function withdrawn({ bridges }: UfwDocker): Script {
  return FAMILIES.map((family) => withdrawRules(family.file, blockText(family, bridges)) ?? '').join('');
}

function test({ bridges }: UfwDocker): Script {
  return FAMILIES.map(
    (family) => sh`printf %s ${blockText(family, bridges)} | ${`${family.iptables}-restore`} -n --test`,
  ).join('\n');
}
