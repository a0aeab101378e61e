import type { Duplex } from 'node:stream';
import type { Facts } from '../../remote/facts.ts';
import type { RootShell } from '../../remote/shell.ts';
import type { WayIn } from '../access-effect.ts';
import type { Listener } from '../events.ts';
import type { Consent, Outlook } from '../task.ts';

/** How the engine gets at one host; it knows neither ssh nor files of the operator. */
export interface RunHost {
  /** As the operator named it. */
  readonly name: string;
  /** Opens a new connection and becomes root; `way` says where that differs from how the operator named the host. */
  connect(
    way?: WayIn,
    options?: {
      /** Also once a stop was asked for: what was begun is to be proved. */ readonly evenIfStopped?: boolean;
    },
  ): Promise<RootShell>;
  /** Logs in over a stream that reaches an SSH server of the host already, and becomes root; undefined where the transport cannot. */
  readonly connectOver?: ((stream: Duplex, way?: WayIn) => Promise<RootShell>) | undefined;
  readonly transport?: Outlook['transport'];
  /** Refusals that the operator sets aside. */
  readonly consents?: readonly Consent[];
  /** Lets a person work in a root shell until they leave; undefined where nobody sits at a terminal. Never rejects. */
  readonly offerShell?: ((shell: RootShell, why: string) => Promise<void>) | undefined;
}

/** One host while something is done to it: what apply and rollback have in common. */
export interface RunSession {
  readonly host: RunHost;
  readonly facts: Facts;
  /** The root shell: another one after a reboot. */
  readonly shell: RootShell;
  readonly listen: Listener;
}
