import type { AnyTaskType } from '../engine/task.ts';
import type { TaskRegistry } from '../playbook/registry.ts';
import { apparmorTask } from './apparmor.ts';
import { aptTask } from './apt/index.ts';
import { aptRepositoryTask } from './apt-repository/index.ts';
import { assertTask } from './assert.ts';
import { auditRulesTask } from './audit-rules/index.ts';
import { authorizedKeyTask } from './authorized-key/index.ts';
import { blockinfileTask } from './blockinfile.ts';
import { commandTask } from './command/index.ts';
import { copyTask } from './copy.ts';
import { cronTask } from './cron/index.ts';
import { debconfTask } from './debconf.ts';
import { dockerComposeTask } from './docker-compose/index.ts';
import { dockerContainerTask } from './docker-container/index.ts';
import { dockerDaemonTask } from './docker-daemon/index.ts';
import { dockerImageTask } from './docker-image.ts';
import { dockerNetworkTask } from './docker-network/index.ts';
import { dockerPruneTask } from './docker-prune/index.ts';
import { fileTask } from './file/index.ts';
import { getUrlTask } from './get-url.ts';
import { gitTask } from './git/index.ts';
import { groupTask } from './group.ts';
import { hostnameTask } from './hostname.ts';
import { lineinfileTask } from './lineinfile.ts';
import { listeningTask } from './listening/index.ts';
import { modprobeTask } from './modprobe/index.ts';
import { mountTask } from './mount/index.ts';
import { rebootTask } from './reboot.ts';
import { serviceTask } from './service/index.ts';
import { sshdTask } from './sshd/index.ts';
import { sudoersTask } from './sudoers.ts';
import { sysctlTask } from './sysctl/index.ts';
import { systemdTimerTask } from './systemd-timer/index.ts';
import { templateTask } from './template.ts';
import { timezoneTask } from './timezone.ts';
import { ufwTask } from './ufw/index.ts';
import { ufwDockerTask } from './ufw-docker/index.ts';
import { unattendedUpgradesTask } from './unattended-upgrades/index.ts';
import { userTask } from './user/index.ts';
import { wireguardTask } from './wireguard/index.ts';

/** Every task type, in the order of its name; a new type is one import and one line here. */
const types: readonly AnyTaskType[] = [
  apparmorTask,
  aptTask,
  aptRepositoryTask,
  assertTask,
  auditRulesTask,
  authorizedKeyTask,
  blockinfileTask,
  commandTask,
  copyTask,
  cronTask,
  debconfTask,
  dockerComposeTask,
  dockerContainerTask,
  dockerDaemonTask,
  dockerImageTask,
  dockerNetworkTask,
  dockerPruneTask,
  fileTask,
  getUrlTask,
  gitTask,
  groupTask,
  hostnameTask,
  lineinfileTask,
  listeningTask,
  modprobeTask,
  mountTask,
  rebootTask,
  serviceTask,
  sshdTask,
  sudoersTask,
  sysctlTask,
  systemdTimerTask,
  templateTask,
  timezoneTask,
  ufwTask,
  ufwDockerTask,
  unattendedUpgradesTask,
  userTask,
  wireguardTask,
];

const byName = new Map(types.map((type) => [type.type, type]));

/** The task types that a playbook may name. */
export const registry: TaskRegistry = { get: (type) => byName.get(type), types };
