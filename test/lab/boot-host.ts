import { writeFile } from 'node:fs/promises';
import { cutPower, execInside, shutDown } from './container.ts';
import { createHost, powerOn, start } from './create-host.ts';
import { startDelayProxy } from './delay-proxy.ts';
import { rootOf } from './disk.ts';
import { SUDO_PASSWORD } from './image.ts';
import type { LabHost, LabOptions } from './lab-host.ts';
import { labUnavailable } from './lab-unavailable.ts';
import { destroyHost } from './reap.ts';

const SSH_PORT = 22;

/** Boots a Debian host and returns when it has started and sshd listens; at the latest, it ends with this process. */
export async function bootHost(options: LabOptions = {}): Promise<LabHost> {
  const reason = await labUnavailable();
  if (reason !== undefined) throw new Error(reason);
  const { record: first, keyFile, knownHostsFile, hostKeys } = await createHost(options);
  let record = first;
  const proxy = options.latencyMs ? await startDelayProxy(record.address, SSH_PORT, options.latencyMs) : undefined;
  if (proxy !== undefined) {
    await writeFile(knownHostsFile, hostKeys.lines.map((key) => `[127.0.0.1]:${proxy.port} ${key}\n`).join(''));
  }
  let stopped: Promise<void> | undefined;
  const host: LabHost = {
    name: record.name,
    address: proxy === undefined ? record.address : '127.0.0.1',
    port: proxy?.port ?? SSH_PORT,
    root: rootOf(record),
    keyFile,
    sudoPassword: SUDO_PASSWORD,
    knownHostsFile,
    exec: (command, execOptions) => execInside(record, command, execOptions),
    stop() {
      stopped ??= destroyHost(record).finally(() => proxy?.close());
      return stopped;
    },
    async reboot() {
      await shutDown(record);
      record = await start(record);
    },
    async powerCycle() {
      await cutPower(record);
      record = await powerOn(record);
    },
  };
  if (options.setup !== undefined) await setUp(host, options.setup);
  return host;
}

async function setUp(host: LabHost, script: string): Promise<void> {
  const { stdout, stderr, exitCode } = await host.exec('exec sh -eu', { input: script });
  if (exitCode === 0) return;
  await host.stop();
  throw new Error(`The setup of the lab host failed with exit code ${exitCode}:\n${stdout}\n${stderr}`);
}
