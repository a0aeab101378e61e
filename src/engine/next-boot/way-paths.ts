/** Folders of the system below which lies what a login goes through. */
const SYSTEM = ['/etc', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/boot', '/dev', '/run/sshd', '/proc', '/sys'];

/** Whether what happens to `path` (a glob may stand in it) can take the way in of a login with this home: it is on the way, or above it. */
export function bearsOnWay(path: string, home: string): boolean {
  const clean = path.replace(/\/+$/, '') || '/';
  const fixed = clean.replace(/[*?[].*$/, '');
  const globbed = fixed !== clean;
  const places = [...SYSTEM, home, '/root'];
  return places.some(
    (place) =>
      clean === '/' ||
      place === clean ||
      place.startsWith(`${clean}/`) ||
      clean.startsWith(`${place}/`) ||
      (globbed && (place.startsWith(fixed) || `${place}/`.startsWith(fixed))),
  );
}
