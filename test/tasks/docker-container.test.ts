import { dockerContainerTask } from '../../src/tasks/docker-container/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const ID = 'c'.repeat(64);
const IMAGE = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const DIGEST = `sha256:${'1'.repeat(64)}`;
const NEW_DIGEST = `sha256:${'2'.repeat(64)}`;

type Part = Readonly<Record<string, unknown>>;

/** As `docker inspect` tells of a container that was made with nothing but image and command. */
function container(host: Part = {}, config: Part = {}, more: Part = {}) {
  return {
    Id: ID,
    Image: IMAGE,
    State: { Status: 'running' },
    Mounts: [],
    ...more,
    NetworkSettings: { Networks: { none: { Aliases: null, IPAMConfig: null } }, ...(more.NetworkSettings as object) },
    Config: {
      Image: 'app:1',
      Hostname: ID.slice(0, 12),
      User: '',
      Cmd: ['serve', '8080'],
      Entrypoint: ['/run'],
      WorkingDir: '/app',
      Env: ['PATH=/bin'],
      Labels: { 'of.image': 'x' },
      ...config,
    },
    HostConfig: {
      CapDrop: ['ALL'],
      CapAdd: null,
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'noexec,nosuid,nodev,size=64m' },
      NetworkMode: 'none',
      PortBindings: {},
      Binds: null,
      Devices: [],
      Memory: 536870912,
      MemorySwap: 1073741824,
      NanoCpus: 1e9,
      PidsLimit: 256,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 },
      Ulimits: [
        { Name: 'nofile', Soft: 1024, Hard: 16384 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      IpcMode: 'private',
      LogConfig: { Type: 'local', Config: { 'max-file': '2' } },
      ...host,
    },
  };
}

const image = (id: string, config: Part = {}) => ({
  Id: id,
  RepoDigests: [`app@${id === IMAGE ? DIGEST : NEW_DIGEST}`],
  Config: {
    User: '',
    Cmd: ['start'],
    Entrypoint: ['/run'],
    WorkingDir: '/app',
    Env: ['PATH=/bin'],
    Labels: { 'of.image': 'x' },
    ...config,
  },
});

interface Host {
  readonly container?: object;
  readonly made?: object;
  readonly wanted?: object | null;
  readonly info?: string;
  readonly shared?: string;
  readonly missing?: string;
  readonly listening?: string;
  readonly registry?: string;
  readonly leftover?: boolean;
}

function host(has: Host = {}): string {
  const list = (value: object | null | undefined): string => JSON.stringify(value ? [value] : []);
  const made = has.made ?? image(IMAGE);
  return [
    `== container\n${list(has.container)}\n`,
    has.leftover ? '== leftover\n' : '',
    `== made\n${has.container === undefined ? '' : list(made)}\n`,
    `== wanted\n${list(has.wanted === undefined ? made : has.wanted)}\n`,
    `== info\n${has.info ?? '[4,true,true,true]'}\n`,
    `== shared\n${has.shared ?? ''}== missing\n${has.missing ?? ''}== listening\n${has.listening ?? ''}== registry\n${has.registry ?? ''}`,
  ].join('');
}

const app = { name: 'app', image: 'app:1', command: 'serve 8080' };
/** What is said of an image that is root's and has no health check. */
const PLAIN = [/^warn: it runs as root inside, .*4\.1/, /^warn: nothing tells whether it works.*5\.27/];
const has = (digest: string) => `200\n{"Descriptor":{"digest":"${digest}"}}\n`;

