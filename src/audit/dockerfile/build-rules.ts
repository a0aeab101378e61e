import type { Instruction, JSONInstruction } from 'dockerfile-ast';
import { isSecretName, isSecretPlaceholder } from '../secret-names.ts';
import type { ParsedDockerfile } from './parse.ts';
import type { DockerfileRule, Place } from './rule.ts';
import { commands, shellText } from './shell-text.ts';

/** How the image is built. */
export const BUILD_RULES: readonly DockerfileRule[] = [
  {
    id: 'add-remote',
    title: 'Verify what is fetched while building',
    section: 'Build',
    severity: 'medium',
    field: 'ADD',
    related: ['4.9', '4.11'],
    remediation:
      'Whatever the server gives that day becomes part of the image. Say the checksum: ADD --checksum=sha256:….',
    find: (dockerfile) => adds(dockerfile, judgeRemoteAdd),
  },
  {
    id: 'add-local',
    title: 'Copy files with COPY',
    section: 'Build',
    severity: 'low',
    field: 'ADD',
    related: ['4.9'],
    remediation: 'ADD unpacks archives and fetches URLs, also where that is not meant. COPY copies.',
    find: (dockerfile) => adds(dockerfile, judgeLocalAdd),
  },
  {
    id: 'apt-update-alone',
    title: 'Run apt-get update together with install',
    section: 'Build',
    severity: 'low',
    field: 'RUN',
    related: ['4.7'],
    remediation:
      'In a layer of its own it is cached: later builds install from the lists of the first one, without security updates.',
    find: (dockerfile) => runs(dockerfile, judgeUpdate),
  },
  {
    id: 'pipe-to-shell',
    title: 'Run nothing that was just fetched and not looked at',
    section: 'Build',
    severity: 'medium',
    field: 'RUN',
    related: ['4.11'],
    remediation: 'Fetch it into a file, verify its checksum or signature, and run that.',
    find: (dockerfile) => runs(dockerfile, judgePipe),
  },
  {
    id: 'unverified-download',
    title: 'Leave certificates and signatures verified',
    section: 'Build',
    severity: 'medium',
    field: 'RUN',
    related: ['4.11'],
    remediation: 'Anyone on the way may answer instead. Give the build the certificate or the key that is missing.',
    find: (dockerfile) => runs(dockerfile, judgeUnverified),
  },
  {
    id: 'sudo',
    title: 'Do without sudo',
    section: 'Build',
    severity: 'low',
    field: 'RUN',
    remediation:
      'A build is root until USER says otherwise; in the image, sudo is one more way to become root. Change USER instead.',
    find: (dockerfile) =>
      runs(dockerfile, (text) =>
        commands(text).some((each) => /^sudo\s/.test(each) || (isInstall(each) && /\ssudo(\s|=|$)/.test(each)))
          ? 'uses or installs sudo'
          : undefined,
      ),
  },
  {
    id: 'setuid',
    title: 'Add no setuid programs',
    section: 'Build',
    severity: 'medium',
    field: 'RUN',
    related: ['4.8'],
    remediation: 'Whoever runs it becomes its owner, mostly root. Give the process the one capability that it needs.',
    find: findSetuid,
  },
  {
    id: 'world-writable',
    title: 'Let not everyone write',
    section: 'Build',
    severity: 'low',
    field: 'RUN',
    remediation: 'Any process may replace it. Give it to the one user who writes it: COPY --chown, or chown.',
    find: (dockerfile) =>
      runs(dockerfile, (text) =>
        commands(text).some(
          (each) => /^chmod\s/.test(each) && /\s(0?[0-7]{2}[2367]|[ao]*[ao+][+=][rwx]*w\S*|o\+w)(\s|,)/.test(each),
        )
          ? 'chmod lets everyone write'
          : undefined,
      ),
  },
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
    id: 'secret-file',
    title: 'Copy no keys and passwords into the image',
    section: 'Build',
    severity: 'medium',
    field: 'COPY',
    related: ['4.10'],
    remediation:
      'A later rm does not take it out of its layer. Put it into .dockerignore, and use RUN --mount=type=secret.',
    find: findSecretFiles,
  },
];

function all(dockerfile: ParsedDockerfile, keyword: string): readonly Instruction[] {
  return dockerfile.stages.flatMap(({ instructions }) => instructions.filter((each) => each.getKeyword() === keyword));
}

