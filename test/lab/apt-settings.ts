import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import type { Suite } from './lab-host.ts';

/** How this machine gets Debian's packages, in the words that another Debian understands. */
export interface AptSettings {
  /** Lines for sources.list; none means that the defaults of mmdebstrap are right. */
  readonly sources: readonly string[];
  /** Lines for apt.conf. */
  readonly options: readonly string[];
}

const PASSED_ON = [
  'Acquire::http::Proxy',
  'Acquire::https::Proxy',
  'Acquire::Check-Valid-Until',
  'Acquire::Check-Date',
] as const;

/** Reads the mirrors and proxies that this machine uses, so that its lab hosts reach packages the way it does. */
export async function aptSettings(suite: Suite): Promise<AptSettings> {
  const [sources, options] = await Promise.all([mirrors(suite), passedOnOptions()]);
  return { sources, options };
}

async function mirrors(suite: Suite): Promise<readonly string[]> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
  if (!/^ID=debian$/m.test(release) || codename === undefined) return [];
  // It parses every form of sources list there is and, unlike `indextargets`, takes no second.
  const { stdout } = await execa('apt-get', ['update', '--print-uris']);
  const indexes = [...stdout.matchAll(/^'([^']+)\/dists\/([^/]+)\//gm)];
  const main = indexes.find(([, , name]) => name === codename)?.[1];
  const security = indexes.find(([, , name]) => name === `${codename}-security`)?.[1];
  if (main === undefined || security === undefined) return [];
  return [`deb ${main} ${suite} main`, `deb ${main} ${suite}-updates main`, `deb ${security} ${suite}-security main`];
}

async function passedOnOptions(): Promise<readonly string[]> {
  const { stdout } = await execa('apt-config', ['dump', '--format', '%f %v%n', ...PASSED_ON]);
  const options = new Map(stdout.split('\n').map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']));
  for (const scheme of ['http', 'https']) {
    const fromEnvironment = process.env[`${scheme}_proxy`];
    const key = `Acquire::${scheme}::Proxy`;
    if (fromEnvironment && !options.get(key)) options.set(key, fromEnvironment);
  }
  return [...options].filter(([key, value]) => key !== '' && value !== '').map(([key, value]) => `${key} "${value}";`);
}
