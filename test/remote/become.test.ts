import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { becomeCommand } from '../../src/remote/become.ts';

test('the login shell may be fish, which reads backslashes in single quotes: there are none', () => {
  const command = becomeCommand('5a');
  const outside = command.replace(/\\['\\]|'([^']*)'/g, (_whole, quoted: string | undefined) => {
    expect(quoted ?? '').not.toContain('\\');
    return '';
  });
  expect(outside).toBe('exec sh -c ');
});

test('sh reads from it what sh is to run', () => {
  const word = becomeCommand('5a').slice('exec sh -c '.length);
  const script = execFileSync('sh', ['-c', `printf %s ${word}`], { encoding: 'utf8' });
  expect(script).toContain("printf '\\0%s nosudo\\0' 5a");
  execFileSync('sh', ['-n', '-c', script]);
});
