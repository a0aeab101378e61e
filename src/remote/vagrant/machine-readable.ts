/** What one `vagrant … --machine-readable` said. */
export interface MachineOutput {
  readonly sshConfigs: readonly { readonly name: string; readonly provider: string; readonly text: string }[];
  /** By machine, in Vagrant's order: `running`, `poweroff`, `not_created`, … */
  readonly states: ReadonlyMap<string, string>;
  /** `kind` is the last part of Vagrant's name for the error, such as `SSHNotReady`. */
  readonly error?: { readonly kind: string; readonly message: string };
}

/** Reads lines of `time,machine,type,data…`; what else stands between (ssh-config prints its text a second time) is passed over. */
export function parseMachineReadable(stdout: string): MachineOutput {
  const providers = new Map<string, string>();
  const sshConfigs: MachineOutput['sshConfigs'][number][] = [];
  const states = new Map<string, string>();
  let error: MachineOutput['error'];
  for (const line of stdout.split(/\r?\n/)) {
    const match = /^\d+,([^,]*),([a-z-]+),(.*)$/.exec(line);
    if (!match) continue;
    const [, name = '', type = '', rest = ''] = match;
    const data = rest.split(',').map(unescaped);
    if (type === 'metadata' && data[0] === 'provider') providers.set(name, data[1] ?? '');
    if (type === 'state') states.set(name, data[0] ?? '');
    if (type === 'ssh-config') sshConfigs.push({ name, provider: providers.get(name) ?? '', text: data[0] ?? '' });
    if (type === 'error-exit') error = { kind: data[0]?.split('::').at(-1) ?? '', message: data[1] ?? '' };
  }
  return { sshConfigs, states, ...(error ? { error } : {}) };
}

function unescaped(text: string): string {
  return text.replaceAll('%!(VAGRANT_COMMA)', ',').replaceAll('\\n', '\n').replaceAll('\\r', '\r');
}
