import { spawn } from 'node:child_process';

/** A program with its arguments, and what must be true of its output for the measurement to count. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Its stdout and stderr must hold this. */
  readonly expect?: RegExp;
}

/** Seconds that a command took; throws when it fails or does not say what is expected. */
export async function timed(command: Command): Promise<number> {
  const started = performance.now();
  await run(command);
  return (performance.now() - started) / 1000;
}

/** Runs a command to its end; throws when it fails or does not say what is expected. */
export async function run({ argv, env, expect }: Command): Promise<void> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status !== 0 || (expect && !expect.test(output)))
    throw new Error(`${argv.join(' ')} ended with ${status}:\n${output}`);
}
