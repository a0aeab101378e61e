import type { Script } from '../../../remote/sh.ts';

/**
 * Script that checks what would stand at `realPath` and exits non-zero with the program's own words when it does not hold; 0 where the
 * program is not installed. `candidate` is a shell word for the private copy; scratch goes below `$harden_tmp`, nothing else is written.
 */
export type Validator = (candidate: Script, realPath: string) => Script;
