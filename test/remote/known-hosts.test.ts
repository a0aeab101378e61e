import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judgeHostKey, knownHostsName, knownTypes, parseKnownHosts, speaksOf } from '../../src/remote/known-hosts.ts';

const ed25519 = wire('ssh-ed25519', 'a');
const other = wire('ssh-ed25519', 'b');
const rsa = wire('ssh-rsa', 'c');

describe('parseKnownHosts', () => {
  it('keeps the line of each entry and leaves out what is none', () => {
    const text = [
      '# comment',
      '',
      line('web1', ed25519),
      'web2 ssh-ed25519',
      'web3 ssh-rsa bm90IGEga2V5',
      `\t${line('web4', rsa)} a comment\r`,
      '@other x y z',
    ];
    const entries = parseKnownHosts(text.join('\n'), '/f');
    expect(entries.map(({ names, line: at, type, file }) => [file, at, names, type])).toEqual([
      ['/f', 3, 'web1', 'ssh-ed25519'],
      ['/f', 6, 'web4', 'ssh-rsa'],
    ]);
  });

  it('reads markers', () => {
    const text = `@revoked * ${rest(ed25519)}\n@cert-authority *.example.org ${rest(rsa)}`;
    expect(parseKnownHosts(text, 'f').map((entry) => entry.marker)).toEqual(['revoked', 'cert-authority']);
  });
});

describe('speaksOf', () => {
  it.each([
    ['web1', 'web1', true],
    ['WEB1', 'web1', true],
    ['web1,192.0.2.1', '192.0.2.1', true],
    ['web1', 'web11', false],
    ['web?', 'web1', true],
    ['web?', 'web', false],
    ['*.example.org', 'a.b.example.org', true],
    ['*.example.org', 'example.org', false],
    ['*.example.org,!bad.example.org', 'bad.example.org', false],
    ['!bad.example.org,*.example.org', 'bad.example.org', false],
    ['!bad.example.org', 'good.example.org', false],
    ['[web1]:2222', '[web1]:2222', true],
    ['web1', '[web1]:2222', false],
    ['[*]:2222', '[web1]:2222', true],
    ['a.c', 'abc', false],
    [hashed('web1'), 'web1', true],
    [hashed('[web1]:2222'), '[web1]:2222', true],
    [hashed('web1'), 'web2', false],
    ['|2|c2FsdA==|aGFzaA==', 'web1', false],
    ['|1|', 'web1', false],
  ])('%s and %s: %s', (names, name, expected) => {
    const [entry] = parseKnownHosts(line(names, ed25519), 'f');
    expect(entry && speaksOf(entry, name)).toBe(expected);
  });
});

describe('judgeHostKey', () => {
  const names = ['[web1]:2222', 'web1'];

  it.each([
    ['the key is there', line('[web1]:2222', ed25519), 'known'],
    ['the key is there without its port', line('web1', ed25519), 'known'],
    ['another entry of the host has it', `${line('[web1]:2222', other)}\n${line('[web1]:2222', ed25519)}`, 'known'],
    ['nothing is there', '', 'unknown'],
    ['another host is there', line('web2', ed25519), 'unknown'],
    ['another key of the type is there', line('[web1]:2222', other), 'changed'],
    ['another key is there without its port', line('web1', other), 'unknown'],
    ['a key of another type is there', line('[web1]:2222', rsa), 'unknown'],
    ['it is revoked', `${line('[web1]:2222', ed25519)}\n@revoked * ${rest(ed25519)}`, 'revoked'],
    ['another key is revoked', `${line('[web1]:2222', ed25519)}\n@revoked * ${rest(other)}`, 'known'],
    ['a certificate authority is trusted', `@cert-authority [web1]:2222 ${rest(other)}`, 'authority'],
    [
      'the key and an authority are there',
      `@cert-authority * ${rest(other)}\n${line('[web1]:2222', ed25519)}`,
      'known',
    ],
    ['the authority has the very key', `@cert-authority [web1]:2222 ${rest(ed25519)}`, 'authority'],
  ])('%s', (_what, text, kind) => {
    expect(judgeHostKey(parseKnownHosts(text, 'f'), names, ed25519).kind).toBe(kind);
  });

  it('names the entry that is contradicted', () => {
    const verdict = judgeHostKey(parseKnownHosts(`\n\n${line('[web1]:2222', other)}`, '/etc/kh'), names, ed25519);
    expect(verdict).toMatchObject({ kind: 'changed', by: { file: '/etc/kh', line: 3 } });
  });

  it('tells of keys of other types', () => {
    const verdict = judgeHostKey(parseKnownHosts(line('[web1]:2222', rsa), 'f'), names, ed25519);
    expect(verdict).toMatchObject({ kind: 'unknown', others: [{ type: 'ssh-rsa' }] });
  });
});

describe('knownTypes', () => {
  it('takes the name with the port before the one without', () => {
    const entries = parseKnownHosts(
      [line('web1', ed25519), line('[web1]:2222', rsa), `@revoked * ${rest(other)}`].join('\n'),
      'f',
    );
    expect(knownTypes(entries, ['[web1]:2222', 'web1'])).toEqual(['ssh-rsa']);
    expect(knownTypes(entries, ['[web1]:23', 'web1'])).toEqual(['ssh-ed25519']);
    expect(knownTypes(entries, ['web9'])).toEqual([]);
  });
});

describe('knownHostsName', () => {
  it.each([
    ['Web1', 22, 'web1'],
    ['web1', 2222, '[web1]:2222'],
    ['2001:db8::1', 22, '2001:db8::1'],
    ['2001:db8::1', 2222, '[2001:db8::1]:2222'],
  ])('%s and %d: %s', (host, port, name) => {
    expect(knownHostsName(host, port)).toBe(name);
  });
});

function wire(type: string, content: string): Buffer {
  const parts = [type, content].flatMap((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return [length, Buffer.from(text)];
  });
  return Buffer.concat(parts);
}

function rest(key: Buffer): string {
  return `${key.toString('latin1', 4, 4 + key.readUInt32BE(0))} ${key.toString('base64')}`;
}

function line(names: string, key: Buffer): string {
  return `${names} ${rest(key)}`;
}

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}
