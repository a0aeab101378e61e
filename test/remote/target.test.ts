import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { parseTarget } from '../../src/remote/target.ts';

describe('parseTarget', () => {
  it.each([
    ['web1', { host: 'web1' }],
    ['web1:2222', { host: 'web1', port: 2222 }],
    ['root@web1', { host: 'web1', user: 'root' }],
    ['root@web1.example.org:65535', { host: 'web1.example.org', port: 65535, user: 'root' }],
    ['192.0.2.7', { host: '192.0.2.7' }],
    ['2001:db8::1', { host: '2001:db8::1' }],
    ['root@2001:db8::1', { host: '2001:db8::1', user: 'root' }],
    ['[2001:db8::1]', { host: '2001:db8::1' }],
    ['root@[2001:db8::1]:22', { host: '2001:db8::1', port: 22, user: 'root' }],
    ['two@[192.0.2.7]:2222', { host: '192.0.2.7', port: 2222, user: 'two' }],
    ['fe80::1%eth0', { host: 'fe80::1%eth0' }],
    ['ssh://root@web1:2222', { host: 'web1', port: 2222, user: 'root' }],
    ['ssh://web1/', { host: 'web1' }],
    ['SSH://[::1]:2200', { host: '::1', port: 2200 }],
    ['user@domain@web1', { host: 'web1', user: 'user@domain' }],
    ['my_alias', { host: 'my_alias' }],
    ['müller.example', { host: 'müller.example' }],
  ])('reads %s', (text, expected) => {
    expect(parseTarget(text)).toEqual({ name: text, port: undefined, user: undefined, ...expected });
  });

  it.each([
    ['', /host is missing/],
    ['root@', /host is missing/],
    ['@web1', /before the @/],
    ['web1:', /not a port/],
    ['web1:0', /not a port/],
    ['web1:65536', /not a port/],
    ['web1:ssh', /not a port/],
    ['web1:22:22', /more than one colon/],
    ['[2001:db8::g]:22', /host name/],
    ['[]:22', /host is missing/],
    ['http://web1', /not ssh/],
    ['ssh://web1/etc', /no path/],
    ['-oProxyCommand=id', /host name/],
    ['-l@web1', /user name/],
    ['root@-web1', /host name/],
    ['$(id)@web1', /user name/],
    ['web1 web2', /host name/],
    ['web\n1', /host name/],
  ])('refuses %j in one paragraph', (text, message) => {
    const error = catchError(() => parseTarget(text));
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).paragraph).toMatch(message);
    expect((error as UserError).hint).toBeTruthy();
  });

  it('does not repeat a password that stands in a host name', () => {
    const error = catchError(() => parseTarget('root:hunter2@web1')) as UserError;
    expect(error.paragraph).toMatch(/password does not belong/);
    expect(error.paragraph).not.toContain('hunter2');
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
