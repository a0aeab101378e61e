import type { Duplex } from 'node:stream';
import type { WayIn } from '../../src/engine/access-effect.ts';
import { RootShell } from '../../src/remote/shell.ts';
import { connectSsh, connectSshOver, type SshOptions } from '../../src/remote/ssh/connect.ts';
import type { LabHost } from '../lab/lab.ts';

/** How the engine gets at a lab host, as one of its users. */
export function runHostOf(host: LabHost, user: string) {
  const options = ({ user: other, port }: WayIn = {}): SshOptions => ({
    target: { name: host.name, host: host.address, port: port ?? host.port, user: other ?? user },
    identityFiles: [host.keyFile],
    knownHostsFiles: [host.knownHostsFile],
    prompt: {
      interactive: false,
      secret: () => Promise.reject(new Error('asked')),
      confirm: () => Promise.resolve(false),
    },
  });
  return {
    connect: async (way?: WayIn) => RootShell.open(await connectSsh(options(way))),
    connectOver: async (stream: Duplex, way?: WayIn) => RootShell.open(await connectSshOver(stream, options(way))),
  };
}