/** An instruction on one line, short enough to name it. */
function shown(instruction: Instruction): string {
  const text = (instruction.getArgumentsContent() ?? '').replace(/\s+/g, ' ');
  return `${instruction.getKeyword()} ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

function runs(dockerfile: ParsedDockerfile, judge: (text: string) => string | undefined): readonly Place[] {
  const triggers = all(dockerfile, 'ONBUILD').filter((each) => /^RUN\s/i.test(each.getArgumentsContent() ?? ''));
  return [...all(dockerfile, 'RUN'), ...triggers].flatMap((instruction) => {
    const text = shellText(instruction).replace(/^RUN\s+/i, '');
    const details = judge(text);
    return details === undefined ? [] : [{ instruction, subject: shown(instruction), details }];
  });
}

function adds(
  dockerfile: ParsedDockerfile,
  judge: (sources: readonly string[], add: JSONInstruction) => Omit<Place, 'instruction'> | undefined,
) {
  return all(dockerfile, 'ADD').flatMap((each) => {
    const add = each as JSONInstruction;
    const words =
      add.getJSONStrings().length > 0
        ? add.getJSONStrings().map((one) => one.getJSONValue())
        : add.getArguments().map((one) => one.getValue());
    const place = judge(words.slice(0, -1), add);
    return place ? [{ instruction: each, subject: shown(each), ...place }] : [];
  });
}

const REMOTE = /^(https?|ftp|git|ssh):\/\/|^git@/;

function judgeRemoteAdd(sources: readonly string[], add: JSONInstruction): Omit<Place, 'instruction'> | undefined {
  const remote = sources.find((source) => REMOTE.test(source));
  if (!remote || add.getFlags().some((flag) => flag.getName() === 'checksum')) return undefined;
  const where = remote.replace(/\/\/[^/@]*@/, '//');
  return { details: `${where} is fetched without a checksum`, fix: `ADD --checksum=sha256:… ${where} …` };
}

function judgeLocalAdd(sources: readonly string[], add: JSONInstruction): Omit<Place, 'instruction'> | undefined {
  const plain = sources.filter((source) => !REMOTE.test(source) && !/\.(tar|tgz|tbz2?|txz|tar\.\w+)$/.test(source));
  if (plain.length === 0 || plain.length < sources.length || plain.some((source) => source.startsWith('<<')))
    return undefined;
  return {
    details: `${plain.join(' ')}: no archive`,
    fix: `COPY ${add.getArgumentsContent()?.replace(/\s+/g, ' ') ?? ''}`,
  };
}

function isInstall(command: string): boolean {
  return /^(apt-get|apt|apk|yum|dnf|microdnf|zypper)\s(.*\s)?(install|add)\s/.test(command);
}

function judgeUpdate(text: string): string | undefined {
  const each = commands(text);
  const updates = each.some((one) => /^(apt-get|apt)\s(.*\s)?update(\s|$)/.test(one));
  return updates &&
    !each.some((one) => isInstall(one) || /\s(full-upgrade|dist-upgrade|upgrade|build-dep)(\s|$)/.test(one))
    ? 'apt-get update, and nothing is installed from it'
    : undefined;
}

const SHELL = String.raw`(?:sudo\s+(?:-\S+\s+)*)?(?:\/\S+\/)?(?:ba|da|z|k|a)?sh\b|(?:\/\S+\/)?(?:python[\d.]*|perl|node|ruby)\b`;
const PIPED = new RegExp(String.raw`\b(curl|wget)\b[^|;&\n]*\|(?!\|)(?:[^|;&\n]*\|(?!\|))*\s*(?:${SHELL})(?=\s|$)`);
const SUBSTITUTED = new RegExp(
  String.raw`(?:${SHELL}|\beval|\bsource|(?:^|\s)\.)\s[^;&\n]*(?:<\(|\$\(|${'`'})\s*(curl|wget)\b`,
);

function judgePipe(text: string): string | undefined {
  const program = PIPED.exec(text)?.[1] ?? SUBSTITUTED.exec(text)?.[1];
  return program ? `what ${program} fetches is run as it comes` : undefined;
}

const UNVERIFIED: readonly (readonly [RegExp, string])[] = [
  [/^curl\s(?:.*\s)?(-[a-zA-Z]*k[a-zA-Z]*|--insecure)(\s|$)/, 'curl --insecure'],
  [/^wget\s(?:.*\s)?--no-check-certificate(\s|$)/, 'wget --no-check-certificate'],
  [/^(apt-get|apt)\s.*--(allow-unauthenticated|force-yes|allow-insecure-repositories)/, 'apt without signatures'],
  [/^apk\s.*--allow-untrusted/, 'apk --allow-untrusted'],
  [/^(yum|dnf)\s.*--nogpgcheck/, 'no GPG check'],
  [/^pip[\d.]*\s.*--trusted-host/, 'pip --trusted-host'],
];

function judgeUnverified(text: string): string | undefined {
  const found = commands(text).flatMap((each) =>
    UNVERIFIED.filter(([pattern]) => pattern.test(each)).map(([, name]) => name),
  );
  return found.length > 0 ? [...new Set(found)].join(', ') : undefined;
}

function findSetuid(dockerfile: ParsedDockerfile): readonly Place[] {
  const inRuns = runs(dockerfile, (text) =>
    commands(text).some(
      (each) => /^chmod\s/.test(each) && /\s(0?[2-7][0-7]{3}|[ugoa]*\+[rwxX]*s[rwxXst]*)(\s|,)/.test(each),
    )
      ? 'chmod sets setuid or setgid'
      : undefined,
  );
  const copied = ['COPY', 'ADD'].flatMap((keyword) =>
    all(dockerfile, keyword).flatMap((instruction) => {
      const mode = (instruction as JSONInstruction)
        .getFlags()
        .find((flag) => flag.getName() === 'chmod')
        ?.getValue();
      return mode && /^0?[2-7][0-7]{3}$/.test(mode)
        ? [{ instruction, subject: shown(instruction), details: `--chmod=${mode}` }]
        : [];
    }),
  );
  return [...inRuns, ...copied];
}

function findSecrets(dockerfile: ParsedDockerfile): readonly Place[] {
  const settings = [...dockerfile.globals, ...dockerfile.stages.flatMap(({ instructions }) => instructions)].filter(
    (each) => ['ENV', 'ARG'].includes(each.getKeyword()),
  ) as (Instruction & { getProperties(): { getName(): string; getValue(): string | null }[] })[];
  return settings.flatMap((instruction) =>
    instruction.getProperties().flatMap((property) => {
      const [name, value] = [property.getName(), property.getValue()];
      if (!isSecretName(name)) return [];
      const keyword = instruction.getKeyword();
      const subject = `${keyword} ${name}`;
      if (value !== null && !isSecretPlaceholder(value) && !/^\$\{?\w+\}?$/.test(value))
        return [{ instruction, subject, details: `${name} has its value in the file` }];
      if (keyword === 'ARG' && !value)
        return [
          {
            instruction,
            subject,
            severity: 'medium' as const,
            details: `${name} as a build argument stays in the history`,
          },
        ];
      return keyword === 'ENV' && value && /^\$/.test(value)
        ? [{ instruction, subject, details: `${name} is written into the image from a variable` }]
        : [];
    }),
  );
}

const SECRET_FILE =
  /(^|\/)(\.env(\.\w+)?|id_(rsa|dsa|ecdsa|ed25519)|[^/]*\.(pem|key|p12|pfx|jks|kdbx)|\.npmrc|\.pypirc|\.netrc|\.dockercfg|\.docker\/config\.json|credentials(\.json)?|\.aws|\.ssh|\.git)\/?$/;

function findSecretFiles(dockerfile: ParsedDockerfile): readonly Place[] {
  return ['COPY', 'ADD'].flatMap((keyword) =>
    all(dockerfile, keyword).flatMap((instruction) => {
      if ((instruction as JSONInstruction).getFlags().some((flag) => flag.getName() === 'from')) return [];
      const sources = instruction
        .getArguments()
        .map((each) => each.getValue().replace(/^\[?"?|"?[,\]]?$/g, ''))
        .slice(0, -1);
      const secret = sources.find(
        (source) => SECRET_FILE.test(source) && !/\.pub$|\.env\.(example|sample|template)$/.test(source),
      );
      return secret ? [{ instruction, subject: shown(instruction), details: secret }] : [];
    }),
  );
}
