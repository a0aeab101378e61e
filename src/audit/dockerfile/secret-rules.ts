import { isSecret, isSecretName, opensToAll } from '../secrets.ts';
import { shellRuns, variables } from './finders.ts';
import type { ParsedDockerfile } from './parse.ts';
import type { DockerfileRule, Place } from './rule.ts';
import type { ShellCommand } from './shell-commands.ts';

/** What the image gives away. */
export const SECRET_RULES: readonly DockerfileRule[] = [
  {
    id: 'secret-in-image',
    title: 'Keep secrets out of the image',
    section: 'Build',
    severity: 'high',
    field: 'ENV',
    related: ['4.10'],
    remediation:
      'ENV stays in the image, and ARG in its history, for everyone who can pull it. Use RUN --mount=type=secret to build, and a file under /run/secrets to run.',
    find: findSecrets,
  },
  {
    id: 'no-password',
    title: 'Let nobody in without a password',
    section: 'Build',
    severity: 'high',
    field: 'ENV',
    remediation:
      'Every container of the image lets everyone in who reaches it. Leave it out, and demand a password when it starts.',
    find: findOpen,
  },
];

function findSecrets(dockerfile: ParsedDockerfile): readonly Place[] {
  const settings = variables(dockerfile).flatMap(({ instruction, name, value }) => {
    const keyword = instruction.getKeyword();
    const subject = `${keyword} ${name}`;
    // as the file alone says it
    const text = value === null ? undefined : dockerfile.resolve(value, instruction);
    if (text !== undefined && isSecret(name, text))
      return [{ instruction, subject, details: `${name} has its value in the file` }];
    if (!isSecretName(name)) return [];
    if (keyword === 'ARG' && !value)
      return [
        {
          instruction,
          subject,
          severity: 'medium' as const,
          details: `${name} as a build argument stays in the history`,
        },
      ];
    return keyword === 'ENV' && value && /^["']?\$/.test(value)
      ? [{ instruction, subject, details: `${name} is written into the image from a variable` }]
      : [];
  });
  return [...settings, ...shellRuns(dockerfile, (each) => each.flatMap(secretsIn))];
}

/** What a command of a build gives away; nothing of it is shown. */
function secretsIn(
  { words: [name = '', ...rest], variables: set, input }: ShellCommand,
  at: number,
  all: readonly ShellCommand[],
): readonly string[] {
  const found = set
    .filter(({ name, value }) => !value.includes('$') && isSecret(name, value))
    .map(({ name }) => `${name} is set to its value`);
  const exported = /^(export|declare|readonly)$/.test(name) ? rest : [];
  for (const word of exported) {
    const [key = '', ...value] = word.split('=');
    if (!value.join('=').includes('$') && isSecret(key, value.join('='))) found.push(`${key} is set to its value`);
  }
  if (rest.some((word) => !word.includes('$') && isSecret('', word))) found.push(`${name} is given a secret`);
  const piped = all[at - 1];
  const said = [
    ...input,
    ...(/^(echo|printf)$/.test(piped?.words[0] ?? '') ? [piped?.words.slice(1).join(' ') ?? ''] : []),
  ];
  if (name === 'chpasswd' && said.some((text) => /[\w-]+:[^$\s:][^$]*/.test(text)))
    found.push('chpasswd sets a password that everyone can read');
  if (name === 'passwd' && rest.includes('--stdin')) found.push('passwd sets a password that everyone can read');
  const option = rest.findIndex((word) => /^(-p|--password)(=|$)/.test(word));
  if (/^(useradd|usermod|adduser)$/.test(name) && option >= 0 && !/\$|^[!*]/.test(rest[option + 1] ?? ''))
    found.push(`${name} sets a password that everyone can read`);
  return found;
}

function findOpen(dockerfile: ParsedDockerfile): readonly Place[] {
  return variables(dockerfile).flatMap(({ instruction, name, value }) =>
    instruction.getKeyword() === 'ENV' && value !== null && opensToAll(name, value)
      ? [{ instruction, subject: `ENV ${name}`, details: `${name} lets in without a password` }]
      : [],
  );
}
