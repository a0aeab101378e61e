import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { containers } from '../../../src/audit/containers/index.ts';
import { containersScript, NO_DAEMON, NO_DOCKER } from '../../../src/audit/containers/script.ts';
import { runAudit } from '../../../src/audit/pipeline.ts';
import type { Frame, RootShell } from '../../../src/remote/shell.ts';
import { shellcheck, shellcheckUnavailable } from '../../support/shellcheck.ts';
import { hostOutput } from './fixture.ts';

/** A shell that gives one answer to each batch, and counts them. */
function shellOf(frame: Partial<Frame> | undefined) {
  const batches: (readonly string[])[] = [];
  const shell = {
    probe: async (scripts: readonly string[]) => {
      batches.push(scripts);
      const empty = { exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), milliseconds: 1 };
      return { frames: frame ? [{ ...empty, ...frame }] : [] };
    },
  } as unknown as RootShell;
  return { shell, batches };
}

const context = {
  sources: { dockerBench: { directory: undefined, cache: '/nowhere' } },
  way: () => Promise.reject(new Error('nobody asks for the way')),
};

describe('the audit of containers', () => {
  test('fifty containers are one script', async () => {
    const others = Array.from({ length: 50 }, (_, index) => ({
      id: index.toString(16).padStart(2, '0'),
      name: `c${index}`,
      state: { Running: true, Pid: 1000 + index },
    }));
    const { shell, batches } = shellOf({ stdout: Buffer.from(hostOutput(others)) });
    const result = await runAudit(containers, {}, { ...context, shell });
    expect(batches.map((scripts) => scripts.length)).toEqual([1]);
    expect(result.status === 'done' && new Set(result.results.map(({ subject }) => subject)).size).toBe(51);
  });

  test.each([
    [{ exitCode: NO_DOCKER }, 'there is no docker command on the host'],
    [
      { exitCode: NO_DAEMON, stderr: Buffer.from('warning\nCannot connect to the Docker daemon\n') },
      'Cannot connect to the Docker daemon',
    ],
    [{ stdout: Buffer.from('nonsense') }, 'docker info printed nothing that can be read'],
    [undefined, 'it was interrupted'],
  ])('what keeps it from running is said (%#)', async (frame, reason) => {
    const { shell } = shellOf(frame);
    expect(await runAudit(containers, {}, { ...context, shell })).toEqual({
      tool: 'containers',
      status: 'not-run',
      reason,
    });
  });
});

describe('its script', () => {
  const scripts = new Map([false, true].map((all) => [`all: ${all}`, containersScript({ all })]));
  test.each([...scripts])('is a script of dash (%s)', (_name, script) => {
    expect(spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
  });
  test.skipIf(shellcheckUnavailable())('leaves shellcheck nothing to say', () => {
    expect(shellcheck(scripts)).toEqual([]);
  });
});
