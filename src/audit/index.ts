import type { FileAudit, HostAudit } from './audit.ts';
import { cisDocker } from './cis-docker/index.ts';
import { compose } from './compose/index.ts';
import { containers } from './containers/index.ts';
import { dockerBench } from './docker-bench/index.ts';
import { dockerfile } from './dockerfile/index.ts';
import { effective } from './effective/index.ts';
import { inspec } from './inspec/index.ts';
import { lynis } from './lynis/index.ts';
import { openscap } from './openscap/index.ts';

/** The audits of a host, in the order in which they run; a new one is a folder and a line here. */
export const hostAudits: readonly HostAudit[] = [
  cisDocker,
  dockerBench,
  effective,
  containers,
  inspec,
  lynis,
  openscap,
];

/** The audits of a file. */
export const fileAudits: readonly FileAudit[] = [compose, dockerfile];
