import { expect, test } from 'vitest';
import { taskReference } from '../../scripts/task-reference.ts';
import { registry } from '../../src/tasks/index.ts';

const page = taskReference(registry);
const sectionOf = (type: string) => page.split(/^## /m).find((section) => section.startsWith(`${type}\n`)) ?? '';

test.each([
  ['ufw', '| `rules[].rule` | one of allow, deny, reject, limit | **required** |'],
  ['ufw', '| `default.incoming` | one of allow, deny, reject |  |'],
  ['listening', '| `allow[].proto` | one of tcp, udp | `"tcp"` |'],
  ['command', '| `environment` | map of string | `{}` |'],
  ['sshd', '| `options` | map | **required** |'],
  ['file', 'Checks of docker-bench-security that it mends: 3.1, 3.2,'],
  ['docker_daemon', 'Checks of docker-bench-security that it mends: 2.2, 2.3,'],
])('the page of %s has %s', (type, text) => {
  expect(sectionOf(type)).toContain(text);
});
