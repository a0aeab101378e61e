import type { LabHost } from './lab-host.ts';

/** What a command prints on a host; a command that fails is an exception which holds all that it left behind. */
export async function said(host: Pick<LabHost, 'exec'>, command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await host.exec(command);
  if (exitCode !== 0) {
    throw new Error(`${command}\nended with ${exitCode}; stdout: "${stdout}"; stderr: "${stderr}"`);
  }
  return stdout;
}
