import { expect, test } from 'vitest';
import { bearsOn } from '../../src/engine/bears-on.ts';
import type { PlannedTask } from '../../src/engine/plan.ts';
import type { AnyTaskType } from '../../src/engine/task.ts';

interface Paths {
  readonly provides?: readonly string[];
  readonly keeps?: readonly string[];
}

function planned(action: PlannedTask['action'], params: Paths): PlannedTask {
  const type = {
    provides: ({ provides = [] }: Paths) => provides.map((path) => `path:${path}`),
    keeps: ({ keeps = [] }: Paths) => keeps,
  } as unknown as AnyTaskType;
  const change = action === 'none' ? undefined : { action: 'create', before: null, after: {}, keys: [] };
  return { task: { type, params }, action, change, findings: [], notifies: [], risk: false } as unknown as PlannedTask;
}

const site = planned('create', { provides: ['/etc/nginx/conf.d/site.conf'], keeps: ['/etc/nginx/conf.d/site.conf'] });

const cases: readonly (readonly [what: string, earlier: PlannedTask, said: string, bears: boolean])[] = [
  [
    'a file that is made',
    planned('create', { provides: ['/etc/ssl/a.pem'] }),
    'cannot load "/etc/ssl/a.pem": no such file',
    true,
  ],
  [
    'a file in a directory that is made',
    planned('create', { provides: ['/etc/ssl/app'] }),
    'cannot load "/etc/ssl/app/a.pem"',
    true,
  ],
  [
    'a file in a directory that is there',
    planned('update', { provides: ['/etc/ssl/app'] }),
    'cannot load "/etc/ssl/app/a.pem"',
    false,
  ],
  [
    'a file that goes',
    planned('delete', { keeps: ['/etc/nginx/sites-enabled/default'] }),
    'duplicate server in /etc/nginx/sites-enabled/default:22',
    true,
  ],
  [
    'a file that stays as it is',
    planned('none', { provides: ['/etc/ssl/a.pem'] }),
    'cannot load "/etc/ssl/a.pem"',
    false,
  ],
  [
    'a name that only begins so',
    planned('create', { keeps: ['/etc/ssl/a.pem'] }),
    'cannot load "/etc/ssl/a.pem.old"',
    false,
  ],
  [
    'a path that only ends so',
    planned('create', { keeps: ['/etc/ssl/a.pem'] }),
    'cannot load "/root/etc/ssl/a.pem"',
    false,
  ],
  [
    'the file itself',
    planned('update', { keeps: ['/etc/nginx/conf.d/site.conf'] }),
    'unknown directive in /etc/nginx/conf.d/site.conf:3',
    false,
  ],
  ['nothing that is named', planned('create', { provides: ['/etc/ssl/a.pem'] }), 'unknown directive', false],
];

test.each(cases)('what a validator says of %s', (_what, earlier, said, bears) => {
  expect(bearsOn(earlier, site, said)).toBe(bears);
});
