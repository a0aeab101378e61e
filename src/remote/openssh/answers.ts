import { inTurn, type Prompt } from '../prompt.ts';
import { sessionPassword } from '../ssh/password.ts';
import type { Question } from './askpass.ts';

const passphrases = new Map<string, Promise<string>>();

/** Answers what ssh asks during one connection: a passphrase once per key and process, the password once per run, the rest each time. */
export function answersFor(label: string, prompt: Prompt): (question: Question) => Promise<string | undefined> {
  const seen = new Set<string>();
  return async ({ text, kind }) => {
    const again = seen.has(text);
    seen.add(text);
    if (kind === 'none') {
      prompt.tell?.(`${label}: ${text.trim()}`);
      return undefined;
    }
    if (kind === 'confirm' || text.includes('(yes/no')) return confirm(label, prompt, text);
    const key = /passphrase for (?:key )?'?(.*?)'?:\s*$/i.exec(text)?.[1];
    if (key !== undefined) return passphrase(prompt, key, again);
    if (/password:?\s*$/i.test(text)) return sessionPassword(prompt, label);
    return inTurn(() => prompt.secret(`${label}: ${text.trim()}`));
  };
}

async function confirm(label: string, prompt: Prompt, text: string): Promise<string> {
  const question = text
    .replace(/\(yes\/no.*$/s, '')
    .replace(/\s+/g, ' ')
    .trim();
  const [fingerprint] = /(?:SHA256|MD5):[\w+/=:]+/.exec(question) ?? [];
  return (await inTurn(() => prompt.confirm(`${label}: ${question}`, fingerprint))) ? 'yes' : 'no';
}

function passphrase(prompt: Prompt, key: string, again: boolean): Promise<string> {
  let answer = passphrases.get(key);
  if (!answer || again) {
    answer = inTurn(() => prompt.secret(`${again ? 'Wrong passphrase. ' : ''}Passphrase of ${key}`));
    passphrases.set(key, answer);
  }
  return answer;
}
