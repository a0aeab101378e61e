import type { Prompt } from './prompt.ts';
import type { Target } from './target.ts';

/** How to reach and enter one host; what is left out comes from the ssh configuration. */
export interface SshOptions {
  readonly target: Target;
  /** Private keys, as `ssh -i`; with them no other key is offered. */
  readonly identityFiles?: readonly string[];
  /** Take the key of a host that known_hosts does not know, and record it. */
  readonly acceptNew?: boolean;
  /** Log in with a password, which is asked for. */
  readonly askPassword?: boolean;
  /** Instead of the user's and the system's known_hosts; new keys are recorded in the first. */
  readonly knownHostsFiles?: readonly string[];
  /** An ssh_config to use instead of ~/.ssh/config. */
  readonly sshConfigFile?: string;
  /** The time for the TCP connection, and for the handshake; 10 where the configuration says nothing. */
  readonly connectTimeoutSeconds?: number;
  /** How often a silent server is asked for a sign of life; three unanswered end the connection. 15. */
  readonly keepaliveSeconds?: number;
  readonly prompt: Prompt;
  readonly signal?: AbortSignal;
}
