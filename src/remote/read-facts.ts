import { HostError } from '../errors.ts';
import { shortLine } from '../text/clean.ts';
import type { Facts } from './facts.ts';

// what systemd-detect-virt calls containers, which share their kernel with others
const CONTAINERS = new Set('openvz lxc lxc-libvirt systemd-nspawn docker podman rkt pouch container-other'.split(' '));

/** Parses what the boot script printed between its READY and FACTS marks; each fact is one line that shows what it is. */
export function readFacts(text: string): Facts {
  const lines = text.split('\n').map((line) => shortLine(line, 500));
  const os = new Map<string, string>();
  const named = new Map<string, string>();
  const words = new Set<string>();
  let uname: readonly string[] = [];
  for (const line of lines) {
    if (line.startsWith('os:')) {
      const [, key, value] = /^os:([A-Z_]+)=(.*)$/.exec(line) ?? [];
      if (key && value !== undefined) os.set(key, value.replace(/^(["'])(.*)\1$/, '$2'));
    } else if (line.includes('=')) {
      const at = line.indexOf('=');
      named.set(line.slice(0, at), line.slice(at + 1));
    } else if (line.split(' ').length === 3) uname = line.split(' ');
    else words.add(line);
  }
  if (named.get('uid') === '') {
    throw new HostError('the root shell may not start any program', {
      hint: 'Take noexec out of the sudoers rule or Defaults of this login, or log in as root',
    });
  }
  if (named.get('uid') !== '0')
    throw new HostError('sudo did not give root: the shell that it started has another user id');
  const [hostname = '', kernel = '', arch = ''] = uname;
  const [client = '', , address = '', port = ''] = (named.get('ssh') ?? '').split(' ');
  const virtualization = named.get('virt') || 'none';
  const container = CONTAINERS.has(virtualization);
  return {
    hostname,
    os: {
      id: os.get('ID') ?? 'unknown',
      version: os.get('VERSION_ID') ?? '',
      codename: os.get('VERSION_CODENAME') ?? '',
      like: (os.get('ID_LIKE') ?? '').split(' ').filter(Boolean),
      name: os.get('PRETTY_NAME') ?? os.get('ID') ?? 'unknown',
    },
    kernel,
    arch,
    systemd: words.has('systemd'),
    virtualization,
    container,
    audit: !container && words.has('audit'),
    apparmor: words.has('apparmor'),
    yama: words.has('yama'),
    apt: words.has('apt'),
    login: named.get('login') ?? '',
    ssh: port ? { client, address, port: Number(port) } : null,
  };
}
