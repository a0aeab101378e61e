import type { StateValue } from '../../engine/state.ts';

/**
 * `state`; `image`, with a remark where the name stands for another image by now; `env`: the names, with a remark where a value is another
 * one; each field under its key. `leftover`: the container before is still kept. `around`: what the findings judge by, as JSON.
 */
export type ContainerState = Readonly<Record<string, StateValue>>;
