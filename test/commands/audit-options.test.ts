import { describe, expect, test } from 'vitest';
import { type AuditOptions, withOptions } from '../../src/commands/audit-options.ts';
import type { AuditSettings } from '../../src/engine/resolved-task.ts';

const DEFAULT = ['cis_docker', 'effective', 'containers'];
const PLAYBOOK: AuditSettings = { docker_bench: { min_score: 3 }, inspec: { profile: 'theirs' } };

describe('the audits that run', () => {
  test.each<[string, AuditSettings | undefined, Partial<AuditOptions>, readonly string[]]>([
    ['nothing is asked', undefined, {}, DEFAULT],
    ['a checkout is named', undefined, { checkout: '/srv/bench' }, [...DEFAULT, 'docker_bench']],
    ['the playbook asks', PLAYBOOK, {}, ['docker_bench', 'inspec']],
    ['the playbook asks for none', {}, {}, []],
    ['--only', PLAYBOOK, { only: ['effective'] }, ['effective']],
    ['--inspec comes beside the others', undefined, { inspec: 'mine' }, [...DEFAULT, 'inspec']],
    ['--inspec comes beside --only', undefined, { only: ['effective'], inspec: 'mine' }, ['effective', 'inspec']],
    ['--inspec comes beside the playbook', { lynis: {} }, { inspec: 'mine' }, ['inspec', 'lynis']],
  ])('%s', (_, settings, options, names) => {
    expect(Object.keys(withOptions(settings, options as AuditOptions)).sort()).toEqual([...names].sort());
  });

  test('the profile of the command line wins', () => {
    const options = { inspec: 'mine' } as AuditOptions;
    expect(withOptions(PLAYBOOK, options)).toEqual({ docker_bench: { min_score: 3 }, inspec: { profile: 'mine' } });
  });

  test.each<[Partial<AuditOptions>, RegExp]>([
    [{ only: ['inspec'] }, /no profile is named/],
    [{ only: ['effectiv'] }, /no audit effectiv/],
    [{ only: ['effective'], minScore: 3 }, /cis_docker and docker_bench, and neither is among these audits/],
  ])('%j is refused', (options, message) => {
    expect(() => withOptions(undefined, options as AuditOptions)).toThrow(message);
  });
});
