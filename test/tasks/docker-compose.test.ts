import { expect, test } from 'vitest';
import { dockerComposeTask } from '../../src/tasks/docker-compose/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const OLD = `sha256:${'1'.repeat(64)}`;
const NEW = `sha256:${'2'.repeat(64)}`;
const definition = { services: { web: { image: 'app:1' } } };
const FILE = 'services:\n  web:\n    image: app:1\n';
const shop = { project_src: '/srv/shop', definition };

interface Host {
  readonly containers?: string;
  readonly file?: string;
  readonly plan?: string;
  readonly images?: string;
  readonly networks?: string;
  readonly volumes?: string;
}

const indent = (text: string): string => text.replace(/^(?=.)/gm, ' ');

function host(has: Host = {}): string {
  const dry = (has.plan ?? '').replace(/^(?=Container|Network)/gm, 'DRY-RUN MODE -  ');
  return [
    '== version\n2.26.1-4\n',
    `== containers\n${has.containers ?? ''}== networks\n${has.networks ?? ''}== volumes\n${has.volumes ?? ''}`,
    `== file\n${indent(has.file ?? FILE)}${has.images ?? ''}== plan\n${indent(dry)}`,
  ].join('');
}

const RUNS = 'shop-web-1 web running Up 2 hours\n';

describeTask(dockerComposeTask, [
  {
    name: 'brings up what is not there',
    params: shop,
    given: host({
      file: '',
      plan: 'Network shop_default  Creating\nContainer shop-web-1  Creating\nContainer shop-web-1  Started\n',
    }),
    expect: {
      before: { file: '', 'container shop-web-1': 'absent' },
      want: { file: FILE, 'container shop-web-1': 'running' },
      script: ['harden_enter /srv/shop/. follow', '-p shop -f /srv/shop/compose.yaml', 'up -d'],
      undo: ['-p shop down'],
      keeps: ['/srv/shop/compose.yaml'],
      findings: [],
      needs: ['command:docker', 'plugin:docker-compose', 'running:docker.service'],
      provides: ['path:/srv/shop/compose.yaml'],
    },
  },
  {
    name: 'is content with what runs',
    params: shop,
    given: host({ containers: RUNS, plan: 'Container shop-web-1  Running\n' }),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'says which containers compose would make anew, start and remove',
    params: { ...shop, jobs: ['job'] },
    given: host({
      containers: `${RUNS}shop-web-2 web running Up 2 hours\nshop-db-1 db exited Exited (1) 5 minutes ago\nshop-job-1 job exited Exited (0) 5 minutes ago\nshop-old-1 old running Up 2 hours\n`,
      plan: 'Container shop-web-1  Recreate\nContainer 0123456789ab_shop-web-1  Starting\nContainer shop-web-2  Removing\nContainer shop-db-1  Starting\nContainer shop-job-1  Starting\n',
    }),
    expect: {
      before: {
        'container shop-web-1': 'made of another definition or image',
        'container shop-web-2': 'one too many',
        'container shop-db-1': 'ended with status 1',
        'container shop-job-1': 'running',
      },
      want: { 'container shop-web-2': 'absent' },
      keys: ['container shop-web-1', 'container shop-web-2', 'container shop-db-1'],
      findings: ['warn: the file does not name shop-old-1 any more: left as they are remove_orphans: true'],
    },
  },
  {
    name: 'keeps values of variables out of arguments',
    params: { ...shop, env: { TOKEN: 'hunter2hunter2' } },
    given: host({ plan: 'Container shop-web-1  Creating\n' }),
    expect: { script: ['export TOKEN=hunter2hunter2'], notScript: [/docker[^\n]*hunter/] },
  },
  {
    name: 'takes up another image behind the tag, and can go back',
    params: { ...shop, pull: 'always' },
    given: host({
      containers: RUNS,
      plan: 'Container shop-web-1  Running\n',
      images: `== image0\n[{"Id":"x","RepoDigests":["app@${OLD}"]}]\n== registry0\n200\n{"Descriptor":{"digest":"${NEW}"}}\n`,
    }),
    expect: {
      before: { 'image app:1': OLD },
      want: { 'image app:1': NEW },
      keys: ['image app:1'],
      script: ['for image in app:1; do', 'pull -q "$image"', 'tag "$id" "$image"'],
    },
  },
  {
    name: 'refuses what compose refuses',
    params: shop,
    given: host({ plan: 'validating -: services.web Additional property imge is not allowed\nharden-status 15\n' }),
    expect: {
      findings: ['refuse: compose would not do it: validating -: services.web Additional property imge is not allowed'],
    },
  },
  {
    name: 'does not judge files that an earlier task changes',
    params: { project_src: '/srv/git', files: ['compose.yaml'] },
    pending: ['path:/srv/git'],
    given: host({ plan: 'no configuration file provided: not found\nharden-status 14\n' }),
    expect: {
      findings: ['warn: compose would not do it as things are: no configuration file provided'],
      needs: ['command:docker', 'path:/srv/git', 'plugin:docker-compose', 'running:docker.service'],
    },
  },
  {
    name: 'stops what runs',
    params: { ...shop, state: 'stopped' },
    given: host({ containers: RUNS }),
    expect: { keys: ['container shop-web-1'], script: ['-p shop stop'], undo: ['-p shop start'] },
  },
  {
    name: 'removes a project by its name, with its volumes where that is said',
    params: { project_src: '/srv/shop', state: 'absent', remove_volumes: true },
    given: host({ containers: RUNS, networks: 'shop_default\n', volumes: 'shop_data\n' }),
    expect: {
      keys: ['containers', 'networks', 'volumes'],
      script: ['-p shop down --remove-orphans --volumes'],
      undo: null,
    },
  },
]);

describeInvalid(dockerComposeTask, [
  { name: 'two files', params: { ...shop, src: 'compose.yaml' }, message: 'one of definition, src and files' },
  { name: 'a relative directory', params: { project_src: 'shop' }, message: 'written from /' },
  { name: 'no name', params: { project_src: '/srv/my shop' }, message: 'say project_name' },
  {
    name: 'images of a file that only the host knows',
    params: { project_src: '/srv/shop', pull: 'always' },
    message: 'pull: always takes definition or src',
  },
]);

test.each([
  ['another value of env', ['container shop-web-1'], 'made of another definition or image', true],
  ['another image', ['image app:1'], 'running', true],
  ['another file', ['file', 'container shop-web-1'], 'made of another definition or image', false],
  ['a container that had ended', ['container shop-web-1'], 'ended with status 1', false],
])('%s: what a rollback cannot bring back is said', (_title, keys, container, said) => {
  const before = { containers: ['shop-web-1'], 'container shop-web-1': container };
  const text = dockerComposeTask.irreversible?.(dockerComposeTask.params.parse(shop), {
    action: 'update',
    before,
    after: {},
    keys,
  });
  expect(text !== undefined && /a rollback leaves these containers as they are/.test(text)).toBe(said);
});
