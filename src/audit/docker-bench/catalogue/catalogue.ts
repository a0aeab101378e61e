import { daemon } from './daemon.ts';
import type { CatalogueEntry } from './entry.ts';
import { files } from './files.ts';
import { host } from './host.ts';
import { images } from './images.ts';
import { operations } from './operations.ts';
import { runtime } from './runtime.ts';

/** Every check of docker-bench-security's default run (v1.6.0) by its id; its sections 8 (Enterprise) and C (community) are not in it. */
export const catalogue: ReadonlyMap<string, CatalogueEntry> = new Map(
  [host, daemon, files, images, runtime, operations].flatMap((section) => Object.entries(section)),
);
