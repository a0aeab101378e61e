import { z } from 'zod';
import { contains, familyOf } from '../support/network.ts';

const OptionText = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const subnet = z.string().refine((text) => text.includes('/') && familyOf(text) !== undefined, {
  error: 'not a network: write it as 172.30.0.0/24',
});
const address = z.string().refine((text) => !text.includes('/') && familyOf(text) !== undefined, {
  error: 'not an address: write it as 172.30.0.1',
});

const Pool = z
  .strictObject({
    subnet: subnet.describe('The network in CIDR notation.'),
    gateway: address.optional().describe("The host's own address in it; by default the first one."),
    iprange: subnet.optional().describe('The part of it from which containers get their addresses.'),
  })
  .refine(
    (pool) => [pool.gateway, pool.iprange].every((inner) => inner === undefined || contains(pool.subnet, inner)),
    {
      error: 'gateway and iprange must be part of the subnet',
    },
  );

/** What a playbook says of a network. */
export const DockerNetwork = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, {
        error: 'the name of a network is letters, digits, `_`, `.` and `-`, and begins with a letter or a digit',
      })
      .refine((name) => !['bridge', 'host', 'none'].includes(name), {
        error: 'dockerd makes this network itself: `icc` and `bip` of docker_daemon speak of the default one',
      })
      .describe('The name of the network.'),
    driver: z
      .string()
      .min(1)
      .default('bridge')
      .describe('What makes the network: `bridge`, `macvlan`, `ipvlan`, `overlay`.'),
    internal: z
      .boolean()
      .optional()
      .describe('True: containers on it reach each other, and nothing outside. A new network is not internal.'),
    attachable: z.boolean().optional().describe('True: containers that are no services may join an overlay network.'),
    enable_ipv6: z.boolean().optional().describe('True: containers get addresses of both families.'),
    driver_options: z
      .record(z.string().regex(/^[^\s=]+$/, { error: 'the name of an option has no space and no =' }), OptionText)
      .default({})
      .describe(
        "The driver's options; `com.docker.network.bridge.enable_icc: false` keeps containers on it from reaching each other.",
      ),
    ipam_config: z
      .array(Pool)
      .min(1)
      .optional()
      .describe('The subnets, with gateway and iprange. Left out: Docker chooses one, and it stays.'),
    labels: z
      .record(z.string().regex(/^[^\s=]+$/, { error: 'the name of a label has no space and no =' }), OptionText)
      .default({})
      .describe('Labels; others of the network stay.'),
    force: z
      .boolean()
      .default(false)
      .describe(
        'True: a network that differs is made anew, and one that goes is taken from its containers; those that run are connected again, with their aliases and fixed addresses.',
      ),
    state: z.enum(['present', 'absent']).default('present').describe('Whether the network is there.'),
  })
  .refine((p) => p.driver !== 'overlay' || p.attachable !== undefined, {
    error: 'say whether an overlay network is attachable: containers can join it only then',
  });
export type DockerNetwork = z.infer<typeof DockerNetwork>;
