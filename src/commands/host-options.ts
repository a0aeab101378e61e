import type { Consent } from '../engine/task.ts';

/** Options that name hosts and the way to them; the same for every command that talks to one. */
export interface HostOptions {
  readonly host?: readonly string[];
  readonly inventory?: string;
  readonly limit?: string;
  readonly connection?: 'ssh' | 'openssh' | 'local';
  /** Machines of the Vagrantfile here: one by its name, or all that run. */
  readonly vagrant?: string | boolean;
  readonly identity?: readonly string[];
  readonly sshConfig?: string;
  readonly knownHosts?: readonly string[];
  readonly acceptNew?: boolean;
  readonly askPass?: boolean;
  readonly askBecomePass?: boolean;
  readonly connectTimeout?: number;
  readonly forks: number;
}

/** Options that fill a playbook's variables and choose among its tasks. */
export interface PlaybookOptions {
  readonly extraVar?: readonly string[];
  readonly varsFile?: readonly string[];
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** Risks that the operator accepts. */
  readonly iKnow?: readonly Consent[];
}
