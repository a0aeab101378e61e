import { HostError } from '../../errors.ts';
import { inTurn, type Prompt } from '../prompt.ts';

const passwords = new WeakMap<Prompt, Promise<string>>();

/** The login password: asked for once per prompt and used for every host, as a run on many hosts needs it. Rejects with a HostError. */
export function sessionPassword(prompt: Prompt, label: string): Promise<string> {
  let password = passwords.get(prompt);
  if (!password) {
    password = inTurn(() => ask(prompt, label));
    passwords.set(prompt, password);
  }
  return password;
}

async function ask(prompt: Prompt, label: string): Promise<string> {
  if (!prompt.interactive)
    throw new HostError(`${label}: a password is needed, and there is no terminal to ask for it`);
  return prompt.secret(`SSH password (${label})`).catch((error: unknown) => {
    throw new HostError(`${label}: the password was not given`, { cause: error });
  });
}