describeTask(dockerContainerTask, [
  {
    name: 'makes a hardened one of image and command',
    params: app,
    given: host(),
    expect: {
      before: { state: 'absent' },
      action: 'update',
      script: [
        'create --name app.harden-new --env-file "$harden_tmp/env"',
        '--cap-drop ALL --security-opt no-new-privileges --read-only --ipc private',
        '--tmpfs /tmp:noexec,nosuid,nodev,size=64m',
        '--network none',
        '--memory 536870912 --cpus 1 --pids-limit 256',
        '--ulimit nofile=1024:16384',
        '--restart on-failure:5',
        'app:1 serve 8080',
        'rename app.harden-new app',
      ],
      notScript: ['--privileged', '--publish', 'undefined'],
      undo: ['rm -f'],
      findings: PLAIN,
      needs: ['command:docker', 'running:docker.service'],
      provides: ['container:app'],
    },
  },
  {
    name: 'finds nothing to do where it is so, whatever the daemon adds',
    params: { ...app, user: '', healthcheck: 'none' },
    given: host({ container: container() }),
    expect: { before: { state: 'started', command: ['serve', '8080'] }, action: 'none', findings: [] },
  },
  {
    name: 'reads what older versions count as aliases',
    params: {
      ...app,
      hostname: 'box',
      networks: [{ name: 'front', aliases: ['www'], ipv4_address: '10.9.0.2' }, 'back'],
    },
    given: host({
      container: container(
        { NetworkMode: 'front' },
        { Hostname: 'box' },
        {
          NetworkSettings: {
            Networks: {
              back: { Aliases: [ID.slice(0, 12), 'box'], IPAMConfig: {} },
              front: { Aliases: ['www', ID.slice(0, 12), 'box'], IPAMConfig: { IPv4Address: '10.9.0.2' } },
            },
          },
        },
      ),
    }),
    expect: {
      before: { networks: ['back', 'front as www at 10.9.0.2'] },
      action: 'none',
      needs: ['command:docker', 'network:back', 'network:front', 'running:docker.service'],
    },
  },
  {
    name: 'joins each network before it starts',
    params: { ...app, networks: ['front', { name: 'back', aliases: ['db'] }], published_ports: ['127.0.0.1:8080:80'] },
    given: host(),
    expect: {
      script: ['--network front --publish 127.0.0.1:8080:80/tcp', 'network connect --alias db  back app.harden-new'],
    },
  },
  {
    name: 'keeps values of the environment out of arguments, states and findings',
    params: { ...app, env: { TOKEN: 'hunter2hunter2', PLAIN: 'x' } },
    given: host({ container: container({}, { Env: ['PATH=/bin', 'TOKEN=hunter1hunter1'] }) }),
    expect: {
      before: { env: ['TOKEN (another value)'] },
      want: { env: ['PLAIN', 'TOKEN'] },
      keys: ['env'],
      script: ["printf '%s\n' TOKEN=hunter2hunter2\n", '--env-file "$harden_tmp/env"'],
      notScript: [/docker[^\n]*hunter/],
    },
  },
  {
    name: 'makes it anew where the definition differs, and takes the old one back where the new one fails',
    params: { ...app, read_only: false, user: '1000' },
    given: host({ container: container() }),
    expect: {
      keys: ['user', 'read_only'],
      script: [
        'stop app >/dev/null\n  docker -H unix:///run/docker.sock rename app app.harden-old',
        'rename app.harden-old app',
        'the container before is back under the name app',
      ],
      undo: null,
    },
  },
  {
    name: 'changes limits and restart policy in place, and back',
    params: { ...app, memory: '256m', cpus: 0.5, pids_limit: 0, restart_policy: 'always' },
    given: host({ container: container() }),
    expect: {
      keys: ['memory', 'cpus', 'pids_limit', 'restart_policy'],
      script: ['update --memory 268435456 --memory-swap 536870912 --cpus 0.5 --pids-limit -1 --restart always app'],
      notScript: [' create ', ' rename '],
      undo: ['--memory 536870912 --memory-swap 1073741824', '--restart on-failure:5'],
    },
  },
  {
    name: 'takes limits of memory and processors away with a new container alone',
    params: { ...app, memory: 0, cpus: 0 },
    given: host({ container: container() }),
    expect: { keys: ['memory', 'cpus'], script: [' create ', ' rename '], notScript: [' update '], undo: null },
  },
  {
    name: 'leaves limits as they are where no new container may be made',
    params: { ...app, memory: 0, cpus: 0, restart_policy: 'always', recreate: 'never' },
    given: host({ container: container() }),
    expect: {
      keys: ['restart_policy'],
      script: ['update --pids-limit 256 --restart always app'],
      findings: [/^warn: memory, cpus differ, and recreate: never leaves/, ...PLAIN],
    },
  },
  {
    name: 'gives limits in place, and an undo does not say that it takes them away',
    params: { ...app, memory: '256m', cpus: 0.5, pids_limit: 100 },
    given: host({ container: container({ Memory: 0, MemorySwap: 0, NanoCpus: 0 }) }),
    expect: {
      keys: ['memory', 'cpus', 'pids_limit'],
      script: ['update --memory 268435456'],
      undo: [/update --pids-limit 256 app/],
    },
  },
  {
    name: 'takes up another image behind the tag',
    params: { ...app, pull: 'always' },
    given: host({ container: container(), registry: has(NEW_DIGEST) }),
    expect: {
      before: { image: 'app:1 (another one by now: this is aaaaaaaaaaaa)' },
      keys: ['image'],
      script: ['pull -q app:1', 'rename app.harden-old app'],
    },
  },
  {
    name: 'is content where the registry has the same',
    params: { ...app, pull: 'always' },
    given: host({ container: container(), registry: has(DIGEST) }),
    expect: { action: 'none' },
  },
  {
    name: 'takes up an image that was pulled otherwise',
    params: app,
    given: host({ container: container(), wanted: image(OTHER) }),
    expect: { keys: ['image'], script: ['image inspect app:1 >/dev/null 2>&1 || docker'] },
  },
  {
    name: 'pulls nothing where the image is made on the host',
    params: { ...app, pull: 'never' },
    given: host({ wanted: null }),
    expect: {
      notScript: [' pull '],
      findings: ['warn: app:1 is not on the host, and pull: never fetches it from nowhere'],
    },
  },
  {
    name: 'is made of what the image says where the playbook is silent',
    params: { name: 'app', image: 'app:1' },
    given: host({
      container: container({}, { Cmd: ['start'] }),
      made: image(IMAGE, { User: '7', Healthcheck: { Test: ['CMD', '/check'] } }),
    }),
    expect: {
      before: { command: 'as in the image', entrypoint: 'as in the image', working_dir: 'as in the image', user: '' },
      keys: ['user', 'healthcheck'],
      findings: [],
    },
  },
  {
    name: 'says that a container runs unwell',
    params: { ...app, user: '1', healthcheck: 'none' },
    given: host({
      container: container(
        {},
        { User: '1', Healthcheck: { Test: ['NONE'] } },
        { State: { Status: 'running', Health: { Status: 'unhealthy' } } },
      ),
    }),
    expect: { action: 'none', findings: [/^warn: app runs, and is unhealthy/] },
  },
  {
    name: 'one that has stopped is unwell no more',
    params: { ...app, user: '1', healthcheck: 'none', state: 'present' },
    given: host({
      container: container(
        {},
        { User: '1', Healthcheck: { Test: ['NONE'] } },
        { State: { Status: 'exited', Health: { Status: 'unhealthy' } } },
      ),
    }),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'reads a health check as the playbook writes it',
    params: {
      ...app,
      user: '1',
      healthcheck: { test: ['CMD-SHELL', 'curl -f http://localhost'], interval: '1m30s', retries: 3 },
    },
    given: host({
      container: container(
        {},
        {
          User: '1',
          Healthcheck: { Test: ['CMD-SHELL', 'curl -f http://localhost'], Interval: 90e9, Timeout: 5e9, Retries: 3 },
        },
      ),
      made: image(IMAGE, { Healthcheck: { Test: ['CMD', '/check'], Timeout: 5e9 } }),
    }),
    expect: {
      before: { healthcheck: 'curl -f http://localhost (interval 90s, retries 3)' },
      action: 'none',
      findings: [],
    },
  },
  {
    name: 'knows the container whose network is shared, by its name',
    params: { ...app, network_mode: 'container:proxy' },
    given: host({
      container: container({ NetworkMode: `container:${'d'.repeat(64)}` }),
      shared: `${'d'.repeat(64)} proxy\n`,
    }),
    expect: {
      before: { network_mode: 'container:proxy' },
      action: 'none',
      needs: ['command:docker', 'container:proxy', 'running:docker.service'],
    },
  },
  {
    name: 'leaves what differs with recreate: never, and says so',
    params: { ...app, recreate: 'never', read_only: false, memory: '1g' },
    given: host({ container: container() }),
    expect: {
      keys: ['memory'],
      findings: ['warn: read_only differs, and recreate: never leaves the container as it is', ...PLAIN],
    },
  },
  {
    name: 'stops one that runs',
    params: { ...app, state: 'stopped' },
    given: host({ container: container() }),
    expect: { keys: ['state'], script: ['stop app'], notScript: [' create '], undo: ['start app'] },
  },
  {
    name: 'starts one that hangs in restarts, and watches it',
    params: app,
    given: host({ container: container({}, {}, { State: { Status: 'restarting' } }) }),
    expect: { before: { state: 'restarting' }, keys: ['state'], script: ['restart app', 'does not stay up'] },
  },
  {
    name: 'removes it, and what was left of an update',
    params: { name: 'app', state: 'absent' },
    given: host({ container: container(), leftover: true }),
    expect: {
      action: 'update',
      keys: ['state', 'leftover'],
      script: ['for container in app app.harden-old app.harden-new'],
      findings: [],
      undo: null,
    },
  },
  {
    name: 'says what is weaker than it need be',
    params: {
      ...app,
      user: '1',
      image: 'app',
      healthcheck: 'none',
      privileged: true,
      cap_add: ['sys_admin', 'net_bind_service'],
      pid_mode: 'host',
      networks: ['bridge'],
      published_ports: ['0.0.0.0:80:8080'],
      volumes: ['/etc:/host/etc', '/var/run/docker.sock:/var/run/docker.sock:ro', '/srv:/srv:rshared'],
    },
    given: host({ wanted: image(IMAGE) }),
    expect: {
      findings: [
        /privileged.*5\.5/,
        /cap_add gives more than Docker itself would: SYS_ADMIN .*5\.4/,
        /default network.*5\.30/,
        /pid_mode: host.*5\.16/,
        /port 80\/tcp is open to whoever.*5\.14/,
        /\/etc of the host can be written to.*5\.6/,
        /docker\.sock.*5\.32/,
        /mounts under \/srv spread.*5\.20/,
        /app can be another image after each pull/,
      ],
    },
  },
  {
    name: 'says what is lost with a new container',
    params: { ...app, user: '1', healthcheck: 'none' },
    given: host({
      container: container(
        {},
        { User: '', Labels: { 'com.docker.compose.project': 'shop' } },
        { Mounts: [{ Type: 'volume', Name: 'e'.repeat(64), Destination: '/data' }] },
      ),
      made: image(IMAGE, { Volumes: { '/data': {}, '/cache': {} } }),
    }),
    expect: {
      findings: [
        'warn: app belongs to the compose project shop',
        /^warn: what is in \/data will not be in the new container: .*eeeeeeeeeeee…/,
        /^warn: the image keeps data in \/cache, in a volume without a name/,
      ],
    },
  },
  {
    name: 'refuses what would fail',
    params: {
      ...app,
      user: '1',
      healthcheck: 'none',
      cpus: 8,
      networks: ['front'],
      published_ports: ['127.0.0.1:8080:80', '127.0.0.1:8081:81/udp'],
      volumes: ['/srv/one:/one', '/srv/two:/two'],
    },
    pending: ['path:/srv/two'],
    given: host({
      wanted: null,
      registry: '404\n{"message":"manifest unknown"}\n',
      missing: '/srv/one\n/srv/two\n',
      listening: 'tcp *:8080\nudp 127.0.0.2:8081\n',
    }),
    expect: {
      findings: [
        'refuse: the registry has no image app:1: manifest unknown',
        'refuse: this host has 4 processors, and cpus asks for 8',
        'refuse: /srv/one is not on the host',
        'refuse: port 8080/tcp of the host is taken already',
      ],
    },
  },
  {
    name: 'does without the limits that a kernel cannot do',
    params: { ...app, user: '', healthcheck: 'none' },
    given: host({ container: container({ Memory: 0, PidsLimit: null, NanoCpus: 0 }), info: '[4,false,false,false]' }),
    expect: {
      action: 'none',
      findings: ['warn: this kernel cannot limit memory, memory_swap, pids_limit, cpus: Docker leaves it out'],
    },
  },
]);

