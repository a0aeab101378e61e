import { validateAptConfig } from './apt-config.ts';
import { validateDockerDaemon } from './docker-daemon.ts';
import { validateNginx } from './nginx.ts';
import { validateSshdConfig } from './sshd-config.ts';
import { validateSudoers } from './sudoers.ts';
import { validateSysctl } from './sysctl.ts';
import { validateUfwRules } from './ufw-rules.ts';
import type { Validator } from './validator.ts';

const VALIDATORS: readonly { readonly path: RegExp; readonly validator: Validator }[] = [
  { path: /^\/etc\/ssh\/sshd_config(?:\.d\/[^/]+)?$/, validator: validateSshdConfig },
  { path: /^\/etc\/sudoers(?:\.d\/[^/]+)?$/, validator: validateSudoers },
  { path: /^\/etc\/nginx\/.+$/, validator: validateNginx },
  { path: /^\/etc\/apt\/apt\.conf(?:\.d\/[^/]+)?$/, validator: validateAptConfig },
  { path: /^\/etc\/docker\/daemon\.json$/, validator: validateDockerDaemon },
  { path: /^\/etc\/sysctl(?:\.conf|\.d\/[^/]+\.conf)$/, validator: validateSysctl },
  { path: /^\/etc\/ufw\/(?:before|after|user)6?\.rules$/, validator: validateUfwRules },
];

/** The check that a path brings by itself, whatever task writes it. */
export function validatorFor(path: string): Validator | undefined {
  return VALIDATORS.find((entry) => entry.path.test(path))?.validator;
}

/** What is wrong with a text that would stand at `path`, where that can be told without a host. */
export function contentProblem(path: string, text: string): string | undefined {
  if (path !== '/etc/docker/daemon.json') return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `it would not be JSON, and Docker would not start: ${(error as Error).message}`;
  }
}
