import { Command, CommanderError, Option } from 'commander';
import { ExitCode } from './errors.ts';
import {
  checkValues,
  collect,
  commas,
  consents,
  goOn,
  positive,
  RUN,
  risks,
  score,
  vagrantMachine,
} from './option-values.ts';
import type { Io } from './report/io.ts';
import { version } from './version.ts';

/** Parses the arguments, runs the command and returns the exit code; commands are loaded only when they run. */
export async function runProgram(argv: readonly string[], io: Io): Promise<ExitCode> {
  let result: ExitCode = ExitCode.Done;
  const program = buildProgram(io, (code) => {
    result = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ExitCode.Done : ExitCode.Usage;
  }
  return io.signal.aborted ? ExitCode.Interrupted : result;
}

function buildProgram(io: Io, end: (code: ExitCode) => void): Command {
  const program = new Command('harden')
    .description('Brings Debian and Ubuntu servers running Docker into a described, audited, secure state over SSH.')
    .version(version, '-V, --version')
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHasColors: () => io.colour,
      getErrHasColors: () => io.colour,
      outputError: (text, write) => write(usageError(text)),
    })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 changes pending (plan --detailed-exitcode), 3 stale plan, 4 audit below its threshold, 64 usage or playbook error, 130 interrupted.',
    );

  withOutput(
    withPlaybook(
      withHosts(
        program
          .command('plan')
          .argument('<playbook>')
          .description('read the hosts and show each difference; changes nothing'),
      ),
    ),
  )
    .option('--out <file>', 'save the plan, for harden apply FILE')
    .addOption(new Option('--script', 'print the shell that apply would instead of the diffs').conflicts('json'))
    .option('--concise', 'of the plan only the names of the tasks and what warns, without the diffs')
    .option('--detailed-exitcode', 'exit with 2 when changes are pending')
    .action(async (playbook, options) => end(await (await import('./commands/plan.ts')).plan(playbook, options, io)));

  withAudit(
    withOutput(
      withPlaybook(
        withHosts(
          program
            .command('apply')
            .argument('<playbook|planfile>')
            .description('show the plan, ask, apply it, and prove that nothing differs any more'),
        ),
      ),
    ),
  )
    .option('-y, --yes', 'do not ask')
    .option('--concise', 'of the plan only the names of the tasks and what warns, without the diffs')
    .option(
      '--guard-timeout <seconds>',
      'how long after the last sign of this run the host undoes access changes by itself',
      positive,
      120,
    )
    .action(async (file, options) => end(await (await import('./commands/apply.ts')).apply(file, options, io)));

  withAudit(
    withOutput(
      withVars(
        withHosts(
          program
            .command('audit')
            .argument('[playbook]')
            .description('docker-bench-security and the other audits alone; compares with the run before'),
        ),
      ),
    ),
  )
    .option('--suggest <file>', 'write a playbook with the tasks that would mend what is found on this host')
    .option('--overwrite', 'let --suggest replace a file')
    .option('--compose <file>', 'audit a compose file, without a host; may be given several times', collect)
    .option('--dockerfile <file>', 'audit a Dockerfile, without a host; may be given several times', collect)
    .option('--patch', 'print what would mend the compose files as a unified diff')
    .option('--rest', 'with --patch: also what must be known to fit the service, each with the reason')
    .option('--write', 'and write it into them')
    .option(
      '--allowed-registries <names>',
      'images come from these alone: docker.io/library,registry.example.com',
      commas,
    )
    .option('--require-digest', 'an image without a digest is a finding')
    .option('--max-age-days <days>', 'an older image is a finding (180)', positive)
    .option(
      '--only <audits>',
      'of cis_docker, docker_bench, effective, containers, inspec, lynis, openscap, only these',
      commas,
    )
    .option('--inspec <profile>', 'also run this InSpec profile, with inspec or cinc-auditor on this machine')
    .option('--min-score <number>', 'exit with 4 below this score of cis_docker or docker_bench', score)
    .option(
      '--fail-on <ids>',
      'exit with 4 when one of these checks, sections, severities (high, medium, low) or results (WARN) is found',
      commas,
    )
    .option('--baseline <file>', 'accepted findings, each with its reason: they are shown as such, and fail nothing')
    .option('--trusted-users <users>', 'users who may be in the docker group', commas)
    .action(async (playbook, options) => end(await (await import('./commands/audit.ts')).audit(playbook, options, io)));

  withHosts(program.command('history').description('what was applied to a host, newest first'))
    .option('--json', 'print one JSON document on stdout')
    .action(async (options) => end(await (await import('./commands/journal.ts')).history(options, io)));

  withHosts(program.command('show').argument('<run>', RUN).description('what one run did'))
    .option('--json', 'print one JSON document on stdout')
    .action(async (run, options) => end(await (await import('./commands/journal.ts')).show(run, options, io)));

  withHosts(
    program
      .command('rollback')
      .argument('[run]', RUN)
      .description('put back what a run replaced; the last one when none is named'),
  )
    .option('--json', 'print one JSON document on stdout')
    .option('-y, --yes', 'do not ask')
    .option('--discard-changes', 'with --yes: put back also what was changed again since the and lose that')
    .option('--guard-timeout <seconds>', 'as for apply', positive, 120)
    .action(async (run, options) => end(await (await import('./commands/journal.ts')).rollback(run, options, io)));

  withHosts(
    program
      .command('pending')
      .description('the handlers that the next apply runs though no task asks for them, and whose they are'),
  )
    .option('--drop <name>', 'forget this handler, and run it never; may be given several times', collect)
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print one JSON document on stdout')
    .action(async (options) => end(await (await import('./commands/pending.ts')).pending(options, io)));

  withTags(program.command('validate').argument('<playbook>').description('check a playbook without a host')).action(
    async (playbook, options) => end(await (await import('./commands/validate.ts')).validate(playbook, options, io)),
  );

  program
    .command('tasks')
    .argument('[type]')
    .description('list the task types, or explain one with an example')
    .option('--json', 'as JSON')
    .action(async (type, options) => end((await import('./commands/tasks.ts')).tasks(type, options, io)));

  program
    .command('schema')
    .description("print the playbook's JSON Schema, for editors")
    .action(async () => end((await import('./commands/schema.ts')).schema(io)));

  program
    .command('init')
    .argument('[directory]', 'where to write them', '.')
    .description('write a first playbook and inventory, with comments')
    .action(async (directory) => end(await (await import('./commands/init.ts')).init(directory, io)));

  for (const command of program.commands) checkValues(command.exitOverride());
  return program;
}

