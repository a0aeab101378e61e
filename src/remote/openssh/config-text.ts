/** What harden lays over the person's own ssh configuration, for the host and its jump hosts alike. */
export interface Overlay {
  readonly identityFiles: readonly string[];
  readonly knownHostsFiles: readonly string[] | undefined;
  readonly strictHostKeyChecking: 'ask' | 'yes' | 'accept-new';
  readonly connectTimeoutSeconds: number;
  readonly keepaliveSeconds: number;
  /** Nobody is there to answer questions. */
  readonly batch: boolean;
  /** The configuration files that follow; in ssh the first value of an option counts. */
  readonly includes: readonly string[];
}

/** An ssh_config with the overlay first; as a file it reaches the jump hosts too, which `-o` does not. */
export function configText(overlay: Overlay): string {
  const { knownHostsFiles } = overlay;
  const lines = [
    'Host *',
    ...overlay.identityFiles.map((file) => `  IdentityFile ${quoted(file)}`),
    ...(knownHostsFiles
      ? [`  UserKnownHostsFile ${knownHostsFiles.map(quoted).join(' ')}`, '  GlobalKnownHostsFile /dev/null']
      : []),
    `  StrictHostKeyChecking ${overlay.strictHostKeyChecking}`,
    `  ConnectTimeout ${overlay.connectTimeoutSeconds}`,
    `  ServerAliveInterval ${overlay.keepaliveSeconds}`,
    '  ServerAliveCountMax 3',
    `  BatchMode ${overlay.batch ? 'yes' : 'no'}`,
    '  PasswordAuthentication no',
    '  KbdInteractiveAuthentication no',
    '  ClearAllForwardings yes',
    '  ForwardAgent no',
    '  ForwardX11 no',
    '  PermitLocalCommand no',
    '  VisualHostKey no',
    ...overlay.includes.flatMap((file) => ['Host *', `Include ${quoted(file)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** A path as one word of ssh_config, without `%` tokens. */
function quoted(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}
