import { describe, expect, it } from 'vitest';
import { explainSsh, serverHostKey } from '../../../src/remote/openssh/explain.ts';

const debug = 'debug1: Server host key: ssh-ed25519 SHA256:jump\ndebug1: Server host key: ssh-rsa SHA256:target\n';

describe('explainSsh', () => {
  it.each([
    ['ssh: Could not resolve hostname web9: Name or service not known', /no host named web9/],
    ['ssh: connect to host web1 port 22: Connection refused', /connection refused/],
    ['ssh: connect to host web1 port 22: No route to host', /cannot be reached/],
    ['ssh: connect to host web1 port 22: Network is unreachable', /cannot be reached/],
    ['ssh: connect to host web1 port 22: Connection timed out', /no answer/],
    ['Connection timed out during banner exchange', /no answer/],
    ['Timeout, server web1 not responding.', /no longer answers/],
    ['kex_exchange_identification: Connection closed by remote host', /closed the connection/],
    ['Connection reset by 192.0.2.1 port 22', /closed the connection/],
    [
      'Connection to web1 closed by remote host.\nTransferred: sent 3388, received 3252 bytes',
      /server closed the connection/,
    ],
    ['Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures', /too many wrong tries/],
    ['root@web1: Permission denied (publickey,password).', /takes publickey, password\..*--ask-pass/],
    ['root@web1: Permission denied (publickey).', /takes publickey\..*authorized_keys/],
    ['Load key "/k": invalid format\nroot@web1: Permission denied (publickey).', /Load key "\/k": invalid format/],
    [
      'Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found. Their offer: curve448',
      /no key exchange in common.*curve448/,
    ],
    [
      'No ED25519 host key is known for web1 and you have requested strict checking.\nHost key verification failed.',
      /SHA256:target is not known.*--accept-new/,
    ],
    [
      '/c: line 3: Bad configuration option: nonsense\n/c: terminating, 1 bad configuration options',
      /configuration cannot be read: .*nonsense/,
    ],
    ['ssh_askpass: exec(/tmp/x/askpass): Permission denied', /could not ask.*TMPDIR/],
    [
      'ssh: connect to host 192.0.2.9 port 2299: Connection refused\nConnection closed by UNKNOWN port 65535',
      /connection refused by 192\.0\.2\.9:2299, on the way to it/,
    ],
    ['ssh: connect to host web1 port 22: Connection refused', /connection refused\. Nothing/],
    [
      'ops@jump: Permission denied (publickey).\nConnection closed by UNKNOWN port 65535',
      /refused by ops@jump, on the way to it\. The server takes publickey/,
    ],
    [
      '/bin/bash: line 1: exec: nc: not found\nkex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535',
      /ProxyCommand or jump host .* failed: .*nc: not found/,
    ],
    [
      'debug1: Server accepts key: /k ED25519 SHA256:a explicit\ndebug1: No more authentication methods to try.\nroot@web1: Permission denied (publickey,password).',
      /accepts the key \/k, and ssh could not use it\. If it has a passphrase.*ssh-add \/k/,
    ],
    [
      'debug1: Server accepts key: /k ED25519 SHA256:a\nAuthenticated using "publickey" with partial success.\ndebug1: Authentications that can continue: password\nroot@web1: Permission denied (password).',
      /takes password\./,
    ],
    ['Load key "/k": bad permissions\nroot@web1: Permission denied (publickey).', /chmod 600 \/k/],
    ['mysterious', /ssh failed: mysterious/],
    ['', /no reason/],
  ])('%j', (stderr, message) => {
    const { paragraph } = explainSsh(`${debug}${stderr}\r\n`, 'root@web1:22');
    expect(paragraph).toMatch(message);
    expect(paragraph).toMatch(/^root@web1:22: /);
    expect(paragraph).not.toMatch(/\n|debug1/);
  });

  it('repeats what ssh says of a changed key', () => {
    const stderr = [
      '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
      'The fingerprint for the ED25519 key sent by the remote host is',
      'SHA256:new.',
      'Please contact your system administrator.',
      'Offending ED25519 key in /root/.ssh/known_hosts:7',
      '  remove with:',
      '  ssh-keygen -f "/root/.ssh/known_hosts" -R "web1"',
      'Host key verification failed.',
    ].join('\r\n');
    const { paragraph } = explainSsh(stderr, 'root@web1:22');
    for (const part of [
      'CHANGED',
      'SHA256:new,',
      '/root/.ssh/known_hosts:7',
      'ssh-keygen -f "/root/.ssh/known_hosts" -R "web1"',
    ]) {
      expect(paragraph).toContain(part);
    }
  });
});

describe('serverHostKey', () => {
  it('is the last one: jump hosts come first', () => {
    expect(serverHostKey(debug)).toBe('SHA256:target');
    expect(serverHostKey('')).toBeUndefined();
  });
});