/** Commander's words for a mistake on the command line, as the one paragraph that every other mistake gets. */
function usageError(text: string): string {
  const [what = '', guess] = text.trim().split('\n');
  const sentence = what.replace(/^error: /, '').replace(/\.?$/, '.');
  return `harden: ${sentence} ${guess ? `${guess.replace(/^\((.*)\)$/, '$1')} ` : ''}harden COMMAND --help lists what it takes.\n`;
}

function withHosts(command: Command): Command {
  return command
    .option('-H, --host <[user@]host[:port]>', 'a host; may be given several times; "local" is this machine', collect)
    .option('-i, --inventory <file>', 'hosts and groups from a YAML file')
    .option(
      '-l, --limit <pattern>',
      'only these hosts of the inventory: names, groups, globs, !not, &and, separated by commas; given again, it goes on',
      goOn,
    )
    .option(
      '--vagrant [machine]',
      'the running machines of the Vagrantfile here, or the one that is named',
      vagrantMachine,
    )
    .addOption(new Option('--connection <way>', 'how to reach the hosts').choices(['ssh', 'openssh', 'local']))
    .option('--identity <file>', 'private key to log in with; may be given several times', collect)
    .option('-F, --ssh-config <file>', 'ssh configuration to use instead of ~/.ssh/config')
    .option('--known-hosts <file>', 'known_hosts file to use; may be given several times', collect)
    .option('--accept-new', 'accept the key of a host that is not known yet, and record it')
    .option('-k, --ask-pass', 'log in with a password, and ask for it')
    .option('-K, --ask-become-pass', "ask for sudo's password (or give it in HARDEN_BECOME_PASSWORD)")
    .option('--connect-timeout <seconds>', 'how long a connection may take', positive)
    .option('-f, --forks <number>', 'how many hosts at once', positive, 10);
}

function withVars(command: Command): Command {
  return command
    .option('-e, --extra-var <name=value>', 'a variable, or @FILE with several; may be given several times', collect)
    .option('--vars-file <file>', 'YAML file with variables; may be given several times', collect);
}

function withTags(command: Command): Command {
  return withVars(command)
    .option('-t, --tags <tags>', 'only tasks with one of these tags, and what they need', commas)
    .option('--skip-tags <tags>', 'no tasks with one of these tags', commas);
}

function withPlaybook(command: Command): Command {
  return withTags(command).addOption(
    new Option('--i-know <risk>', `take a risk that a refusal names; may be given several times: ${risks()}`).argParser(
      consents,
    ),
  );
}

function withAudit(command: Command): Command {
  return command
    .option(
      '--docker-bench <directory>',
      'a checkout of docker-bench-security (or HARDEN_DOCKER_BENCH); else it is fetched once',
    )
    .option('--report <file>', 'write what the audits found as one HTML page')
    .option('--junit <file>', 'write what the audits found as JUnit XML')
    .option('--sarif <file>', 'write what the audits found as SARIF 2.1.0');
}

function withOutput(command: Command): Command {
  return command
    .option('--json', 'print one JSON document on stdout')
    .option('-v, --verbose', 'also show what is unchanged');
}
