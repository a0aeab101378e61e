import { type Script, sh } from '../../remote/sh.ts';

/** Script that prints what sshd says that its files amount to for this login: what a login itself cannot show where sshd takes the client for unknown. */
export function effectiveScript(user: string, client: string, address: string, port: number): Script {
  const spec = `user=${user},addr=${client},host=${client},laddr=${address},lport=${port}`;
  return sh`/usr/sbin/sshd -T -C ${spec} 2>&1 | sort`;
}

/** What differs between two answers, as `key value` lines that are new; the order of keys says nothing. */
export function effectiveDiffers(before: string, now: string): readonly string[] {
  const old = new Set(before.split('\n'));
  return now.split('\n').filter((line) => line.trim() !== '' && !old.has(line));
}
