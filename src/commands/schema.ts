import { ExitCode } from '../errors.ts';
import { playbookJsonSchema } from '../playbook/schema.ts';
import { registry } from '../registry.ts';
import type { Io } from '../report/io.ts';

/** `harden schema`: the playbook's JSON Schema on stdout. */
export function schema(io: Io): ExitCode {
  io.out(`${JSON.stringify(playbookJsonSchema(registry), null, 2)}\n`);
  return ExitCode.Done;
}
