import type { Severity } from '../../result.ts';

/** A file of the host as the bench finds it: by its path, by the unit that it defines, or by the key of daemon.json that names it. */
export type HostFile =
  | { readonly path: string }
  | { readonly unit: 'docker.service' | 'docker.socket' | 'containerd.sock' }
  | { readonly daemonKey: 'tlscacert' | 'tlscert' | 'tlskey' };

/** What mends a check that does not pass. */
export type Mend =
  /** A watch of `audit_rules`. */
  | { readonly by: 'watch'; readonly file: HostFile }
  /** Keys of daemon.json, through `docker_daemon`. */
  | {
      readonly by: 'daemon';
      readonly options?: Readonly<Record<string, string | boolean | Readonly<Record<string, unknown>>>>;
      readonly remove?: readonly string[];
    }
  /** Owner and mode, through `file`. */
  | { readonly by: 'file'; readonly file: HostFile; readonly owner?: string; readonly mode?: string }
  /** The container made anew with this flag of docker run, or with this in its compose service. */
  | { readonly by: 'container'; readonly run: string; readonly compose: string }
  /** The image built anew with this in its Dockerfile. */
  | { readonly by: 'image'; readonly dockerfile: string }
  /** A person decides, and does this. */
  | { readonly by: 'manual'; readonly how: string }
  /** harden does not chase it, and says why. */
  | { readonly by: 'declined'; readonly why: string };

/** What harden knows of one check of docker-bench-security, in its own words. */
export interface CatalogueEntry {
  /** What must hold. */
  readonly about: string;
  /** How bad it is if it does not. */
  readonly severity: Severity;
  readonly mend: Mend;
  readonly effort: 'low' | 'medium' | 'high';
  /** What mending costs what runs: nothing, a restart of Docker, containers made anew, data that moves or goes out of sight. */
  readonly risk: 'none' | 'restart' | 'recreate' | 'data';
  /** PASS counts +1 and WARN -1; else the check has no part in the score. */
  readonly scored: boolean;
  /** Why a PASS does not mean what it says. */
  readonly dishonest?: string;
}

/** How many points the score gains when a check goes from a result to PASS. */
export function pointsFor(entry: CatalogueEntry, from: string): number {
  if (!entry.scored || from === 'PASS') return 0;
  return from === 'WARN' ? 2 : 1;
}
