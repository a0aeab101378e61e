import type { Vars } from './vars.ts';

/** A host that an inventory lists. */
export interface InventoryHost {
  readonly name: string;
  /** Where it is reached; the name itself without it. */
  readonly address?: string;
  readonly port?: number;
  readonly user?: string;
  /** Its own variables over those of its groups, over those of the inventory. */
  readonly vars: Vars;
  /** The groups that it is in, outer ones first; `all` is not among them. */
  readonly groups: readonly string[];
}

export interface Inventory {
  readonly file: string;
  /** In the order of the file. */
  readonly hosts: readonly InventoryHost[];
  /** Also those without hosts. */
  readonly groups: readonly string[];
}
