import { HostError } from '../errors.ts';

/** A server that closed the connection while a person was thinking; dialling again asks nothing twice. */
export class GaveUpWaiting extends HostError {}

/** No server waits for less; what took longer was a person. */
export const patienceMs = 1_000;

/** Runs `connect`, once more when the first time took a person too long. */
export async function withPatience<T>(connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    if (!(error instanceof GaveUpWaiting)) throw error;
    return connect();
  }
}
