import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ProofMachine, proofProgram } from '../../../src/tasks/support/docker/proof-program.ts';
import {
  proofForPackages,
  proofForPath,
  proofForUnit,
  proveDocker,
} from '../../../src/tasks/support/docker/prove-docker.ts';
import { expectParses } from '../../support/describe-task.ts';

describe('the program that the proof runs', () => {
  test.each([
    ['x86_64', 62],
    ['aarch64', 183],
  ] as const)('is a static ELF file for %s', (machine, elf) => {
    const file = proofProgram(machine);
    expect(file.subarray(0, 7).toString('latin1')).toBe('\x7fELF\x02\x01\x01');
    expect([file.readUInt16LE(16), file.readUInt16LE(18), file.readUInt16LE(56)]).toEqual([2, elf, 1]);
    // it starts behind its headers, in the one segment, which is the whole file
    expect(file.readBigUInt64LE(24) - file.readBigUInt64LE(64 + 16)).toBe(120n);
    expect(file.readBigUInt64LE(64 + 32)).toBe(BigInt(file.length));
    expect(file.length).toBeLessThan(256);
  });

  test.runIf(process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch))('ends with status 0 here', () => {
    const folder = mkdtempSync(join(tmpdir(), 'proof-'));
    const machine: ProofMachine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
    writeFileSync(join(folder, 'it'), proofProgram(machine), { mode: 0o755 });
    execFileSync(join(folder, 'it'));
    rmSync(folder, { recursive: true });
  });
});

test('the script parses, and makes no image of what is on the host', () => {
  const script = proveDocker();
  expectParses(script);
  expect(script).toContain('import');
  expect(script).not.toMatch(/docker run|docker pull/);
});

test.each([
  [proofForPath('/etc/docker/daemon.json'), true],
  [proofForPath('/etc/systemd/system/containerd.service.d/limits.conf'), true],
  [proofForPath('/etc/systemd/system/docker.service'), true],
  [proofForPath('/etc/default/docker'), true],
  [proofForPath('/etc/systemd/system/dockerish.service'), false],
  [proofForPath('/etc/motd'), false],
  [proofForUnit('docker.socket'), true],
  [proofForUnit('containerd'), true],
  [proofForUnit('cron'), false],
  [proofForPackages(['ufw', 'docker.io']), true],
  [proofForPackages(['docker-clean']), false],
])('tasks that touch Docker want it proved: %#', (script, wanted) => {
  expect(script !== undefined).toBe(wanted);
});
