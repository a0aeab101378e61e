#!/usr/bin/env node
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runBundle } from './bundle.ts';
import { CodeCache } from './code-cache.ts';

// dist/cli.js: the program, with the code that V8 compiled for it in an earlier run of the same command.
const command = /^[a-z]+$/.exec(process.argv[2] ?? '')?.[0];
const home = process.env.HOME || homedir();
const folder = join(process.env.XDG_CACHE_HOME || join(home, '.cache'), 'harden', 'code');
const cache = command === undefined ? undefined : CodeCache.open(join(folder, `${command}-${process.arch}`), home);

process.on('exit', (code) => {
  // Only a run that went to its end has compiled all that one needs; a word that is no command leaves no file.
  if (code === 0 || code === 2) cache?.save();
});
runBundle(join(import.meta.dirname, 'harden.cjs'), cache);
