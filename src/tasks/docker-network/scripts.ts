import { raw, type Script, sh } from '../../remote/sh.ts';
import { DOCKER } from '../support/docker/cli.ts';
import { readHostAddresses } from '../support/docker/host-addresses.ts';
import type { NetworkDefinition } from './state.ts';

/** Who is to be connected again, while a network is made anew: a run that was cut off in between leaves it to the next one. */
const KEPT = '/var/lib/harden/docker-network';

/** Script that prints every network, the containers on this one, and what Docker can make. */
export function probeNetwork(name: string): Script {
  return sh`echo '== networks'
all=$(${DOCKER} network ls -q)
set -f
${DOCKER} network inspect $all
echo '== containers'
${DOCKER} ps -a --filter network=${name} --format '{{.Names}}' 2>/dev/null
echo '== drivers'
${DOCKER} info -f '{{json .Plugins.Network}}
== pools
{{json .DefaultAddressPools}}'
${raw(readHostAddresses())}
[ ! -e ${`${KEPT}/${name}`} ] || echo '== interrupted'`;
}

/** Script that leaves a network of this definition, with the containers that ran on the old one; safe to repeat after being cut off anywhere. */
export function makeNetwork(name: string, definition: NetworkDefinition): Script {
  return sh`${raw(disconnectAll(name))}${DOCKER} network create ${createArgs(definition)} -- ${name} >/dev/null
if [ -e ${`${KEPT}/${name}`} ]; then
  set -f
  while read -r container flags; do
    ${DOCKER} container inspect "$container" >/dev/null 2>&1 || continue
    # a fixed address that the new subnet does not have is given up, not the container; a word each
    # shellcheck disable=SC2046
    ${DOCKER} network connect $flags -- ${name} "$container" 2>/dev/null ||
      { flags=$(printf '%s ' "$flags" | sed -E 's/--ip6? [^ ]+ //g'); ${DOCKER} network connect $flags -- ${name} "$container"; }
  done <${`${KEPT}/${name}`}
  rm ${`${KEPT}/${name}`}
fi
`;
}

/** Script that leaves no network of this name; its containers stay, without it. */
export function removeNetwork(name: string): Script {
  return sh`${raw(disconnectAll(name))}rm -f ${`${KEPT}/${name}`}\n`;
}

// aliases are names, so words; the short id is an alias that Docker gives by itself
function disconnectAll(name: string): Script {
  const flags = sh`{{with index .NetworkSettings.Networks ${raw(JSON.stringify(name))}}}{{with .IPAMConfig}}{{with .IPv4Address}} --ip {{.}}{{end}}{{with .IPv6Address}} --ip6 {{.}}{{end}}{{end}}{{range .Aliases}} --alias {{.}}{{end}}{{end}}`;
  return sh`if ${DOCKER} network inspect ${name} >/dev/null 2>&1; then
  ids=$(${DOCKER} ps -q --no-trunc --filter network=${name})
  if [ -n "$ids" ] && [ ! -e ${`${KEPT}/${name}`} ]; then
    mkdir -p -m 0700 ${KEPT}
    for id in $ids; do
      printf '%s' "$id"
      ${DOCKER} inspect -f ${flags} "$id" | sed "s/ --alias $(printf '%.12s' "$id")//"
    done >"$harden_tmp/kept"
    mv "$harden_tmp/kept" ${`${KEPT}/${name}`}
  fi
  for id in $ids; do ${DOCKER} network disconnect -f -- ${name} "$id"; done
  ${DOCKER} network rm -- ${name} >/dev/null
fi
`;
}

function createArgs(definition: NetworkDefinition): string[] {
  return [
    '--driver',
    definition.driver,
    ...(definition.internal ? ['--internal'] : []),
    ...(definition.attachable ? ['--attachable'] : []),
    ...(definition.ipv6 ? ['--ipv6'] : []),
    ...definition.pools.flatMap(({ subnet, gateway, iprange }) => [
      ...['--subnet', subnet],
      ...(gateway === undefined ? [] : ['--gateway', gateway]),
      ...(iprange === undefined ? [] : ['--ip-range', iprange]),
    ]),
    ...Object.entries(definition.options).flatMap(([key, value]) => ['--opt', `${key}=${value}`]),
    ...Object.entries(definition.labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
  ];
}