describeInvalid(dockerContainerTask, [
  { name: 'no image', params: { name: 'app' }, message: 'of which image' },
  {
    name: 'a port for everybody by accident',
    params: { ...app, networks: ['a'], published_ports: ['80:80'] },
    message: 'write 127.0.0.1:80:80 for this host alone',
  },
  {
    name: 'a port without a network',
    params: { ...app, published_ports: ['127.0.0.1:80:80'] },
    message: 'name one under networks',
  },
  {
    name: 'ranges that do not match',
    params: { ...app, networks: ['a'], published_ports: ['127.0.0.1:80-82:80-81'] },
    message: 'bound to an address',
  },
  { name: 'a command for a shell', params: { ...app, command: 'echo a && echo b' }, message: '[sh, -c, "…"]' },
  { name: 'a name that is an option', params: { ...app, name: '--rm' }, message: 'the name of a container' },
  { name: 'a relative path of the host', params: { ...app, volumes: ['./data:/data'] }, message: 'a path of the host' },
  { name: 'a value of two lines', params: { ...app, env: { KEY: 'a\nb' } }, message: 'put longer texts into a file' },
  {
    name: 'an option of security that is none',
    params: { ...app, security_opts: ['seccomp=x.json'] },
    message: 'seccomp=/path/to/profile.json',
  },
  {
    name: 'a digest to be pulled again',
    params: { ...app, image: `app@${DIGEST}`, pull: 'always' },
    message: 'leave pull out',
  },
  {
    name: 'two networks at once',
    params: { ...app, networks: ['a'], network_mode: 'host' },
    message: 'exclude each other',
  },
  { name: 'too little memory', params: { ...app, memory: '1m' }, message: 'at least 6m' },
  { name: 'no amount', params: { ...app, memory: 'lots' }, message: 'write it as 512m' },
  {
    name: 'no duration',
    params: { ...app, healthcheck: { test: 'x', interval: 'often' } },
    message: 'write it as 30s',
  },
]);
