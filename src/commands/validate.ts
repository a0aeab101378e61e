import { ExitCode } from '../errors.ts';
import { loadPlaybook } from '../playbook/load.ts';
import { validatePlaybook } from '../playbook/resolve.ts';
import { registry } from '../registry.ts';
import type { Io } from '../report/io.ts';
import { checkExtraVars } from './extra-vars.ts';
import { commandVars, type PlaybookOptions } from './hosts.ts';

/** `harden validate`: checks a playbook as far as that goes without a host. */
export async function validate(file: string, options: PlaybookOptions, io: Io): Promise<ExitCode> {
  const playbook = await loadPlaybook(file, registry);
  await checkExtraVars(playbook, options);
  const { tags, skipTags } = options;
  validatePlaybook(playbook, {
    vars: await commandVars(options),
    env: io.env,
    home: io.home,
    ...(tags ? { tags } : {}),
    ...(skipTags ? { skipTags } : {}),
  });
  io.out(`${file}: valid\n`);
  return ExitCode.Done;
}
