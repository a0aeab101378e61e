import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parseOpenscap } from '../../../src/audit/openscap/parse.ts';
import { openscapScript } from '../../../src/audit/openscap/script.ts';
import { shellcheck, shellcheckUnavailable } from '../../support/shellcheck.ts';

const ID = 'xccdf_org.ssgproject.content_rule';
const rule = (name: string, title: string, result: string) =>
  `Title\r\t${title}\nRule\r\t${ID}_${name}\nResult\r\t${result}\n`;
const severity = (name: string, level: string) =>
  `<rule-result idref="${ID}_${name}" role="full" severity="${level}" weight="1.0">\n`;

describe('what oscap says of a profile', () => {
  const output = [
    rule('partition_for_home', 'Ensure /home Located On Separate Partition', 'fail'),
    rule('sshd_disable_root_login', 'Disable SSH Root Login', 'pass'),
    rule('package_gdm', 'Remove GDM', 'notapplicable'),
    rule('encrypt_partitions', 'Encrypt Partitions', 'notchecked'),
    rule('sudo', 'Broken \u001b[31mrule\u0007', 'error'),
    '<score system="urn:xccdf:scoring:default" maximum="100.000000">23.055555\n',
    severity('partition_for_home', 'low'),
    severity('sshd_disable_root_login', 'medium'),
  ].join('');

  test('is a check for each rule that applies, and the score', () => {
    expect(parseOpenscap(output)).toEqual({
      score: 23.1,
      counts: '1 fail, 1 pass, 1 notapplicable, 1 notchecked, 1 error',
      results: [
        {
          id: 'partition_for_home',
          title: 'Ensure /home Located On Separate Partition',
          result: 'WARN',
          severity: 'low',
          section: 'OpenSCAP',
        },
        {
          id: 'sshd_disable_root_login',
          title: 'Disable SSH Root Login',
          result: 'PASS',
          severity: 'info',
          section: 'OpenSCAP',
        },
        {
          id: 'encrypt_partitions',
          title: 'Encrypt Partitions',
          result: 'SKIP',
          severity: 'info',
          section: 'OpenSCAP',
          details: 'oscap says: notchecked',
        },
        {
          id: 'sudo',
          title: 'Broken rule',
          result: 'SKIP',
          severity: 'info',
          section: 'OpenSCAP',
          details: 'oscap says: error',
        },
      ],
    });
  });

  test('without its end has no score, and without a rule is nothing', () => {
    expect(parseOpenscap(rule('a', 'A', 'pass'))?.score).toBeUndefined();
    expect(parseOpenscap('OpenSCAP Error: Profile "x" was not found')).toBeUndefined();
  });
});

describe('its script', () => {
  const scripts = new Map([
    ['of the release', openscapScript('standard', undefined)],
    ['named', openscapScript('standard', "/srv/it's.xml")],
  ]);
  test.each([...scripts])('is a script of dash (%s)', (_name, script) => {
    expect(spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
  });
  test.skipIf(shellcheckUnavailable())('leaves shellcheck nothing to say', () => {
    expect(shellcheck(scripts)).toEqual([]);
  });
});
