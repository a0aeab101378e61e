/** One thing that is true of a resource. */
export type StateValue = string | number | boolean | readonly string[];

/** What is, or should be, true of one thing on the host; null: it does not exist. */
export type State = Readonly<Record<string, StateValue>> | null;
