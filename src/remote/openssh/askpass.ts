import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { quote } from '../sh.ts';

/** One question of the ssh command. */
export interface Question {
  readonly text: string;
  /** `none`: ssh only tells something, such as to touch a security key, and ends the helper itself. */
  readonly kind: 'secret' | 'confirm' | 'none';
}

/** The helper that ssh asks through, and the end of its service. */
export interface Askpass {
  /** What the ssh process needs in its environment; no secret. */
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

/** Lets the ssh command ask through `answer`: an answer travels over a socket in the private `folder` and a pipe, never in an argument, the environment or a file. A rejected or undefined answer is a refusal. */
export async function serveAskpass(
  folder: string,
  answer: (question: Question) => Promise<string | undefined>,
): Promise<Askpass> {
  const socket = join(folder, 'ask');
  const script = join(folder, 'ask.cjs');
  const helper = join(folder, 'askpass');
  const server = createServer({ allowHalfOpen: true }, (connection) => reply(connection, answer));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  server.unref();
  await writeFile(script, client, { mode: 0o600 });
  await writeFile(helper, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(script)} ${quote(socket)} "$1"\n`, {
    mode: 0o700,
  });
  return {
    env: { SSH_ASKPASS: helper, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: process.env.DISPLAY || ':0' },
    close: () => void server.close(),
  };
}

// What runs as SSH_ASKPASS: asks over the socket, prints the answer for ssh to read.
const client = `'use strict';
const [, , socket, question] = process.argv;
const hint = process.env.SSH_ASKPASS_PROMPT;
const connection = require('node:net').connect(socket);
connection.end(JSON.stringify({ text: question, kind: hint === 'none' || hint === 'confirm' ? hint : 'secret' }));
let answer = '';
connection.setEncoding('utf8');
connection.on('data', (text) => { answer += text; });
connection.on('error', () => process.exit(1));
connection.on('end', () => {
  if (!answer.startsWith('+')) process.exit(1);
  process.stdout.write(answer.slice(1) + '\\n');
});
`;

function reply(connection: Socket, answer: (question: Question) => Promise<string | undefined>): void {
  let question = '';
  connection.on('error', () => undefined);
  connection.setEncoding('utf8').on('data', (text) => {
    question += text;
  });
  connection.on('end', async () => {
    try {
      const asked = JSON.parse(question) as Question;
      const given = await answer(asked);
      // ssh ends the helper when what it told of has happened.
      if (asked.kind !== 'none') connection.end(given === undefined ? '-' : `+${given}`);
    } catch {
      connection.end('-');
    }
  });
}
