import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A port on 127.0.0.1 that leads to a host as if it were far away. */
export interface DelayProxy {
  readonly port: number;
  close(): void;
}

/** Starts a proxy that adds `latencyMs` to each round trip, the one of the TCP handshake included. */
export async function startDelayProxy(address: string, port: number, latencyMs: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    // A real client may speak after one round trip, and its SYN's answer reaches the server half a trip later.
    setTimeout(() => {
      const upstream = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
      sockets.add(upstream);
      upstream.on('close', () => {
        sockets.delete(upstream);
        // What it said last is still under way.
        setTimeout(() => client.destroySoon(), latencyMs / 2);
      });
      upstream.on('error', () => client.resetAndDestroy());
      client.on('error', () => upstream.destroy());
      pipeLater(client, upstream, latencyMs / 2);
      pipeLater(upstream, client, latencyMs / 2);
      client.resume();
    }, latencyMs * 1.5);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The delaying proxy has no port.');
  return {
    port: bound.port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

// Timers of equal length fire in the order they were set, so the bytes keep theirs.
function pipeLater(from: Socket, to: Socket, delayMs: number): void {
  from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
}
