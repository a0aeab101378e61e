/** The marker of the block in ufw's files; playbooks wrote the same one by hand before there was a type for it. */
export const MARKER = '# {mark} harden: containers';

/** The files that hold the block, each with the chain that `ufw route` writes to. */
export const FAMILIES = [
  { family: 4, file: '/etc/ufw/after.rules', iptables: 'iptables', routed: 'ufw-user-forward' },
  { family: 6, file: '/etc/ufw/after6.rules', iptables: 'ip6tables', routed: 'ufw6-user-forward' },
] as const;
export type UfwDockerFamily = (typeof FAMILIES)[number];

/** Docker's own names for its bridges, as iptables matches them. */
export const DOCKER_BRIDGES: readonly string[] = ['docker0', 'docker_gwbridge', 'br-+'];

/**
 * The rules of DOCKER-USER, in order, as `iptables -S` prints them. RETURN hands a packet on to Docker's own rules and so to `icc: false`;
 * ACCEPT would go past them. What containers begin is left to Docker; what comes from elsewhere is asked of ufw's route rules, and ends there.
 */
export function dockerUserRules({ routed }: UfwDockerFamily, bridges: readonly string[]): readonly string[] {
  const all = [...DOCKER_BRIDGES, ...bridges];
  return [
    '-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
    ...all.map((bridge) => `-A DOCKER-USER -i ${bridge} -j RETURN`),
    `-A DOCKER-USER -j ${routed}`,
    ...all.map((bridge) => `-A DOCKER-USER -o ${bridge} -j DROP`),
    LAST,
  ];
}

/** The last rule; also what Docker itself puts there, and so no sign of us. */
export const LAST = '-A DOCKER-USER -j RETURN';

/** The text between the markers: a table of its own, which ufw loads after the one of the file. Naming a chain empties it first. */
export function blockText(family: UfwDockerFamily, bridges: readonly string[]): string {
  return ['*filter', `:${family.routed} - [0:0]`, ':DOCKER-USER - [0:0]', ...dockerUserRules(family, bridges), 'COMMIT']
    .map((line) => `${line}\n`)
    .join('');
}

/** True where an interface of this name is one that the rules speak of. */
export function isCovered(bridge: string, bridges: readonly string[]): boolean {
  return [...DOCKER_BRIDGES, ...bridges].some((pattern) =>
    pattern.endsWith('+') ? bridge.startsWith(pattern.slice(0, -1)) : bridge === pattern,
  );
}
