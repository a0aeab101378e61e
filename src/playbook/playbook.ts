import type { AnyTaskType } from '../engine/task.ts';
import type { SourcePosition } from '../errors.ts';
import type { ListNode, MapEntry, MapNode, ScalarNode, ValueNode } from './nodes.ts';

/** One YAML file of a playbook, and through its includes the files below it; nothing in it is rendered yet. */
export interface PlaybookFile {
  readonly file: string;
  readonly name: ScalarNode | undefined;
  readonly vars: readonly MapEntry[];
  readonly items: readonly PlaybookItem[];
  readonly handlers: readonly HandlerItem[];
  readonly audit: MapNode | undefined;
}

export type PlaybookItem = TaskItem | IncludeItem;

interface ItemBase {
  readonly at: SourcePosition;
  readonly name: ScalarNode | undefined;
  readonly when: MapNode | undefined;
  readonly unless: MapNode | undefined;
  readonly tags: readonly string[];
}

export interface TaskItem extends ItemBase {
  readonly kind: 'task';
  readonly type: AnyTaskType;
  readonly typeAt: SourcePosition;
  readonly params: ValueNode;
  readonly each: ListNode | ScalarNode | undefined;
  readonly notify: readonly NotifyItem[];
  readonly sensitive: boolean;
}

export interface NotifyItem {
  readonly name: string;
  readonly at: SourcePosition;
}

export interface IncludeItem extends ItemBase {
  readonly kind: 'include';
  readonly file: PlaybookFile;
  readonly vars: readonly MapEntry[];
}

export interface HandlerItem {
  readonly name: string;
  readonly at: SourcePosition;
  readonly check: ScalarNode | undefined;
  readonly run: ScalarNode;
}
