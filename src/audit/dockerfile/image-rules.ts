import type { Instruction } from 'dockerfile-ast';
import type { ParsedDockerfile, Stage } from './parse.ts';
import type { DockerfileRule, Place } from './rule.ts';
import { shellText } from './shell-text.ts';

/** What the image is when it runs. */
export const IMAGE_RULES: readonly DockerfileRule[] = [
  {
    id: 'user',
    title: 'End as a user who is not root',
    section: 'Image',
    severity: 'medium',
    field: 'USER',
    related: ['4.1'],
    remediation:
      'Root in a container is root of the host once something lets it out. Make a user, and name it last, by number: that is understood without /etc/passwd.',
    find: findUser,
  },
  {
    id: 'root-login',
    title: "Take root's login shell away",
    section: 'Image',
    severity: 'info',
    field: 'RUN',
    remediation:
      'RUN usermod -s /usr/sbin/nologin root stops su and sshd; docker exec -u 0 it does not stop, and images without a shell need it not.',
    find: findRootLogin,
  },
  {
    id: 'healthcheck',
    title: 'Say how to check the health',
    section: 'Image',
    severity: 'low',
    field: 'HEALTHCHECK',
    related: ['4.6'],
    remediation: 'A process that hangs looks alive. Say how to ask it whether it works.',
    find: findHealthcheck,
  },
  {
    id: 'expose-ssh',
    title: 'Expose no ssh',
    section: 'Image',
    severity: 'medium',
    field: 'EXPOSE',
    related: ['5.7'],
    remediation: 'docker exec opens a shell without a second door, second keys and a second log.',
    find: findSsh,
  },
];

/** The instructions that the image is made of: those of its stage and of the stages that it starts from, first to last. */
function lineage(stage: Stage): readonly Instruction[] {
  return [...(stage.parent ? lineage(stage.parent) : []), ...stage.instructions];
}

function rootStage(stage: Stage): Stage {
  return stage.parent ? rootStage(stage.parent) : stage;
}

function lastOf(dockerfile: ParsedDockerfile, keyword: string): Instruction | undefined {
  return lineage(dockerfile.last).findLast((each) => each.getKeyword() === keyword);
}

function findUser(dockerfile: ParsedDockerfile): readonly Place[] {
  const user = lastOf(dockerfile, 'USER');
  const fix = 'USER 10001:10001';
  if (!user) {
    const { base, from } = rootStage(dockerfile.last);
    if (/nonroot/.test(base)) return [];
    return [
      {
        instruction: dockerfile.last.from,
        details:
          base === 'scratch'
            ? 'there is no USER'
            : `there is no USER: ${base || from.getImage()} decides, and most images run as root`,
        fix,
      },
    ];
  }
  const written = user.getArguments()[0]?.getValue() ?? '';
  const resolved = dockerfile.resolve(written, user);
  if (resolved === undefined) {
    return [
      {
        instruction: user,
        result: 'SKIP',
        details: `${written} is decided when it is built: a variable has no default`,
      },
    ];
  }
  const name = resolved.split(':')[0] ?? '';
  if (name === 'root' || name === '' || /^0+$/.test(name))
    return [{ instruction: user, details: `it ends as ${resolved}`, fix }];
  if (/^\d+$/.test(name)) return [];
  return [
    {
      instruction: user,
      result: 'INFO',
      details: `${name} is a name: what checks from outside that it is not root needs the number`,
    },
  ];
}

function findRootLogin(dockerfile: ParsedDockerfile): readonly Place[] {
  if (rootStage(dockerfile.last).base === 'scratch' || /distroless/.test(rootStage(dockerfile.last).base)) return [];
  const text = lineage(dockerfile.last)
    .filter((each) => each.getKeyword() === 'RUN')
    .map(shellText)
    .join('\n');
  if (/\b(chsh|usermod)\s[^;&|\n]*(nologin|\/bin\/false)[^;&|\n]*\broot\b/.test(text)) return [];
  return [
    { instruction: dockerfile.last.from, result: 'INFO', details: 'root keeps the shell that the base image gives it' },
  ];
}

function findHealthcheck(dockerfile: ParsedDockerfile): readonly Place[] {
  const check = lastOf(dockerfile, 'HEALTHCHECK');
  const fix = 'HEALTHCHECK CMD ["wget", "-qO", "/dev/null", "http://127.0.0.1:8080/"]';
  if (!check)
    return [
      { instruction: dockerfile.last.from, details: 'there is no HEALTHCHECK, unless the base image has one', fix },
    ];
  const none = check.getArguments()[0]?.getValue().toUpperCase() === 'NONE';
  return none ? [{ instruction: check, details: 'HEALTHCHECK NONE switches it off', fix }] : [];
}

function findSsh(dockerfile: ParsedDockerfile): readonly Place[] {
  return lineage(dockerfile.last).flatMap((instruction) => {
    if (instruction.getKeyword() !== 'EXPOSE') return [];
    const ports = instruction.getArguments().map((each) => dockerfile.resolve(each.getValue(), instruction) ?? '');
    const ssh = ports.find((port) => {
      const [first = Number.NaN, last = first] = (port.split('/')[0] ?? '').split('-').map(Number);
      return first <= 22 && last >= 22;
    });
    return ssh ? [{ instruction, subject: `EXPOSE ${ssh}`, details: `port ${ssh}` }] : [];
  });
}
