import { dockerPruneTask } from '../../src/tasks/docker-prune/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const NOW = Date.parse('2026-01-10T00:00:00Z');
const OLD = '2026-01-01T00:00:00.123456789Z';
const NEW = '2026-01-09T23:00:00Z';
const NEVER = '0001-01-01T00:00:00Z';
const image = (digit: string) => `sha256:${digit.repeat(64)}`;
const ANONYMOUS = 'f'.repeat(64);

const container = (name: string, status: string, more: object = {}) => ({
  name: `/${name}`,
  image: image('1'),
  status,
  created: OLD,
  finished: OLD,
  networks: {},
  mounts: [],
  ...more,
});

const given = [
  `== now\n${NOW / 1000}`,
  '== containers',
  container('web', 'running', { networks: { front: {} }, mounts: [{ Name: 'data' }] }),
  container('old', 'exited', { image: image('2'), networks: { back: {} }, mounts: [{ Name: ANONYMOUS }] }),
  container('fresh', 'exited', { image: image('3'), finished: NEW }),
  container('asleep', 'paused', { image: image('4') }),
  '== networks',
  ...['bridge', 'front', 'back'].map((name) => ({ name, created: OLD })),
  '== images',
  { id: image('1'), tags: ['app:2'], created: OLD, tagged: NEVER },
  { id: image('2'), tags: ['app:1', 'app:old'], created: OLD, tagged: NEVER },
  { id: image('3'), tags: ['job:1'], created: OLD, tagged: NEVER },
  { id: image('4'), tags: [], created: OLD, tagged: NEVER },
  { id: image('5'), tags: [], created: OLD, tagged: NEVER },
  { id: image('6'), tags: ['next:1'], created: OLD, tagged: NEW },
  { id: image('7'), tags: ['base:1'], created: OLD, tagged: NEVER },
  '== volumes',
  ...['data', 'lost', ANONYMOUS].map((name) => ({ name, created: OLD })),
  '== cache\nImages 3MB (10%)\nBuild Cache 12.5MB',
]
  .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  .join('\n');

describeTask(dockerPruneTask, [
  {
    name: 'names what nothing uses once the containers that go are gone',
    params: { containers: true, images: 'unused', networks: true, volumes: 'anonymous', build_cache: true },
    given,
    expect: {
      before: {
        containers: ['old'],
        networks: ['back'],
        images: ['222222222222 app:1 app:old', '555555555555', '777777777777 base:1'],
        volumes: [ANONYMOUS],
        build_cache: '12.5MB',
      },
      keys: ['containers', 'networks', 'images', 'volumes', 'build_cache'],
      script: [
        'container rm old',
        'network rm back',
        'image rm app:1 app:old',
        'image rm --force 555555555555',
        `volume rm ${ANONYMOUS}`,
        'builder prune -af',
      ],
      notScript: ['system prune', 'rm fresh', 'rm lost', 'rm data'],
    },
  },
  {
    name: 'leaves what a container that stays has, and what is to be kept',
    params: { images: 'unused', networks: true, volumes: 'unused', keep: ['base:1'] },
    given,
    expect: {
      before: { containers: [], networks: [], images: ['555555555555'], volumes: ['lost'] },
      keys: ['images', 'volumes'],
    },
  },
  {
    name: 'takes images without a tag alone, where that is meant',
    params: { images: 'dangling' },
    given,
    expect: { before: { images: ['555555555555'] }, keys: ['images'] },
  },
  {
    name: 'has nothing to do where nothing is old enough',
    params: { containers: true, images: 'unused', older_than: '480h' },
    given,
    expect: { action: 'none' },
  },
  {
    name: 'counts what was made within the second that the clock showed',
    params: { networks: true, older_than: 0 },
    given: `== now\n${NOW / 1000}\n== containers\n== networks\n{"name":"just","created":"2026-01-10T00:00:00.9Z"}`,
    expect: { before: { networks: ['just'] }, keys: ['networks'] },
  },
]);

describeInvalid(dockerPruneTask, [
  { name: 'nothing', params: {}, message: 'say what is to be pruned' },
  { name: 'no duration', params: { networks: true, older_than: 'old' }, message: 'write it as 30s' },
]);
