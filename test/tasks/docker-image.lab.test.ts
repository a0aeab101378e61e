import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerImageTask } from '../../src/tasks/docker-image.ts';
import { bootHost, type LabHost, labUnavailable, said as saidOn } from '../lab/lab.ts';
import { debian12Facts } from '../support/facts.ts';
import { pushAnother, startRegistry } from './support/lab-registry.ts';
import { converge, planOnHost, runOnHost } from './support/on-host.ts';

const unavailable = await labUnavailable();
const APP = '127.0.0.1:5000/app:1';

describe.skipIf(unavailable !== undefined).each(['bookworm', 'trixie'] as const)(
  `docker_image on a host with %s${unavailable ? ` (left out: ${unavailable})` : ''}`,
  (suite) => {
    let host: LabHost;
    const said = (command: string) => saidOn(host, command);

    beforeAll(async () => {
      host = await bootHost({ suite, docker: true });
      await startRegistry(host);
    }, 600_000);
    afterAll(() => host?.stop());

    test('is pulled by tag, and found by its digest', async () => {
      const digest = (await said(`docker image inspect -f '{{index .RepoDigests 0}}' ${APP}`)).split('@')[1];
      await said(`docker rmi ${APP}`);
      expect(await converge(host, dockerImageTask, { name: APP })).toEqual({ action: 'update', left: [] });
      expect((await planOnHost(host, dockerImageTask, { name: APP, pull: 'always' })).change).toBeUndefined();
      const pinned = { name: `127.0.0.1:5000/app:1@${digest}`, require_digest: true };
      expect((await planOnHost(host, dockerImageTask, pinned)).change).toBeUndefined();
    }, 120_000);

    test('a tag that stands for another image is a difference only where that is asked', async () => {
      const digest = await pushAnother(host, APP, 'LABEL version=2');
      expect((await planOnHost(host, dockerImageTask, { name: APP })).change).toBeUndefined();
      const { change, params } = await planOnHost(host, dockerImageTask, { name: APP, pull: 'always' });
      expect(change).toMatchObject({ keys: ['digest'], after: { digest } });
      expect(await converge(host, dockerImageTask, { name: APP, pull: 'always' })).toEqual({
        action: 'update',
        left: [],
      });
      expect(await said(`docker image inspect -f '{{.Config.Labels.version}}' ${APP}`)).toBe('2');
      await runOnHost(host, dockerImageTask.undo!(change!, params, debian12Facts)!);
      expect(await said(`docker image inspect -f '{{.Config.Labels}}' ${APP}`)).toBe('map[]');
    }, 120_000);

    test('what no registry has, or none that is allowed, is refused at plan', async () => {
      expect((await planOnHost(host, dockerImageTask, { name: '127.0.0.1:5000/app:9' })).findings).toEqual([
        expect.stringMatching(/^refuse: the registry has no image .*app:9: manifest unknown/),
      ]);
      expect((await planOnHost(host, dockerImageTask, { name: '127.0.0.1:5999/app:9' })).findings).toEqual([
        expect.stringMatching(/^warn: the registry of 127.0.0.1:5999\/app:9 could not be asked: .*refused/),
      ]);
      const policy = { allowed_registries: ['ghcr.io'], require_digest: true };
      expect((await planOnHost(host, dockerImageTask, { name: APP, ...policy })).findings).toEqual([
        expect.stringContaining('allowed are ghcr.io alone'),
        expect.stringContaining('named by a tag'),
      ]);
    }, 120_000);

    test('a registry that wants a password gets the one of docker login', async () => {
      await said(`apt-get install -y -qq --no-install-recommends apache2-utils >/dev/null
printf 'auth:\\n  htpasswd:\\n    realm: r\\n    path: /etc/docker/registry/htpasswd\\n' >>/etc/docker/registry/config.yml
printf %s 'p"a\\:ss' | htpasswd -iBc /etc/docker/registry/htpasswd ada 2>/dev/null
chown docker-registry /etc/docker/registry/htpasswd
systemctl restart docker-registry
tries=0
until bash -c ': </dev/tcp/127.0.0.1/5000' 2>/dev/null; do tries=$((tries + 1)); [ "$tries" -le 60 ]; sleep 0.5; done`);
      const always = { name: APP, pull: 'always' };
      expect((await planOnHost(host, dockerImageTask, always)).findings).toEqual([
        expect.stringContaining('could not be asked'),
      ]);
      await said(`printf %s 'p"a\\:ss' | docker login -u ada --password-stdin 127.0.0.1:5000`);
      expect((await planOnHost(host, dockerImageTask, always)).findings).toEqual([]);
    }, 120_000);

    test('goes, unless a container is made of it', async () => {
      await said(`docker create --name user ${APP} /bin/busybox true`);
      const gone = { name: APP, state: 'absent' };
      await said('docker rmi busybox');
      expect((await planOnHost(host, dockerImageTask, gone)).findings).toEqual([
        expect.stringMatching(/the containers user are made of it/),
      ]);
      await said('docker rm user');
      expect(await converge(host, dockerImageTask, gone)).toEqual({ action: 'update', left: [] });
    }, 120_000);
  },
);
