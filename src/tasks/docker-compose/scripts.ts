import type { Change } from '../../engine/diff.ts';
import { raw, type Script, sh } from '../../remote/sh.ts';
import { DOCKER } from '../support/docker/cli.ts';
import { HEALTH_SAID } from '../support/docker/health-said.ts';
import { readHostAddresses } from '../support/docker/host-addresses.ts';
import { imageKey } from '../support/docker/image-ref.ts';
import { inspectImage } from '../support/docker/image-state.ts';
import { askRegistry } from '../support/docker/registry.ts';
import { readCeilings } from '../support/docker/ulimits.ts';
import { enterParent } from '../support/enter-parent.ts';
import { printContent, replaceFile, transformFile } from '../support/replace-file.ts';
import { composeFile, type DockerCompose, projectName } from './params.ts';
import type { ComposeState } from './state.ts';

const LABEL = 'com.docker.compose';

/** Script that prints the project as it is, and what compose itself says that it would do of the file that is wanted. */
export function probeCompose(p: DockerCompose): Script {
  const mine = `label=${LABEL}.project=${projectName(p)}`;
  return [
    sh`echo '== version'
${DOCKER} compose version --short 2>/dev/null
echo '== containers'
${DOCKER} ps -a --filter ${mine} --filter ${`label=${LABEL}.oneoff=False`} --format ${`{{.Names}} {{.Label "${LABEL}.service"}} {{.State}} {{.Status}}`}
echo '== networks'
${DOCKER} network ls --filter ${mine} --format '{{.Name}}'
echo '== volumes'
${DOCKER} volume ls --filter ${mine} --format '{{.Name}}'`,
    ...(p.text === undefined ? [] : [sh`echo '== file'\nsed 's/^/ /' ${composeFile(p)} 2>/dev/null`]),
    ...(p.state === 'present' ? intentions(p) : []),
    ...((p.ulimits ?? []).length > 0 ? [sh`echo '== ceilings'\n${raw(readCeilings())}`] : []),
  ].join('\n');
}

function intentions(p: DockerCompose): readonly Script[] {
  const images = (p.images ?? []).map(
    (image, at) => sh`echo ${`== image${at}`}
${raw(inspectImage(image))}
echo ${`== registry${at}`}
( ${raw(askRegistry(image))}
)`,
  );
  const compose = composeCommand(p, p.text === undefined ? 'host' : 'stdin');
  const call = withFile(p, sh`${raw(compose)} --dry-run up -d ${orphans(p)} 2>&1 || echo "harden-status $?"`);
  return [
    ...images,
    sh`plan=$( ${raw(environment(p))}${raw(call)} )
echo '== plan'
printf '%s\n' "$plan" | sed 's/^/ /'
case $plan in *' Network '*)
  echo '== definitions'
  ( ${raw(environment(p))}${raw(withFile(p, sh`${raw(compose)} config 2>/dev/null`))} ) | sed -n '/^networks:/,/^[^ ]/{/^[^ ]/d;p}'
  echo '== pools'
  ${DOCKER} info -f '{{json .DefaultAddressPools}}' 2>/dev/null
  ${raw(readHostAddresses())}
esac`,
  ];
}

/** The command, with the text that the playbook brings on its stdin. */
function withFile(p: DockerCompose, command: Script): Script {
  return p.text === undefined ? command : `{ ${printContent(p.text)}; } | { ${command}; }`;
}

/** Script that makes the change; safe to repeat. */
export function applyCompose(change: Change<ComposeState>, p: DockerCompose): Script {
  if (p.state === 'absent') return removeProject(p);
  if (p.state === 'stopped') return sh`${raw(byName(p))} stop >/dev/null 2>&1\n`;
  const pulled = (p.images ?? []).filter((image) => change.keys.includes(`image ${image}`)).map(imageKey);
  const file = composeFile(p);
  const write =
    p.text === undefined
      ? ''
      : sh`${raw(makeProject(p))}
(
${raw(enterParent(file))}[ ! -e "./$harden_name" ] || harden_take "$harden_tmp/before"
) || exit 1
${raw(replaceFile({ path: file, content: p.text, mode: '0600' }))}`;
  return sh`${raw(write)}for image in ${pulled}; do
  ${DOCKER} image inspect -f "{{.Id}} $image" "$image" 2>/dev/null >>"$harden_tmp/images" || :
  ${DOCKER} pull -q "$image" >/dev/null
done
${raw(environment(p))}up() {
  ${raw(composeCommand(p, 'host'))} up -d ${orphans(p)} >"$harden_tmp/up" 2>&1
}
${raw(wellFunction(p))}back() {
  ${raw(byName(p))} logs --tail 10 >&2 2>/dev/null || :
  [ -e "$harden_tmp/images" ] || [ -e "$harden_tmp/before" ] || return 0
  if [ -e "$harden_tmp/images" ]; then
    while read -r id image; do ${DOCKER} tag "$id" "$image"; done <"$harden_tmp/images"
  fi
  if [ -f "$harden_tmp/before" ]; then
    ${raw(transformFile({ path: file, produce: 'cat "$harden_tmp/before"' }).trimEnd())}
  fi
  if up; then
    echo ${`${projectName(p)} runs as it did before`} >&2
  else
    echo ${`${projectName(p)} could not be started as it was before either`} >&2
    tail -n 5 "$harden_tmp/up" >&2
  fi
}
up || { tail -n 20 "$harden_tmp/up" >&2; back; exit 1; }
well || { back; exit 1; }
`;
}

