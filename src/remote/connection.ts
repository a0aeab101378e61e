import type { Readable, Writable } from 'node:stream';
import type { HostError } from '../errors.ts';

/** How a channel's command ended: `code` is null when a signal or a lost connection ended it. */
export interface ChannelExit {
  readonly code: number | null;
  readonly signal?: string | undefined;
}

/** One running command on a host; its streams are byte-exact. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles once, when the command has ended and its output has been delivered; never rejects. */
  readonly exit: Promise<ChannelExit>;
}

/** A way to run commands on one host; every transport (ssh, openssh, local) is one of these. */
export interface Connection {
  /** Who logged in, to where: `user@address:port`, for messages. */
  readonly label: string;
  /** The login's user name, as far as the transport knows it. */
  readonly user: string;
  /** The host key's `SHA256:` fingerprint; undefined where there is none (local). */
  readonly hostKey?: string | undefined;
  /** Why the connection broke by itself, once it did; undefined while it holds and after `close`. */
  lost?(): HostError | undefined;
  /** Starts a command (a line for the login's shell). MUST reject with a HostError when the host refuses. */
  open(command: string): Promise<Channel>;
  /** Ends the connection and every channel; safe to call twice. */
  close(): Promise<void>;
}
