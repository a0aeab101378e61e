import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needsProbe } from '../../src/engine/needs.ts';
import { dockerComposeTask } from '../../src/tasks/docker-compose/index.ts';
import { bootHost, type LabHost, labUnavailable, said as saidOn } from '../lab/lab.ts';
import { debian12Facts } from '../support/facts.ts';
import { pushAnother, startRegistry } from './support/lab-registry.ts';
import { converge, planOnHost, runOnHost } from './support/on-host.ts';

const unavailable = await labUnavailable();
const APP = '127.0.0.1:5000/app:1';
const SLEEP = { image: 'busybox', command: 'busybox sleep 10000', init: true };

// Debian 12 has no version 2 of compose
describe.skipIf(unavailable)('docker_compose on a host with trixie', () => {
  let host: LabHost;
  let missed: string;
  const held = async () => (await host.exec('sh', { input: needsProbe(['plugin:docker-compose']) })).stdout;
  const said = (command: string) => saidOn(host, command);
  const running = () =>
    said("docker ps --format '{{.Names}}' --filter label=com.docker.compose.project=shop | sort | paste -sd' '");
  const shop = (services: object, more: object = {}) => ({
    project_src: '/srv/shop',
    definition: { services, ...more },
  });
  const done = async (params: unknown, times = ['once']) => {
    expect(await converge(host, dockerComposeTask, params, times)).toEqual({ action: 'update', left: [] });
    const { change, findings } = await planOnHost(host, dockerComposeTask, params);
    expect({ change, findings }).toEqual({ change: undefined, findings: [] });
  };
  const planned = (params: object) => planOnHost(host, dockerComposeTask, params);

  beforeAll(async () => {
    host = await bootHost({ suite: 'trixie', docker: true });
    await startRegistry(host);
    missed = await held();
    await said(
      'DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-compose >/dev/null',
    );
  }, 600_000);
  afterAll(() => host?.stop());

  test('it needs the plugin, which a package brings', async () => {
    expect([missed, await held()]).toEqual(['', 'plugin:docker-compose']);
  });

  test('a project comes up as it is defined, and only what differs is made anew', async () => {
    const web = { ...SLEEP, environment: { TOKEN: '${TOKEN}', DOLLAR: '$$x' }, volumes: ['data:/data'] };
    const params = {
      ...shop({ web, db: { ...SLEEP, scale: 2 } }, { volumes: { data: {} } }),
      env: { TOKEN: `it's "a" $secret` },
    };
    await done(params, ['first', 'second']);
    expect(await running()).toBe('shop-db-1 shop-db-2 shop-web-1');
    expect(await said(`docker exec shop-web-1 sh -c 'echo "$TOKEN|$DOLLAR"'`)).toBe(`it's "a" $secret|$x`);
    expect(await said('stat -c "%U %a" /srv/shop/compose.yaml; cat /srv/shop/compose.yaml | grep -c secret || :')).toBe(
      'root 600\n0',
    );
    const db = await said("docker inspect -f '{{.Id}}' shop-db-1");
    const other = { ...params, env: { TOKEN: 'another one' } };
    expect((await planned(other)).change?.keys).toEqual(['container shop-web-1']);
    await done(other);
    expect(await said("docker inspect -f '{{.Id}}' shop-db-1")).toBe(db);
    await said('docker stop shop-db-2');
    expect((await planned(other)).before).toMatchObject({ 'container shop-db-2': 'ended with status 143' });
    await done(other);
  }, 240_000);

  test('a file that is read by it counts, and what it does not name any more is told of', async () => {
    await said("printf 'A=1\\n' >/srv/shop/app.env");
    const params = shop({ web: { ...SLEEP, env_file: ['app.env'] } });
    const { findings } = await planned(params);
    expect(findings).toEqual([expect.stringMatching(/^warn: the file does not name shop-db-1, shop-db-2 any more/)]);
    await done({ ...params, remove_orphans: true });
    expect(await running()).toBe('shop-web-1');
    await said("printf 'A=2\\n' >/srv/shop/app.env");
    expect((await planned(params)).before['container shop-web-1']).toBe('made of another definition or image');
    await done(params);
  }, 240_000);

  test('what does not get well is put back', async () => {
    const good = shop({ web: SLEEP });
    await done(good);
    const bad = [
      { ...SLEEP, command: 'busybox false' },
      { ...SLEEP, healthcheck: { test: 'false', interval: '1s', retries: 1 } },
    ];
    for (const web of bad) {
      const { failure } = await converge(host, dockerComposeTask, shop({ web }), ['once']);
      expect(failure).toMatch(/shop-web-1 (is unhealthy|does not stay up)[\s\S]*shop runs as it did before/);
      expect((await planned(good)).change).toBeUndefined();
    }
  }, 240_000);

  test('another image behind the tag is taken up, and taken back where it does not work', async () => {
    const web = { ...SLEEP, image: APP, healthcheck: { test: 'test ! -e /broken', interval: '1s', retries: 1 } };
    const params = { ...shop({ web }), pull: 'always' };
    await done(params);
    await pushAnother(host, APP, 'LABEL version=2');
    expect((await planned(params)).change?.keys).toEqual([`image ${APP}`]);
    await done(params);
    const version = () => said(`docker inspect -f '{{.State.Running}} {{.Config.Labels.version}}' shop-web-1`);
    expect(await version()).toBe('true 2');
    await said('touch /srv/image/broken');
    await pushAnother(host, APP, 'LABEL version=3');
    expect((await converge(host, dockerComposeTask, params)).failure).toContain('shop runs as it did before');
    expect(await version()).toBe('true 2');
  }, 240_000);

  test('jobs end, projects stop and go; undo brings back what was', async () => {
    const params = { ...shop({ web: SLEEP, job: { ...SLEEP, command: 'busybox true' } }), jobs: ['job'] };
    await done(params);
    await done({ ...params, state: 'stopped' });
    expect(await running()).toBe('');
    await done(params);
    const gone = { project_src: '/srv/shop', state: 'absent' };
    await done({ ...gone, remove_volumes: true });
    expect(await said('docker ps -aq; docker network ls -q -f name=shop; docker volume ls -q')).toBe('');
    const fresh = shop({ web: SLEEP });
    const { change, params: parsed } = await planned(fresh);
    await done(fresh);
    await runOnHost(host, dockerComposeTask.undo!(change!, parsed, debian12Facts)!);
    expect(await said('docker ps -aq')).toBe('');
  }, 240_000);

  test('files of the host, and what compose refuses', async () => {
    await said(
      `mkdir -p /srv/here && printf 'services: { app: { image: busybox, command: busybox sleep 1000, init: true } }' >/srv/here/my.yml`,
    );
    await done({ project_src: '/srv/here', files: ['my.yml'] });
    expect((await planned({ project_src: '/srv/here', files: ['no.yml'] })).findings).toEqual([
      expect.stringMatching(/^refuse: compose would not do it: .*no\.yml/),
    ]);
    expect((await planned(shop({ web: { imge: 'x' } }))).findings).toEqual([
      expect.stringMatching(/^refuse: compose would not do it: .*imge/),
    ]);
    expect((await planned(shop({ web: { image: '127.0.0.1:5000/none:1' } }))).findings).toEqual([
      expect.stringMatching(/^refuse: compose would not do it: /),
    ]);
  }, 120_000);
});
