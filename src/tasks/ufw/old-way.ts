import type { AccessEffect } from '../../engine/access-effect.ts';
import type { Facts } from '../../remote/facts.ts';
import { type Script, sh } from '../../remote/sh.ts';
import type { UfwTuple } from './rule.ts';

type Ssh = NonNullable<Facts['ssh']>;
type Way = Pick<Ssh, 'client' | 'port'>;

/** The comment of the rule that keeps the port open by which a run came in while sshd moves to another. */
const OLD_WAY = 'harden: the old way in, until the new one is proved';

/** Where sshd will listen, when the playbook moves it away from the port by which this run came in; undefined: it does not. */
export function newPort(effects: readonly AccessEffect[], ssh: Ssh): number | undefined {
  const ports = effects.findLast(({ sshd }) => sshd?.ports !== undefined)?.sshd?.ports;
  return ports?.includes(ssh.port) ? undefined : ports?.[0];
}

/** Lets the operator's own address in by the old port, before every other rule. */
export function keepOldWay({ client, port }: Way): Script {
  return sh`ufw prepend allow proto tcp from ${client} to any port ${port} comment ${OLD_WAY}\n`;
}

/** Ends what `keepOldWay` began; does no harm twice. */
export function endOldWay({ client, port }: Way): Script {
  return sh`ufw delete allow proto tcp from ${client} to any port ${port}\n`;
}

/** The rules that a run left which was cut off before it could end them. */
export function oldWays(tuples: readonly UfwTuple[]): readonly UfwTuple[] {
  return tuples.filter(({ comment }) => comment === OLD_WAY);
}
