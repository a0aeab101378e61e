import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { openSession } from '../../../src/remote/ssh/session.ts';
import { hostError, noPrompt } from '../../support/remote.ts';

test('nothing that the server says is read before ssh2 listens: its greeting would be lost, and the login would hang', async () => {
  const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  stream.pause();
  stream.push('SSH-2.0-early\r\n');
  const opened = openSession({
    ...{ stream, label: 'host', user: 'me', prompt: noPrompt, timeoutMs: 10_000, keepaliveMs: 0 },
    hostKeys: { types: [], verify: () => Promise.resolve(), record: () => Promise.resolve() },
    ...{ hostKeyAlgorithms: undefined, keysFirst: false, askPassword: false, signal: undefined },
    identities: { offered: [], notes: [] },
  });
  const lost = stream.readableFlowing === true && stream.listenerCount('data') === 0;
  stream.destroy();
  await hostError(opened);
  expect(lost).toBe(false);
});
