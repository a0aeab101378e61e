import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configText, type Overlay } from '../../../src/remote/openssh/config-text.ts';
import { testFile, testFolder } from '../../support/remote.ts';

/** What ssh itself makes of the overlay before this configuration. */
function asSshReads(overlay: Partial<Overlay>, own: string, host = 'web1'): ReadonlyMap<string, string> {
  const folder = testFolder();
  const file = testFile(
    folder,
    'config',
    configText({
      identityFiles: [],
      knownHostsFiles: undefined,
      strictHostKeyChecking: 'yes',
      connectTimeoutSeconds: 10,
      keepaliveSeconds: 15,
      batch: true,
      includes: [join(folder, 'missing'), testFile(folder, 'own config', own)],
      ...overlay,
    }),
  );
  const text = execFileSync('ssh', ['-G', '-F', file, host], { encoding: 'utf8' });
  return new Map(text.split('\n').map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

describe('configText', () => {
  it('goes before the person’s own configuration', () => {
    const own =
      'StrictHostKeyChecking no\nForwardAgent yes\nConnectTimeout 99\nBatchMode no\nPasswordAuthentication yes\nUserKnownHostsFile /own\n';
    const options = asSshReads({ knownHostsFiles: ['/given'] }, own);
    expect(Object.fromEntries(options)).toMatchObject({
      stricthostkeychecking: 'true',
      forwardagent: 'no',
      connecttimeout: '10',
      batchmode: 'yes',
      passwordauthentication: 'no',
      userknownhostsfile: '/given',
      globalknownhostsfile: '/dev/null',
      serveraliveinterval: '15',
    });
  });

  it('leaves the rest of it in force, for each host', () => {
    const own = 'Host web1\n User one\nHost *\n Port 2200\n UserKnownHostsFile /own\n';
    expect(Object.fromEntries(asSshReads({}, own))).toMatchObject({
      user: 'one',
      port: '2200',
      userknownhostsfile: '/own',
    });
    expect(asSshReads({}, own, 'web2').get('user')).not.toBe('one');
  });

  it('keeps paths with blanks and percent signs whole', () => {
    expect(asSshReads({ identityFiles: ['/a b/50%h'] }, '').get('identityfile')).toBe('/a b/50%%h');
  });
});
