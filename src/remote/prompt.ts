/** How a person is asked; `secret` and `confirm` MUST only be called where `interactive` is true. */
export interface Prompt {
  /** Whether somebody is there to answer. */
  readonly interactive: boolean;
  /** Asks for a text that is not shown; rejects when the person declines. */
  secret(question: string): Promise<string>;
  /** True where the person types the word yes, or the whole `fingerprint` that the question is about; anything else declines. */
  confirm(question: string, fingerprint?: string): Promise<boolean>;
  /** A line that the person types behind the label; undefined where they leave. */
  line?(label: string): Promise<string | undefined>;
  /** Tells the person something that needs no answer, such as to touch a security key. */
  tell?(message: string): void;
}

/** Runs one task after the other, in the order of the calls. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

/** A queue of its own; a task that fails holds up nothing. */
export function queue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Keeps what belongs to one question (looking whether it is still open, asking, trying the answer) together: there is one person, and several hosts. */
export const inTurn: Queue = queue();
