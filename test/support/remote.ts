import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { HostError } from '../../src/errors.ts';
import type { ChannelExit, Connection } from '../../src/remote/connection.ts';
import type { Prompt } from '../../src/remote/prompt.ts';

/** A private folder that goes with the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'harden-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a private file into a folder and returns its path. */
export function testFile(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** Nobody is there. */
export const noPrompt: Prompt = {
  interactive: false,
  secret: () => Promise.reject(new Error('nobody is there')),
  confirm: () => Promise.reject(new Error('nobody is there')),
};

/** A person who gives these answers in turn, and what was asked. */
export interface ScriptedPrompt extends Prompt {
  readonly asked: readonly string[];
}

/** Answers each question with the next answer; refuses when there is none left. */
export function scriptedPrompt(answers: readonly (string | boolean)[], delayMs = 0): ScriptedPrompt {
  const left = [...answers];
  const asked: string[] = [];
  const next = async (question: string): Promise<string | boolean> => {
    asked.push(question);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const answer = left.shift();
    if (answer === undefined) throw new Error(`nobody answers "${question}"`);
    return answer;
  };
  return {
    interactive: true,
    asked,
    secret: async (question) => String(await next(question)),
    confirm: async (question) => (await next(question)) === true,
  };
}

/** Runs a command with an input and collects what it printed. */
export async function run(
  connection: Connection,
  command: string,
  input: string | Buffer = '',
): Promise<ChannelExit & { stdout: string; stderr: string }> {
  const channel = await connection.open(command);
  channel.stdin.end(input);
  const [stdout, stderr, exit] = await Promise.all([collect(channel.stdout), collect(channel.stderr), channel.exit]);
  return { ...exit, stdout, stderr };
}

/** Everything that a stream delivers, as text. */
async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The HostError that a promise rejects with; anything else fails the test. */
export async function hostError(promise: Promise<unknown>): Promise<HostError> {
  const outcome = await promise.then(
    () => new Error('it did not reject'),
    (error: unknown) => error,
  );
  if (outcome instanceof HostError) return outcome;
  throw outcome;
}
