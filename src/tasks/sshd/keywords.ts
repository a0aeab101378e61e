import { didYouMean } from '../../text/did-you-mean.ts';

/** How a list becomes sshd_config lines: one line each, or one line with the items joined. */
export type ListStyle = 'lines' | 'comma' | 'space';

const LINES = 'HostCertificate HostKey ListenAddress Port Subsystem';
const COMMA =
  'CASignatureAlgorithms Ciphers GSSAPIKexAlgorithms HostKeyAlgorithms HostbasedAcceptedAlgorithms KexAlgorithms MACs PubkeyAcceptedAlgorithms PubkeyAuthOptions LogVerbose';
const SPACE = `AcceptEnv AddressFamily AllowAgentForwarding AllowGroups AllowStreamLocalForwarding AllowTcpForwarding AllowUsers
AuthenticationMethods AuthorizedKeysCommand AuthorizedKeysCommandUser AuthorizedKeysFile AuthorizedPrincipalsCommand
AuthorizedPrincipalsCommandUser AuthorizedPrincipalsFile Banner ChannelTimeout ChrootDirectory ClientAliveCountMax
ClientAliveInterval Compression DebianBanner DenyGroups DenyUsers DisableForwarding ExposeAuthInfo FingerprintHash ForceCommand
GatewayPorts GSSAPIAuthentication GSSAPICleanupCredentials GSSAPIKeyExchange GSSAPIStoreCredentialsOnRekey
GSSAPIStrictAcceptorCheck HostKeyAgent HostbasedAuthentication HostbasedUsesNameFromPacketOnly IgnoreRhosts
IgnoreUserKnownHosts IPQoS KbdInteractiveAuthentication KerberosAuthentication KerberosGetAFSToken KerberosOrLocalPasswd
KerberosTicketCleanup LoginGraceTime LogLevel MaxAuthTries MaxSessions MaxStartups ModuliFile PAMServiceName
PasswordAuthentication PerSourceMaxStartups PerSourceNetBlockSize PerSourcePenalties PerSourcePenaltyExemptList
PermitEmptyPasswords PermitListen PermitOpen PermitRootLogin PermitTTY PermitTunnel PermitUserEnvironment PermitUserRC PidFile
PrintLastLog PrintMotd PubkeyAuthentication RDomain RefuseConnection RekeyLimit RequiredRSASize RevokedKeys
SecurityKeyProvider SetEnv SshdAuthPath SshdSessionPath StreamLocalBindMask StreamLocalBindUnlink StrictModes SyslogFacility
TCPKeepAlive TrustedUserCAKeys UnusedConnectionTimeout UseDNS UsePAM VersionAddendum X11DisplayOffset X11Forwarding
X11UseLocalhost XAuthLocation`;

const styles = new Map<string, { readonly name: string; readonly style: ListStyle }>();
for (const [style, names] of [
  ['lines', LINES],
  ['comma', COMMA],
  ['space', SPACE],
] as const) {
  for (const name of names.split(/\s+/)) styles.set(name.toLowerCase(), { name, style });
}

const RENAMED: Readonly<Record<string, string>> = {
  challengeresponseauthentication: 'KbdInteractiveAuthentication',
  skeyauthentication: 'KbdInteractiveAuthentication',
  dsaauthentication: 'PubkeyAuthentication',
  hostbasedacceptedkeytypes: 'HostbasedAcceptedAlgorithms',
  hostdsakey: 'HostKey',
  keepalive: 'TCPKeepAlive',
  pubkeyacceptedkeytypes: 'PubkeyAcceptedAlgorithms',
};

const WITHOUT_EFFECT = new Set(
  `afstokenpassing authorizedkeysfile2 checkmail kerberostgtpassing keyregenerationinterval pamauthenticationviakbdint
permitblacklistedkeys protocol reversemappingcheck rhostsauthentication rhostsrsaauthentication rsaauthentication serverkeybits
uselogin useprivilegeseparation verifyreversemapping`.split(/\s+/),
);

/** The keyword as sshd_config(5) spells it, and how its lists are written; undefined where OpenSSH 8.5 to 10.0 know none such. */
export function findKeyword(name: string): { readonly name: string; readonly style: ListStyle } | undefined {
  return styles.get(name.toLowerCase());
}

/** Why a name is no keyword that can be set here, and what to write instead. */
export function keywordProblem(name: string): string {
  const lower = name.toLowerCase();
  if (lower === 'match' || lower === 'include')
    return `\`${name}\` is not an option but a block of its own: write it with a copy task to another file in /etc/ssh/sshd_config.d`;
  if (RENAMED[lower]) return `\`${name}\` is an old name: write \`${RENAMED[lower]}\``;
  if (WITHOUT_EFFECT.has(lower)) return `\`${name}\` no longer does anything in OpenSSH: leave it out`;
  const hint = didYouMean(
    name,
    [...styles.values()].map((keyword) => keyword.name),
  );
  return `\`${name}\` is not an sshd_config keyword.${hint ? ` ${hint}` : ''}`;
}
