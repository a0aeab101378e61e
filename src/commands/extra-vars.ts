import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { Playbook } from '../playbook/load.ts';
import { parseExtraVar } from '../playbook/vars.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import type { PlaybookOptions } from './host-options.ts';

/** Refuses `-e name=value` whose name stands nowhere in the playbook's files and templates: a typo would leave the default in force. Files with variables may hold more than one playbook needs. */
export async function checkExtraVars(playbook: Playbook, { extraVar = [] }: PlaybookOptions): Promise<void> {
  const names = extraVar.filter((text) => !text.startsWith('@')).map((text) => parseExtraVar(text)[0]);
  if (names.length === 0) return;
  const texts = await textsOf(playbook);
  for (const name of names) {
    if (texts === undefined || texts.some((text) => wordIn(text, name))) continue;
    throw new UserError(`-e ${name}=…: nothing in ${playbook.file} speaks of a variable \`${name}\``, {
      hint:
        didYouMean(
          name,
          playbook.root.vars.map(({ key }) => key),
        ) ?? 'A file with variables (-e @FILE) may hold some that a playbook does not need',
    });
  }
}

/** What the playbook is made of; undefined where the name of a template is known only on a host. */
async function textsOf({ sources }: Playbook): Promise<readonly string[] | undefined> {
  const texts: string[] = [];
  for (const { file } of sources) {
    const text = await readFile(file, 'utf8').catch(() => '');
    texts.push(text);
    for (const [, src = ''] of text.matchAll(/\bsrc:[ \t]*["']?([^\s"',}]+)/g)) {
      if (src.includes('{{')) return undefined;
      texts.push(await readFile(resolve(dirname(file), src), 'utf8').catch(() => ''));
    }
  }
  return texts;
}

function wordIn(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1))
    if (!/[\w-]/.test(text[at - 1] ?? '') && !/[\w-]/.test(text[at + name.length] ?? '')) return true;
  return false;
}
