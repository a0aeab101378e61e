import { describe, expect, test } from 'vitest';
import { commandAt, lex, unquotedPlaces } from './shell-lexer.ts';

describe('a value is plain text', () => {
  test.each([
    ["echo 'EVIL'"],
    ["echo \"$(printf '%s' 'EVIL')\""],
    ["cat <<'END'\nEVIL\nEND\n"],
    ['if [ "${a#\'EVIL\'}" ]; then :; fi'],
    ["echo it\\'s 'EVIL'"],
    ["echo \"it's\" 'EVIL'"],
    ["# don't\necho 'EVIL'"],
    ["case $a in *) echo 'EVIL' ;; esac"],
    ["echo $((1 + 2)) 'EVIL'"],
  ])('%s', (script) => expect(unquotedPlaces(script, 'EVIL')).toEqual([]));
});

describe('a value is script', () => {
  test.each([
    ['echo EVIL'],
    ['echo "EVIL"'],
    ['# EVIL'],
    ["echo 'a'EVIL'b'"],
    ['cat <<END\nEVIL\nEND\n'],
    ['echo "\'EVIL\'"'],
    ['echo "$(echo EVIL)" \'x\''],
    ["echo \\'EVIL"],
  ])('%s', (script) => expect(unquotedPlaces(script, 'EVIL')).toHaveLength(1));
});

describe('the command of a value', () => {
  test.each([
    ["printf '%s' 'EVIL' | chpasswd", 'printf'],
    ["chpasswd 'EVIL'", 'chpasswd'],
    ["true && { printf '%s\n' 'EVIL'; }", 'printf'],
    ["printf a; usermod -p 'EVIL'", 'usermod'],
    ["if ! usermod -p 'EVIL'; then :; fi", 'usermod'],
    ["x=$(printf %s 'EVIL')", 'printf'],
  ])('%s', (script, command) => expect(commandAt(script, lex(script), script.indexOf('EVIL'))).toBe(command));
});
