import type { Field } from './field.ts';
import { healthFields } from './fields-health.ts';
import { limitsFields } from './fields-limits.ts';
import { networkFields } from './fields-network.ts';
import { processFields } from './fields-process.ts';
import { rightsFields } from './fields-rights.ts';
import { storageFields } from './fields-storage.ts';

/** Everything but image, environment and whether it runs. */
export const containerFields: readonly Field[] = [
  ...processFields,
  ...rightsFields,
  ...networkFields,
  ...storageFields,
  ...limitsFields,
  ...healthFields,
];
