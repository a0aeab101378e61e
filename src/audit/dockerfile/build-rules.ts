import type { JSONInstruction } from 'dockerfile-ast';
import { all, runs, shellRuns, shown, variables } from './finders.ts';
import type { ParsedDockerfile } from './parse.ts';
import type { DockerfileRule, Place } from './rule.ts';
import type { ShellCommand } from './shell-commands.ts';
import { commands } from './shell-text.ts';
import { switchedOff, unverifiedIn } from './unverified.ts';

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
    find: (dockerfile) => shellRuns(dockerfile, judgeUpdate),
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
    find: findUnverified,
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
    id: 'privileged-build',
    title: 'Build without the rights of the host',
    section: 'Build',
    severity: 'high',
    field: 'RUN',
    remediation: 'What this step runs, also what it fetches, has the rights of the builder. Leave the flag out.',
    find: findRights,
  },
  {
    id: 'copy-whole',
    title: 'Copy what is needed of another stage',
    section: 'Build',
    severity: 'low',
    field: 'COPY',
    remediation: 'Keys, caches and programs of the build become part of the image. Name the files that it needs.',
    find: findWholeCopies,
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

function adds(
  dockerfile: ParsedDockerfile,
  judge: (sources: readonly string[], add: JSONInstruction) => Omit<Place, 'instruction'> | undefined,
) {
  return all(dockerfile, 'ADD').flatMap((each) => {
    const add = each as JSONInstruction;
    const words =
      add.getJSONStrings().length > 0
        ? add.getJSONStrings().map((one) => one.getJSONValue())
        : add.getArguments().map((one) => one.getValue().replace(/^(["'])(.*)\1$/, '$2'));
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

/** A refresh of the lists alone, by any of the package managers. */
function judgeUpdate(each: readonly ShellCommand[]): readonly string[] {
  const updates = each.filter(({ words: [name = '', ...rest] }) => {
    const order = rest.find((word) => !word.startsWith('-'));
    return PACKAGES.test(name) && /^(update|makecache|check-update|refresh|ref)$/.test(order ?? '');
  });
  const used = each.some(
    ({ words: [name = '', ...rest] }) =>
      PACKAGES.test(name) &&
      rest.some((word) =>
        /^(install|add|in|full-upgrade|dist-upgrade|upgrade|dup|build-dep|groupinstall|satisfy)$/.test(word),
      ),
  );
  return used ? [] : updates.slice(0, 1).map(({ words }) => `${words[0]} update, and nothing is installed from it`);
}

const PACKAGES = /^(apt-get|apt|aptitude|apk|yum|dnf|microdnf|tdnf|zypper)$/;

const SHELL = String.raw`(?:sudo\s+(?:-\S+\s+)*)?(?:\/\S+\/)?(?:ba|da|z|k|a)?sh\b|(?:\/\S+\/)?(?:python[\d.]*|perl|node|ruby)\b`;
const PIPED = new RegExp(String.raw`\b(curl|wget)\b[^|;&\n]*\|(?!\|)(?:[^|;&\n]*\|(?!\|))*\s*(?:${SHELL})(?=\s|$)`);
const SUBSTITUTED = new RegExp(
  String.raw`(?:${SHELL}|\beval|\bsource|(?:^|\s)\.)\s[^;&\n]*(?:<\(|\$\(|${'`'})\s*(curl|wget)\b`,
);

function judgePipe(text: string): string | undefined {
  const program = PIPED.exec(text)?.[1] ?? SUBSTITUTED.exec(text)?.[1];
  return program ? `what ${program} fetches is run as it comes` : undefined;
}

function findUnverified(dockerfile: ParsedDockerfile): readonly Place[] {
  const inRuns = shellRuns(dockerfile, (each) => each.flatMap(unverifiedIn));
  const settings = variables(dockerfile).flatMap(({ instruction, name, value }) => {
    const found = value === null ? undefined : switchedOff(name, value);
    return found ? [{ instruction, subject: `${instruction.getKeyword()} ${name}`, details: found.join(', ') }] : [];
  });
  return [...inRuns, ...settings];
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

/** `RUN --security=insecure`, `--network=host`. */
function findRights(dockerfile: ParsedDockerfile): readonly Place[] {
  return all(dockerfile, 'RUN').flatMap((instruction) =>
    (instruction as JSONInstruction)
      .getFlags()
      .filter(
        (flag) =>
          (flag.getName() === 'security' && flag.getValue() === 'insecure') ||
          (flag.getName() === 'network' && flag.getValue() === 'host'),
      )
      .map((flag) => ({
        instruction,
        subject: shown(instruction),
        ...(flag.getName() === 'network' ? { severity: 'medium' as const } : {}),
        details: `--${flag.getName()}=${flag.getValue()}`,
      })),
  );
}

function findWholeCopies(dockerfile: ParsedDockerfile): readonly Place[] {
  return all(dockerfile, 'COPY').flatMap((instruction) => {
    const copy = instruction as JSONInstruction;
    const from = copy
      .getFlags()
      .find((flag) => flag.getName() === 'from')
      ?.getValue();
    const json = copy.getJSONStrings().map((each) => each.getJSONValue());
    const words = (json.length > 0 ? json : copy.getArguments().map((each) => each.getValue())).map((word) =>
      word.replace(/^(["'])(.*)\1$/, '$2'),
    );
    return from &&
      words.slice(0, -1).some((word) => /^\/?(\.|\*)?\/?$/.test(word)) &&
      /^\/?\.?\/?$/.test(words.at(-1) ?? '')
      ? [
          {
            instruction,
            subject: shown(instruction),
            details: `all of ${from} over the image, with whatever was left there`,
          },
        ]
      : [];
  });
}

const SECRET_FILE =
  /(^|\/)(\.env(\.\w+)?|id_(rsa|dsa|ecdsa|ed25519)|[^/]*\.(pem|key|p12|pfx|jks|kdbx)|\.npmrc|\.pypirc|\.netrc|\.dockercfg|\.docker\/config\.json|credentials(\.json)?|\.aws|\.ssh|\.git)\/?$/;

function findSecretFiles(dockerfile: ParsedDockerfile): readonly Place[] {
  return ['COPY', 'ADD'].flatMap((keyword) =>
    all(dockerfile, keyword).flatMap((instruction) => {
      if ((instruction as JSONInstruction).getFlags().some((flag) => flag.getName() === 'from')) return [];
      const sources = instruction
        .getArguments()
        .map((each) => each.getValue().replace(/^\[?["']?|["']?[,\]]?$/g, ''))
        .slice(0, -1);
      const secret = sources.find(
        (source) => SECRET_FILE.test(source) && !/\.pub$|\.env\.(example|sample|template)$/.test(source),
      );
      return secret ? [{ instruction, subject: shown(instruction), details: secret }] : [];
    }),
  );
}
