import { z } from 'zod';

/** What a playbook says of a kernel module. */
export const Modprobe = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, { error: 'a module name has letters, digits, _ and -' })
      .describe('The kernel module: `br_netfilter`.'),
    state: z
      .enum(['present', 'absent', 'disabled'], { error: 'state is present, absent, or disabled (nothing can load it)' })
      .default('present')
      .describe('`present`: loaded now and at boot. `absent`: neither. `disabled`: nothing can load it.'),
    params: z
      .string()
      .regex(/^[A-Za-z0-9_]+=\S+( [A-Za-z0-9_]+=\S+)*$/, { error: 'parameters are written like numdummies=2 debug=1' })
      .optional()
      .describe('Parameters that it is loaded with.'),
  })
  .refine((p) => p.params === undefined || p.state === 'present', {
    error: 'params are for a module that is loaded (state: present)',
  });
export type Modprobe = z.infer<typeof Modprobe>;

/** What is known of a module; keys that the playbook does not speak of serve the findings. */
export type ModprobeState = {
  readonly loaded?: 'yes' | 'no' | 'built in';
  readonly at_boot?: boolean;
  /** Whether modprobe is told to run `false` instead of loading it. */
  readonly disabled?: boolean;
  /** What `options` lines give the parameters of the task. */
  readonly params?: string;
  /** True when this kernel has no such module. */
  readonly missing?: boolean;
  /** What uses it, besides the modules that are named. */
  readonly users?: readonly string[];
  /** Lines of other files that say otherwise: `FILE: LINE`. */
  readonly against?: readonly string[];
  readonly docker?: boolean;
  readonly efi?: boolean;
  readonly snap?: boolean;
};

/** The name as the kernel has it: `-` and `_` are the same to modprobe. */
export function underscored(name: string): string {
  return name.replaceAll('-', '_');
}
