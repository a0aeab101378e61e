import { dockerImageTask } from '../../src/tasks/docker-image.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

const OLD = `sha256:${'1'.repeat(64)}`;
const NEW = `sha256:${'2'.repeat(64)}`;

const image = (digest: string, created = '2020-01-01T00:00:00Z') => ({
  Id: `sha256:${'a'.repeat(64)}`,
  RepoTags: ['nginx:1.27'],
  RepoDigests: [`other@${NEW}`, `nginx@${digest}`],
  Created: created,
});

function host(found: unknown, answer = '', users = ''): string {
  return `== image\n${found === undefined ? '' : `${JSON.stringify([found])}\n`}== users\n${users}== registry\n${answer}`;
}

const has = (digest: string) => `200\n{"Descriptor":{"digest":"${digest}","size":527}}\n`;

describeTask(dockerImageTask, [
  {
    name: 'pulls what is missing',
    params: { name: 'nginx:1.27' },
    given: host(undefined, has(NEW)),
    expect: { keys: ['state'], script: ['pull -q nginx:1.27'], undo: ['image rm nginx:1.27'], findings: [] },
  },
  {
    name: 'is content with what is there, and asks nobody',
    params: { name: 'docker.io/library/nginx:1.27' },
    given: host(image(OLD)),
    expect: { action: 'none', findings: [] },
  },
  {
    name: 'sees another image behind the tag, and gives the tag back on undo',
    params: { name: 'nginx:1.27', pull: 'always' },
    given: host(image(OLD), has(NEW)),
    expect: {
      before: { digest: OLD },
      want: { digest: NEW },
      keys: ['digest'],
      undo: [`tag sha256:${'a'.repeat(64)} nginx:1.27`],
    },
  },
  {
    name: 'keeps what is there where the registry is silent, and says so',
    params: { name: 'nginx:1.27', pull: 'always' },
    given: host(image(OLD), '500\n{"message":"no route to host"}\n'),
    expect: { action: 'none', findings: ['warn: the registry of nginx:1.27 could not be asked: no route to host'] },
  },
  {
    name: 'refuses what no registry has',
    params: { name: 'nginx:1.27' },
    given: host(undefined, '404\n{"message":"manifest unknown: manifest unknown"}\n'),
    expect: { findings: ['refuse: the registry has no image nginx:1.27: manifest unknown'] },
  },
  {
    name: 'refuses what comes from elsewhere, or is not pinned; warns of what is old',
    params: {
      name: 'nginx:1.27',
      allowed_registries: ['ghcr.io', 'docker.io/lib'],
      require_digest: true,
      max_age_days: 30,
    },
    given: host(image(OLD)),
    expect: {
      action: 'none',
      findings: [
        'refuse: nginx:1.27 comes from docker.io/library/nginx, and allowed are ghcr.io, docker.io/lib alone',
        'refuse: nginx:1.27 is named by a tag',
        /^warn: nginx:1.27 was built \d{4} days ago/,
      ],
    },
  },
  {
    name: 'does not take an image from its containers',
    params: { name: 'nginx:1.27', state: 'absent', force: true },
    given: host(image(OLD), '', 'web running\nold exited\n'),
    expect: { findings: ['refuse: nginx:1.27 cannot be removed: the containers web are made of it Stop'], undo: null },
  },
]);

describeInvalid(dockerImageTask, [
  { name: 'capitals', params: { name: 'Nginx' }, message: 'not the name of an image' },
  { name: 'an option', params: { name: '--all' }, message: 'not the name of an image' },
  { name: 'a digest to be pulled again', params: { name: `nginx@${OLD}`, pull: 'always' }, message: 'leave pull out' },
]);
