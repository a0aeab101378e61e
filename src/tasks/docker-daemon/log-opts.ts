import { isMap, type JsonMap } from '../support/docker/json.ts';

const ANY = ['mode', 'max-buffer-size', 'cache-disabled', 'cache-max-file', 'cache-max-size', 'cache-compress'];
const LABELS = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  'json-file': ['max-file', 'max-size', 'compress', ...LABELS],
  local: ['max-file', 'max-size', 'compress'],
  journald: LABELS,
  none: [],
};

/** What dockerd would say of log-opts that the log-driver does not take; it would not start. Drivers that it does not ship are not judged. */
export function logOptErrors(config: JsonMap): readonly string[] {
  const driver = typeof config['log-driver'] === 'string' ? config['log-driver'] : 'json-file';
  const known = Object.hasOwn(DRIVERS, driver) ? DRIVERS[driver] : undefined;
  const options = isMap(config['log-opts']) ? config['log-opts'] : {};
  if (known === undefined) return [];
  return Object.keys(options)
    .filter((option) => !known.includes(option) && !ANY.includes(option))
    .map((option) => `the log-driver ${driver} takes no log-opts.${option}: dockerd would not start`);
}
