import { z } from 'zod';

const SUFFIX = /\.(service|socket|timer|target|path|mount|automount|swap|slice|scope|device)$/;

/** A unit's name as people write it: `docker`, `docker.socket`, `getty@tty1`. */
export const unitName = z
  .string()
  .regex(/^[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]*$/, {
    error: 'a unit name has letters, digits and : _ . \\ @ - only, for example docker or docker.socket',
  })
  .refine((name) => !/@(\.[a-z]+)?$/.test(name), {
    error: 'this is a template: name an instance of it, for example getty@tty1.service',
  });

/** The name as systemd knows it: without a unit suffix it is a service. */
export function fullUnitName(name: string): string {
  return SUFFIX.test(name) ? name : `${name}.service`;
}

/** The properties of each unit, in order, as `systemctl show` prints them: `Key=Value` lines, a blank line between units. */
export function parseUnits(output: string): readonly ReadonlyMap<string, string>[] {
  return output
    .split(/\n\n+/)
    .filter((block) => block.trim() !== '')
    .map(
      (block) =>
        new Map(
          block
            .split('\n')
            .filter((line) => line.includes('='))
            .map(property),
        ),
    );
}

function property(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}
