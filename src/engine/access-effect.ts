/** Where the next login must be tried: as whom and on which port, where that is not as before. */
export interface WayIn {
  readonly user?: string | undefined;
  readonly port?: number | undefined;
}

/** How a task bears on who can log in and become root; the engine weighs those of all tasks together. */
export interface AccessEffect {
  /** sshd: what it will say of root, and where it will listen. */
  readonly sshd?: {
    readonly permitRootLogin?: string | undefined;
    readonly passwordAuthentication?: string | undefined;
    readonly ports?: readonly number[] | undefined;
  };
  /** An account that the task leaves able (or unable) to become root through sudo. */
  readonly administrator?: { readonly user: string; readonly able: boolean; readonly withoutPassword?: boolean };
  /** An account that the task gives a key. */
  readonly key?: { readonly user: string };
  /** Groups that the task has an account in; `only`: and in no other beside its primary one. */
  readonly member?: { readonly user: string; readonly groups: readonly string[]; readonly only: boolean };
}
