/** Owner, group and mode of a file or directory; what is not given stays as it is. */
export interface FileAttributes {
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  /** Octal, as `chmod` takes it. */
  readonly mode?: string | undefined;
}
