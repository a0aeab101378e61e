import { raw, type Script, sh } from '../../remote/sh.ts';
import { DIGEST } from './digest.ts';
import { ENTER } from './enter.ts';
import { READ } from './read.ts';
import { WRITE } from './write.ts';

/**
 * Shell functions for paths of which others than root may own a part. Every script of a task finds them defined: in the shell that
 * probes, validates and applies, in the undo that lies on the host, and at the head of `plan --script`.
 */
export const HOST_FILES: Script = sh`${raw(ENTER)}
${raw(READ)}
${raw(WRITE)}
${raw(DIGEST)}
`;
