import type { AnyTaskType } from '../engine/task.ts';
import type { Registry } from '../playbook/registry.ts';
import { apparmorTask } from './apparmor.ts';
import { aptTask } from './apt.ts';
import { aptRepositoryTask } from './apt-repository.ts';
import { assertTask } from './assert.ts';
import { auditRulesTask } from './audit-rules.ts';
import { authorizedKeyTask } from './authorized-key.ts';
import { blockinfileTask } from './blockinfile.ts';
import { commandTask } from './command.ts';
import { copyTask } from './copy.ts';
import { cronTask } from './cron.ts';
import { debconfTask } from './debconf.ts';
import { dockerComposeTask } from './docker-compose.ts';
import { dockerContainerTask } from './docker-container.ts';
import { dockerDaemonTask } from './docker-daemon.ts';
import { dockerImageTask } from './docker-image.ts';
import { dockerNetworkTask } from './docker-network.ts';
import { dockerPruneTask } from './docker-prune.ts';
import { fileTask } from './file.ts';
import { getUrlTask } from './get-url.ts';
import { gitTask } from './git.ts';
import { groupTask } from './group.ts';
import { hostnameTask } from './hostname.ts';
import { lineinfileTask } from './lineinfile.ts';
import { listeningTask } from './listening.ts';
import { modprobeTask } from './modprobe.ts';
import { mountTask } from './mount.ts';
import { rebootTask } from './reboot.ts';
import { serviceTask } from './service.ts';
import { sshdTask } from './sshd.ts';
import { sudoersTask } from './sudoers.ts';
import { sysctlTask } from './sysctl.ts';
import { systemdTimerTask } from './systemd-timer.ts';
import { templateTask } from './template.ts';
import { timezoneTask } from './timezone.ts';
import { ufwTask } from './ufw.ts';
import { ufwDockerTask } from './ufw-docker.ts';
import { unattendedUpgradesTask } from './unattended-upgrades.ts';
import { userTask } from './user.ts';
import { wireguardTask } from './wireguard.ts';

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
export const registry: Registry = { get: (type) => byName.get(type), types };
