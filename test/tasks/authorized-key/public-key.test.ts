import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  fingerprint,
  formatKey,
  isPrivateKey,
  optionsProblem,
  parsePublicKeys,
  readKeyLine,
} from '../../../src/tasks/authorized-key/public-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'harden-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

function make(
  name: string,
  ...options: readonly string[]
): { readonly publicText: string; readonly privateText: string } {
  const file = join(folder, name);
  const { status, stderr } = spawnSync('ssh-keygen', ['-q', '-N', '', '-C', 'me@here', '-f', file, ...options], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return { publicText: readFileSync(`${file}.pub`, 'utf8'), privateText: readFileSync(file, 'utf8') };
}

describe('keys as ssh-keygen makes them', () => {
  test.each([
    ['ed25519', '-t', 'ed25519'],
    ['rsa 3072', '-t', 'rsa', '-b', '3072'],
    ['ecdsa 256', '-t', 'ecdsa', '-b', '256'],
    ['ecdsa 384', '-t', 'ecdsa', '-b', '384'],
    ['ecdsa 521', '-t', 'ecdsa', '-b', '521'],
  ])('%s is taken, and named as ssh-keygen names it', (name, ...options) => {
    const { publicText } = make(name, ...options);
    const [key] = parsePublicKeys(publicText);
    expect(formatKey(key!)).toBe(publicText.trim());
    expect(key).toMatchObject({ options: '', comment: 'me@here' });
    const said = spawnSync('ssh-keygen', ['-lf', '-'], { input: publicText, encoding: 'utf8' }).stdout;
    expect(said).toContain(` ${fingerprint(key!)} `);
  });

  test.each([['1024'], ['2048'], ['3071']])(
    'an RSA key of %s bits is refused, by the number that ssh-keygen gives it',
    (bits) => {
      const { publicText } = make(`rsa-${bits}`, '-t', 'rsa', '-b', bits);
      const said = spawnSync('ssh-keygen', ['-lf', '-'], { input: publicText, encoding: 'utf8' }).stdout.split(' ')[0];
      expect(messageOf(publicText)).toContain(`this RSA key has ${said} bits`);
    },
  );

  test.each([['OpenSSH'], ['PEM'], ['PKCS8']])('a private key (%s) is refused, and does not show', (format) => {
    const { privateText } = make(
      `private-${format}`,
      '-t',
      'rsa',
      '-b',
      '1024',
      ...(format === 'OpenSSH' ? [] : ['-m', format]),
    );
    expect(isPrivateKey(privateText)).toBe(true);
    expect(messageOf(privateText)).toBe(
      'this is a private key: it stays where it was made; give the public one (the file that ends in .pub)',
    );
  });

  test('one damaged letter is seen', () => {
    const { publicText } = make('damaged', '-t', 'ed25519');
    const [type = '', blob = ''] = publicText.split(' ');
    expect(messageOf(`${type} ${blob.slice(0, -4)}`)).toContain('damaged');
    expect(messageOf(`${type} ${blob}AAAA`)).toContain('damaged');
    expect(messageOf(`${type} B${blob.slice(1)}`)).toContain('damaged');
    expect(messageOf(`ssh-rsa ${blob}`)).toContain('damaged');
  });
});

const SK = `sk-ssh-ed25519@openssh.com ${Buffer.concat(['sk-ssh-ed25519@openssh.com', 'k'.repeat(32), 'ssh:'].map(field)).toString('base64')} token`;

describe('other texts', () => {
  test('a key on a token is taken', () => expect(parsePublicKeys(SK)).toHaveLength(1));

  test('several keys, comments and empty lines', () => {
    const one = make('one', '-t', 'ed25519').publicText;
    const two = make('two', '-t', 'ed25519').publicText;
    expect(parsePublicKeys(`# mine\n${one}\n\r\n  ${two}`).map(formatKey)).toEqual([one.trim(), two.trim()]);
    expect(messageOf(`${one}nonsense`)).toMatch(/^line 2: not a public key/);
  });

  test.each([
    ['', 'there is no key in it'],
    ['# only this', 'there is no key in it'],
    ['not a key', 'not a public key'],
    ['ssh-dss AAAAB3NzaC1kc3MAAACBAP', 'DSA keys are broken'],
    ['ssh-ed25519-cert-v01@openssh.com AAAA', 'certificate'],
    ['ssh-new AAAA', 'knows no keys of the type ssh-new'],
    ['PuTTY-User-Key-File-3: ssh-ed25519', 'this is a private key'],
  ])('%j is refused', (text, message) => expect(messageOf(text)).toContain(message));
});

describe('lines of a host', () => {
  test.each([
    ['restrict ssh-ed25519 AAAA me', { options: 'restrict', comment: 'me' }],
    [
      'from="a b",command="echo \\"x y\\" ssh-rsa AAAA" ssh-ed25519 AAAA',
      { options: 'from="a b",command="echo \\"x y\\" ssh-rsa AAAA"', comment: '' },
    ],
    ['ssh-ed25519\tAAAA\tme and you ', { options: '', comment: 'me and you' }],
  ])('%s', (line, expected) =>
    expect(readKeyLine(line)).toMatchObject({ type: 'ssh-ed25519', blob: 'AAAA', ...expected }),
  );

  test.each([['junk'], ['a b ssh-ed25519 AAAA'], ['from="open ssh-ed25519 AAAA'], ['ssh-ed25519']])(
    '%s holds no key',
    (line) => expect(readKeyLine(line)).toBeUndefined(),
  );
});

describe('options', () => {
  test.each([['restrict'], ['from="10.0.0.0/8,::1",no-pty'], ['command="echo \\"a b\\""']])('%s', (options) =>
    expect(optionsProblem(options)).toBeUndefined(),
  );
  test.each([['restrict, no-pty'], ['command="open'], ['# comment'], ['ssh-ed25519'], ['a\nb'], ['']])(
    '%j is refused',
    (options) => expect(optionsProblem(options)).toBeTypeOf('string'),
  );
});

function messageOf(text: string): string {
  try {
    parsePublicKeys(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was taken');
}

function field(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
}
