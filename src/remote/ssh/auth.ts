import type { AnyAuthMethod, KeyboardInteractiveCallback, Prompt as KeyboardPrompt, NextAuthHandler } from 'ssh2';
import { HostError } from '../../errors.ts';
import { inTurn, type Prompt } from '../prompt.ts';
import { agentOf, type Identities, type Identity } from './identities.ts';
import { sessionPassword } from './password.ts';
import type { Watch } from './watch.ts';

/** What one login may use. */
export interface LoginOptions {
  readonly user: string;
  /** For messages. */
  readonly label: string;
  readonly identities: Identities;
  /** The operator named the keys: they go before a password. */
  readonly keysFirst: boolean;
  readonly askPassword: boolean;
  readonly prompt: Prompt;
  readonly watch: Watch;
}

/** One login in progress: what ssh2 asks for, and what is told when it failed. */
export interface Login {
  /** ssh2's authHandler. */
  next(methods: readonly string[] | null, partial: boolean | null, done: NextAuthHandler): void;
  /** MUST see the methods of every failure, which ssh2 does not pass on after an agent's key. */
  sawFailure(methods: readonly string[]): void;
  /** Why the login failed; `said` is the server's own reason where it gave one. */
  failure(said?: string): HostError;
}

/** Plans a login that offers as little as it can: hardened servers end it after two or three wrong keys. */
export function planLogin(options: LoginOptions): Login {
  const { user, identities, keysFirst, askPassword, prompt, watch } = options;
  const keys = [...identities.offered];
  const tried: string[] = [];
  const notes: string[] = [...identities.notes];
  let methods: readonly string[] | undefined;
  let signed = false;
  let passwordUsed = false;
  let broken: HostError | undefined;

  function allows(method: string): boolean {
    return methods === undefined || methods.includes(method);
  }

  function nextKey(): AnyAuthMethod | undefined {
    const identity = allows('publickey') ? keys.shift() : undefined;
    if (!identity) return undefined;
    tried.push(identity.label);
    const held: Identity = {
      ...identity,
      sign: (data, hash) => watch.hold(identity.sign(data, hash)),
      parsed: () => watch.hold(identity.parsed()),
    };
    const agent = agentOf(held, (error) => {
      if (error) notes.push(error.paragraph);
      else signed = true;
    });
    return { type: 'agent', username: user, agent };
  }

  async function nextPassword(): Promise<AnyAuthMethod | undefined> {
    if (!askPassword || passwordUsed || methods === undefined) return undefined;
    if (methods.includes('password')) {
      passwordUsed = true;
      tried.push('password');
      const password = await watch.hold(sessionPassword(prompt, options.label));
      return { type: 'password', username: user, password };
    }
    if (!methods.includes('keyboard-interactive')) return undefined;
    passwordUsed = true;
    tried.push('keyboard-interactive');
    return { type: 'keyboard-interactive', username: user, prompt: answer };
  }

  const answer = (
    name: string,
    instructions: string,
    _language: string,
    questions: KeyboardPrompt[],
    done: KeyboardInteractiveCallback,
  ): void => {
    watch.hold(answers(name, instructions, questions)).then(done, (error: unknown) => {
      if (error instanceof HostError) broken = error;
      done(questions.map(() => ''));
    });
  };

  async function answers(name: string, instructions: string, questions: readonly KeyboardPrompt[]): Promise<string[]> {
    const given: string[] = [];
    for (const question of questions) {
      const isPassword =
        question.echo !== true && /pass(word|phrase|wort)|mot de passe|contrase|kennwort/i.test(question.prompt);
      if (isPassword) given.push(await sessionPassword(prompt, options.label));
      else if (prompt.interactive) {
        const text = [name, instructions, question.prompt]
          .map((each) => each.trim())
          .filter((each) => each !== '')
          .join(' ');
        given.push(await inTurn(() => prompt.secret(`${options.label}: ${text}`)));
      } else
        throw new HostError(`${options.label} asks "${question.prompt.trim()}", and there is no terminal to answer on`);
    }
    return given;
  }

  async function choose(): Promise<AnyAuthMethod | false> {
    const passwordOffered =
      methods?.some((method) => method === 'password' || method === 'keyboard-interactive') === true;
    const passwordFirst = askPassword && !keysFirst;
    // A first "none" is not counted as a try, and its refusal tells what the server takes.
    if (methods === undefined && (passwordFirst || keys.length === 0)) return { type: 'none', username: user };
    if (passwordFirst && passwordOffered) return (await nextPassword()) ?? false;
    return nextKey() ?? (await nextPassword()) ?? false;
  }

  return {
    next(_methods, partial, done) {
      // A key that was accepted and signed with, yet did not end the login, was one of several factors.
      if (partial || signed) passwordUsed = false;
      signed = false;
      if (broken) return done(false as never);
      choose().then(
        (method) => done(method as AnyAuthMethod),
        (error: unknown) => {
          broken =
            error instanceof HostError
              ? error
              : new HostError(`${options.label}: ${(error as Error).message}`, { cause: error });
          done(false as never);
        },
      );
    },
    sawFailure(left) {
      methods = left;
    },
    failure(said) {
      if (broken) return broken;
      return loginFailure(options, { tried, notes, methods, said });
    },
  };
}

interface Outcome {
  readonly tried: readonly string[];
  readonly notes: readonly string[];
  readonly methods: readonly string[] | undefined;
  readonly said: string | undefined;
}

function loginFailure({ label, askPassword }: LoginOptions, { tried, notes, methods, said }: Outcome): HostError {
  const takes = methods && methods.length > 0 ? ` The server takes ${methods.join(', ')}.` : '';
  const offered = tried.length > 0 ? ` Tried: ${tried.join(', ')}.` : ' There was no key to offer.';
  const trouble = notes.map((note) => ` ${note.slice(0, 1).toUpperCase()}${note.slice(1)}`).join('');
  if (said && /too many authentication failures/i.test(said)) {
    return new HostError(`${label}: the server ended the login after too many wrong tries.${offered}${trouble}`, {
      hint: 'Name the one right key (--identity FILE, or IdentityFile with "IdentitiesOnly yes" in ~/.ssh/config)',
    });
  }
  const reason = said ? ` (the server says: ${said})` : '';
  return new HostError(`${label}: the login was refused${reason}.${takes}${offered}${trouble}`, {
    hint: trouble === '' ? loginHint(methods, askPassword, tried) : undefined,
  });
}

function loginHint(methods: readonly string[] | undefined, askPassword: boolean, tried: readonly string[]): string {
  if (!askPassword && methods?.some((method) => method === 'password' || method === 'keyboard-interactive')) {
    return 'Name a key that the host knows (--identity FILE), load one into the agent, or log in with a password (--ask-pass)';
  }
  if (tried.length === 0)
    return 'Name a key that the host knows (--identity FILE), or load one into the agent; certificates and security keys need --connection openssh';
  if (tried.includes('password') || tried.includes('keyboard-interactive'))
    return 'Check the user name and the password';
  return 'Check the user name, and that the public key stands in the authorized_keys of that user';
}
