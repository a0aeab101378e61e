/** A time limit that stands still while a person is being asked. */
export interface Watch {
  /** Gives the next phase its own limit. */
  restart(milliseconds: number): void;
  /** Stops the clock until `asking` has settled. */
  hold<T>(asking: Promise<T>): Promise<T>;
  /** For how many milliseconds the clock has stood still. */
  held(): number;
  /** Resolves when nothing is held. */
  idle(): Promise<void>;
  stop(): void;
}

/** Starts a limit that calls `expired` once it is over. */
export function startWatch(milliseconds: number, expired: () => void): Watch {
  let limit = milliseconds;
  let timer: NodeJS.Timeout | undefined = setTimeout(expired, limit);
  let stopped = false;
  let since = 0;
  let total = 0;
  const held = new Set<Promise<unknown>>();

  function arm(): void {
    clearTimeout(timer);
    timer = stopped || held.size > 0 ? undefined : setTimeout(expired, limit);
  }

  return {
    held: () => total + (held.size > 0 ? performance.now() - since : 0),
    restart(next) {
      limit = next;
      arm();
    },
    async hold(asking) {
      if (held.size === 0) since = performance.now();
      held.add(asking);
      arm();
      try {
        return await asking;
      } finally {
        held.delete(asking);
        if (held.size === 0) total += performance.now() - since;
        arm();
      }
    },
    async idle() {
      while (held.size > 0) await Promise.allSettled(held);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
