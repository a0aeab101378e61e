import { z } from 'zod';

/** The name of a user or group as Debian's shadow tools take it; all digits would be read as a number. */
export const accountWord = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/,
    'not the name of an account: 1 to 32 letters, digits, `_`, `-` and `.`, and a letter or `_` first',
  );

/** The number of a user or group; 4294967295 is no id but "unchanged". */
export const accountNumber = z.int().nonnegative().max(4_294_967_294);