/** Script that makes the project what it was, once the file before is back. */
export function undoCompose(change: Change<ComposeState>, p: DockerCompose): Script | undefined {
  const { before } = change;
  if (p.state === 'absent') return undefined;
  const was = Array.isArray(before.containers) ? before.containers : [];
  if (was.length === 0) return p.state === 'stopped' ? undefined : sh`${raw(byName(p))} down >/dev/null 2>&1\n`;
  if (p.state === 'stopped') return sh`${raw(byName(p))} start >/dev/null 2>&1\n`;
  return sh`(
${raw(environment(p))}${raw(composeCommand(p, 'host'))} up -d >/dev/null 2>&1
)
`;
}

function makeProject({ project_src }: DockerCompose): Script {
  return sh`(
${raw(enterParent(`${project_src}/.`, { missing: 'create' }))})`;
}

function removeProject(p: DockerCompose): Script {
  return sh`${raw(byName(p))} down --remove-orphans ${p.remove_volumes ? ['--volumes'] : []} >/dev/null 2>&1\n`;
}

// only its containers' labels are asked: no file has to be there
function byName(p: DockerCompose): Script {
  return sh`${DOCKER} compose --project-directory / -p ${projectName(p)}`;
}

function composeCommand(p: DockerCompose, from: 'stdin' | 'host'): Script {
  const files = p.text === undefined ? (p.files ?? []) : [from === 'stdin' ? '-' : composeFile(p)];
  const paths = files.map((file) => (file === '-' || file.startsWith('/') ? file : `${p.project_src}/${file}`));
  return sh`${DOCKER} compose --progress plain --ansi never --project-directory ${p.project_src} -p ${projectName(p)} ${paths.flatMap((file) => ['-f', file])} ${p.profiles.flatMap((profile) => ['--profile', profile])}`;
}

function environment(p: DockerCompose): Script {
  return Object.entries(p.env)
    .map(([name, value]) => sh`export ${raw(name)}=${value}\n`)
    .join('');
}

function orphans(p: DockerCompose): readonly string[] {
  return p.remove_orphans ? ['--remove-orphans'] : [];
}

// what has no health check and still runs after three seconds counts as well; a job has to end
function wellFunction(p: DockerCompose): Script {
  const format =
    '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.State.ExitCode}} {{.Name}}';
  const jobs = p.jobs.map(
    (job) => sh`${`${job} `}'exited '*' 0 '*) ;;\n      ${`${job} `}'running '*) waits=$name ;;\n      `,
  );
  return sh`${raw(HEALTH_SAID)}well() {
  tries=0
  while :; do
    waits=
    for id in $(${DOCKER} ps -aq --filter ${`label=${LABEL}.project=${projectName(p)}`} --filter ${`label=${LABEL}.oneoff=False`}); do
      seen=$(${DOCKER} container inspect -f ${format} "$id")
      name=\${seen##*/}
      case $seen in
      ${raw(jobs.join(''))}*' running 0 healthy '*) ;;
      *' running 0 none '*) [ "$tries" -ge 6 ] || waits=$name ;;
      *' running 0 starting '*) waits=$name ;;
      *' running 0 unhealthy '*) echo "$name is unhealthy" >&2; health_said "$id"; return 1 ;;
      *) echo "$name does not stay up" >&2; return 1 ;;
      esac
    done
    [ -n "$waits" ] || return 0
    [ "$tries" -lt ${2 * p.healthy_wait_timeout} ] || { echo "$waits"${` did not get well within ${p.healthy_wait_timeout} seconds`} >&2; return 1; }
    tries=$((tries + 1))
    sleep 0.5
  done
}
`;
}
