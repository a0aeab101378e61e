import { dockerNetworkTask } from '../../src/tasks/docker-network/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const ICC = 'com.docker.network.bridge.enable_icc';

const network = (name: string, subnet: string, more: Record<string, unknown> = {}) => ({
  Name: name,
  Driver: 'bridge',
  EnableIPv6: false,
  IPAM: { Driver: 'default', Config: [{ Subnet: subnet, Gateway: subnet.replace(/0\/\d+$/, '1') }] },
  Internal: false,
  Attachable: false,
  Options: {},
  Labels: {},
  ...more,
});

function host(networks: readonly unknown[], containers: readonly string[] = [], interrupted = false): string {
  return `== networks\n${JSON.stringify([network('bridge', '172.17.0.0/16'), ...networks])}\n== containers\n${containers.map((name) => `${name}\n`).join('')}== drivers\n["bridge","host","ipvlan","macvlan","null","overlay"]\n${interrupted ? '== interrupted\n' : ''}`;
}

describeTask(dockerNetworkTask, [
  {
    name: 'makes one',
    params: { name: 'front', driver_options: { [ICC]: false }, labels: { 'a.b': 1 } },
    given: host([]),
    expect: {
      before: { state: 'absent' },
      keys: ['state', 'driver', `driver_options.${ICC}`, 'labels.a.b'],
      script: [`network create --driver bridge --opt ${ICC}=false --label a.b=1 -- front`],
      undo: ['network rm -- front'],
      findings: [],
      needs: ['command:docker', 'running:docker.service'],
      provides: ['network:front'],
    },
  },
  {
    name: 'is content with what is there, whatever else the network has',
    params: { name: 'front', driver_options: { [ICC]: 'false' }, ipam_config: [{ subnet: '172.30.0.9/24' }] },
    given: host(
      [network('front', '172.30.0.0/24', { Options: { [ICC]: 'false', x: 'y' }, Labels: { z: '1' } })],
      ['web'],
    ),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'does not make it anew without consent',
    params: { name: 'front', internal: true },
    given: host([network('front', '172.30.0.0/24')], ['web']),
    expect: {
      keys: ['internal'],
      findings: [
        'refuse: internal cannot be changed on a network that is there: it must be made anew, and the container web is on it force: true',
      ],
    },
  },
  {
    name: 'makes it anew with consent, with what it had besides',
    params: { name: 'front', internal: true, force: true },
    given: host(
      [network('front', '172.30.0.0/24', { Options: { x: 'y z' }, Labels: { tier: 'web' } })],
      ['web', 'app'],
    ),
    expect: {
      keys: ['internal'],
      script: [
        "network create --driver bridge --internal --subnet 172.30.0.0/24 --gateway 172.30.0.1 --opt 'x=y z' --label tier=web -- front",
        'network connect $flags -- front "$container"',
      ],
      undo: [
        "network create --driver bridge --subnet 172.30.0.0/24 --gateway 172.30.0.1 --opt 'x=y z' --label tier=web -- front",
      ],
      findings: ['warn: the containers web, app will be off this network for a moment'],
    },
  },
  {
    name: 'connects what a run that was cut off left behind, without being asked',
    params: { name: 'front' },
    given: host([network('front', '172.30.0.0/24')], [], true),
    expect: { keys: ['interrupted'], findings: [] },
  },
  {
    name: 'does not take one from its containers without consent',
    params: { name: 'front', state: 'absent' },
    given: host([network('front', '172.30.0.0/24')], ['web']),
    expect: { keys: ['state'], findings: ['refuse: the container web is on this network'], provides: [] },
  },
  {
    name: 'refuses a subnet that another network has, and a driver that Docker has not',
    params: { name: 'front', driver: 'weave', ipam_config: [{ subnet: '172.17.5.0/24', iprange: '172.17.5.128/25' }] },
    given: host([]),
    expect: {
      script: ['--subnet 172.17.5.0/24 --ip-range 172.17.5.128/25'],
      findings: [
        'refuse: Docker has no network driver weave here',
        'refuse: 172.17.5.0/24 overlaps with 172.17.0.0/16 of the network bridge',
      ],
    },
  },
]);

describeInvalid(dockerNetworkTask, [
  { name: 'the default network', params: { name: 'bridge' }, message: 'docker_daemon' },
  { name: 'a name that is none', params: { name: 'a b' }, message: 'letters, digits' },
  {
    name: 'a subnet without its length',
    params: { name: 'a1', ipam_config: [{ subnet: '10.0.0.0' }] },
    message: '172.30.0.0/24',
  },
  {
    name: 'a gateway somewhere else',
    params: { name: 'a1', ipam_config: [{ subnet: '10.0.0.0/24', gateway: '10.0.1.1' }] },
    message: 'part of the subnet',
  },
  {
    name: 'an overlay that says nothing of containers',
    params: { name: 'a1', driver: 'overlay' },
    message: 'attachable',
  },
]);
