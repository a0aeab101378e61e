import { isSecret, opensToAll } from '../secrets.ts';
import { known, PASS, type Rule, type Verdict, warn } from './rule.ts';
import { isUndecided, type Running, type Variable, type Workload } from './workload.ts';

/** How the container lives: health, restarts, secrets, and who can log in. */
export const OPERATION_RULES: readonly Rule[] = [
  {
    id: 'health',
    title: 'Check the health',
    section: 'Operation',
    severity: 'low',
    field: 'health',
    related: ['5.27'],
    remediation: 'A process that hangs looks alive. Say how to ask it whether it works, here or in the Dockerfile.',
    fix: {
      run: '--health-cmd "wget -qO /dev/null http://127.0.0.1:8080/"',
      compose: 'healthcheck:\n  test: [CMD, wget, -qO, /dev/null, "http://127.0.0.1:8080/"]',
    },
    judge: ({ health, kind }) =>
      health === 'none' ? warn(kind === 'service' ? 'no check, unless the image has one' : 'no check') : PASS,
  },
  {
    id: 'unhealthy',
    title: 'Be healthy',
    section: 'Operation',
    severity: 'medium',
    field: 'health',
    remediation:
      'Docker restarts nothing because of this: look at docker inspect -f "{{json .State.Health}}" and its log.',
    judge: ({ health, kind }) =>
      kind === 'service' || health === 'none' ? undefined : health === 'unhealthy' ? warn('is unhealthy') : PASS,
  },
  {
    id: 'restart',
    title: 'Come back after a crash and a reboot',
    section: 'Operation',
    severity: 'low',
    field: 'restart',
    remediation: 'Without a restart policy a service that ends stays down, and so does all after a reboot.',
    fix: { run: '--restart unless-stopped', compose: 'restart: unless-stopped' },
    judge: ({ restart }) =>
      known(restart, ({ policy }) => (policy === '' || policy === 'no' ? warn('no restart policy') : PASS)),
  },
  {
    id: 'restart-limit',
    title: 'Limit restarts after failures',
    section: 'Operation',
    severity: 'low',
    field: 'restart',
    related: ['5.15'],
    remediation: 'A service that fails at every start keeps the host busy for ever, and nobody sees it.',
    fix: { run: '--restart on-failure:5', compose: 'restart: on-failure:5' },
    judge: ({ restart }) => known(restart, judgeRestartLimit),
  },
  {
    id: 'secrets-in-environment',
    title: 'Keep secrets out of the environment',
    section: 'Operation',
    severity: 'medium',
    field: 'environment',
    remediation:
      'The environment is shown by docker inspect, is inherited by every child, and ends up in crash reports. Give it as a file: /run/secrets with compose, and *_FILE where the image knows it.',
    fix: {
      run: '--mount type=bind,source=/etc/app/secret,target=/run/secrets/NAME,readonly',
      compose: 'secrets: [NAME]',
    },
    judge: judgeEnvironment,
  },
  {
    id: 'no-password',
    title: 'Let nobody in without a password',
    section: 'Operation',
    severity: 'high',
    field: 'environment',
    remediation:
      'Whoever reaches the port is in: other containers of its networks, and everyone where it is published.',
    fix: { run: 'leave the variable out, and give a password as a file', compose: '# without the variable' },
    judge: judgeOpen,
  },
  {
    id: 'sshd',
    title: 'Run no sshd',
    section: 'Operation',
    severity: 'medium',
    field: 'processes',
    related: ['5.7'],
    remediation: 'docker exec opens a shell without a second door, second keys and a second log.',
    fix: { run: 'leave sshd out of the command', compose: '# without sshd in the command' },
    judge: ({ running }) => running && known(running, judgeSshd),
  },
];

function judgeRestartLimit({ policy, retries }: { readonly policy: string; readonly retries: number }): Verdict {
  if (policy === 'on-failure' && retries === 0) return warn('on-failure without a number restarts for ever');
  return retries > 5 ? warn(`restarts ${retries} times`) : PASS;
}

function judgeEnvironment({ environment, buildArgs = [], kind }: Workload): Verdict | readonly Verdict[] {
  const found = environment.filter(isFound(isSecret));
  const built = buildArgs.filter(isFound(isSecret));
  if (kind === 'service')
    return [
      ...found.map(({ name, at }) => warn(`${name} has its value in the file`, { at })),
      ...built.map(({ name, at }) =>
        warn(`${name}, a build argument, has its value in the file, and in the history of the image`, { at }),
      ),
    ];
  const names = found.map(({ name }) => name);
  return names.length > 0 ? warn(names.join(', '), { items: names }) : PASS;
}

function judgeOpen({ environment, kind }: Workload): Verdict | readonly Verdict[] {
  const found = environment.filter(isFound(opensToAll));
  if (kind === 'service') return found.map(({ name, at }) => warn(`${name} lets in without a password`, { at }));
  const names = found.map(({ name }) => name);
  return names.length > 0 ? warn(names.join(', '), { items: names }) : PASS;
}

function isFound(test: (name: string, value: string) => boolean): (variable: Variable) => boolean {
  return ({ name, value }) => value !== undefined && !isUndecided(value) && test(name, value);
}

function judgeSshd({ sshd }: Running): Verdict {
  return sshd > 0 ? warn(`${sshd} ${sshd === 1 ? 'process is' : 'processes are'} sshd`) : PASS;
}
