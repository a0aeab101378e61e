import type { Masker } from '../text/masker.ts';
import type { Screen } from './screen.ts';

/** Where a command's words go: the result on `out`, progress and diagnostics on `err`. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  /** stderr, where it is a terminal that may be redrawn. */
  readonly live: Screen | undefined;
  /** Whether steps are at work on hosts: an interrupt says what becomes of them. */
  readonly work?: { steps: boolean };
  /** stdin is a terminal: a person can be asked. */
  readonly interactive: boolean;
  readonly colour: boolean;
  readonly columns: number;
  /** Every secret that this run has come across; what goes to `err`, and what a crash leaves, is masked with it. */
  readonly masker: Masker;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  readonly cwd: string;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Does what Ctrl-C does: an open question gets the key before the process does. */
  interrupt(): void;
}
