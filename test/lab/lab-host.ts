/** A Debian host, running, that a test may do anything to; MUST be stopped by whoever booted it. */
export interface LabHost {
  readonly name: string;
  /** Where its sshd is reached: the host itself, or the delaying proxy in front of it. */
  readonly address: string;
  readonly port: number;
  /** The host's root directory as this machine sees it, gone once the host is stopped. */
  readonly root: string;
  /** A private key that root, admin0 (sudo without a password) and admin1 (sudo with one) let in. */
  readonly keyFile: string;
  /** The password of admin1. */
  readonly sudoPassword: string;
  /** Holds this host's keys under its address and port, and nothing else. */
  readonly knownHostsFile: string;
  /** Runs a shell command as root without ssh; a failing command is a result, not an exception. */
  exec(command: string, options?: { readonly input?: string }): Promise<ExecResult>;
  /** Ends the host and deletes all of it; does nothing the second time. */
  stop(): Promise<void>;
  /** Shuts the host down, boots it from the same disk, and returns when sshd listens again. */
  reboot(): Promise<void>;
  /** Kills all of the host's processes, its process 1 first of all, and boots from the same disk; returns at once, whatever comes up. */
  powerCycle(): Promise<void>;
}

/** What a command left behind; each text is without its last newline. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface LabOptions {
  readonly suite?: Suite;
  /** With Debian's docker.io installed and running. */
  readonly docker?: boolean;
  /** A script that sh runs as root inside after the first boot. */
  readonly setup?: string;
  /** Added to each round trip; the TCP handshake pays it too, as it does over a real distance. */
  readonly latencyMs?: number;
}

export type Suite = 'bookworm' | 'trixie';
