import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseSshG, readSshConfig } from '../../../src/remote/ssh/ssh-config.ts';
import { parseTarget } from '../../../src/remote/target.ts';
import { hostError, testFile, testFolder } from '../../support/remote.ts';

async function read(text: string, target = 'web1') {
  return readSshConfig(parseTarget(target), testFile(testFolder(), 'config', text));
}

describe('readSshConfig', () => {
  it('reads what ssh itself makes of the configuration', async () => {
    const folder = testFolder();
    const included = testFile(folder, 'included', 'Host web1\n HostName web1.example.org\n Port 2200\n');
    const config = await read(
      [
        `Include ${included}`,
        'Match host web1.example.org',
        ' User deploy',
        ' IdentityFile ~/.ssh/%r_%h',
        ' IdentitiesOnly yes',
        ' ProxyJump jump@192.0.2.1:22,192.0.2.2',
        ' HostKeyAlias one',
        ' ConnectTimeout 7',
        ' AddressFamily inet6',
        ' UserKnownHostsFile ~/.ssh/a ~/.ssh/b',
        ' GlobalKnownHostsFile none',
        ' CertificateFile ~/.ssh/cert.pub',
      ].join('\n'),
    );
    const { home } = { home: userInfo().homedir };
    expect(config).toMatchObject({
      read: true,
      host: 'web1.example.org',
      port: 2200,
      user: 'deploy',
      family: 6,
      identityFiles: [`${home}/.ssh/deploy_web1.example.org`],
      identitiesGiven: true,
      identitiesOnly: true,
      certificateFiles: [`${home}/.ssh/cert.pub`],
      hostKeyAlias: 'one',
      connectTimeoutSeconds: 7,
      userKnownHostsFiles: [`${home}/.ssh/a`, `${home}/.ssh/b`],
      globalKnownHostsFiles: [],
    });
    expect(config.proxyJump?.split(',')).toHaveLength(2);
  });

  it('lets the command line win', async () => {
    const text = 'Host web1\n HostName 192.0.2.1\n Port 2200\n User deploy\n';
    expect(await read(text, 'root@web1:22')).toMatchObject({ host: '192.0.2.1', port: 22, user: 'root' });
  });

  it('knows when nobody chose a key', async () => {
    const config = await read('');
    expect(config.identitiesGiven).toBe(false);
    expect(config.identityFiles).toContain(join(userInfo().homedir, '.ssh/id_ed25519'));
    expect((await read('IdentityFile ~/.ssh/id_ed25519\n')).identitiesGiven).toBe(true);
  });

  it.each([
    ['', 'ask'],
    ['StrictHostKeyChecking yes', 'yes'],
    ['StrictHostKeyChecking accept-new', 'accept-new'],
    ['StrictHostKeyChecking no', 'accept-new'],
    ['StrictHostKeyChecking off', 'accept-new'],
  ])('%s: %s', async (text, expected) => {
    expect((await read(text)).strictHostKeyChecking).toBe(expected);
  });

  it.each([
    ['', '/run/agent'],
    ['IdentityAgent none', undefined],
    ['IdentityAgent SSH_AUTH_SOCK', '/run/agent'],
    ['IdentityAgent $OTHER_AGENT', '/run/other'],
    ['IdentityAgent /run/%r', '/run/root'],
  ])('%s: the agent %s', async (text, expected) => {
    vi.stubEnv('SSH_AUTH_SOCK', '/run/agent');
    vi.stubEnv('OTHER_AGENT', '/run/other');
    try {
      expect((await read(text, 'root@web1')).agent).toBe(expected);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('says what is wrong with the file', async () => {
    expect((await hostError(read('Nonsense yes\n'))).paragraph).toMatch(
      /configuration cannot be read for web1: .*line 1.*nonsense/i,
    );
  });

  describe('without an ssh command', () => {
    it('takes the defaults', async () => {
      vi.stubEnv('PATH', testFolder());
      try {
        const config = await readSshConfig(parseTarget('root@web1:2200'), undefined);
        expect(config).toMatchObject({
          read: false,
          host: 'web1',
          port: 2200,
          user: 'root',
          proxyJump: undefined,
          strictHostKeyChecking: 'ask',
          identitiesGiven: false,
        });
        expect(config.userKnownHostsFiles).toEqual([join(homedir(), '.ssh/known_hosts')]);
        expect(config.identityFiles).toContain(join(homedir(), '.ssh/id_ed25519'));
        expect((await readSshConfig(parseTarget('web1'), undefined)).user).toBe(userInfo().username);
      } finally {
        vi.unstubAllEnvs();
      }
    });

    it('refuses a configuration file that it could not read', async () => {
      vi.stubEnv('PATH', testFolder());
      try {
        expect((await hostError(read('User deploy\n'))).paragraph).toMatch(/no ssh command/);
      } finally {
        vi.unstubAllEnvs();
      }
    });
  });
});

describe('parseSshG', () => {
  it('takes "none" as nothing', () => {
    const config = parseSshG(
      'proxycommand none\nproxyjump none\nhostkeyalias none\nconnecttimeout none\ncertificatefile none\n',
      parseTarget('web1'),
      true,
    );
    expect(config).toMatchObject({
      proxyCommand: undefined,
      proxyJump: undefined,
      hostKeyAlias: undefined,
      connectTimeoutSeconds: undefined,
      certificateFiles: [],
    });
  });
});
