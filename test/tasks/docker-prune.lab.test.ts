import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerPruneTask } from '../../src/tasks/docker-prune/index.ts';
import { bootHost, type LabHost, labUnavailable } from '../lab/lab.ts';
import { converge, planOnHost } from './support/on-host.ts';

const unavailable = await labUnavailable();

describe.skipIf(unavailable).each(['bookworm', 'trixie'] as const)('docker_prune on a host with %s', (suite) => {
  let host: LabHost;
  beforeAll(async () => {
    host = await bootHost({
      suite,
      docker: true,
      setup: `tar -C /bin -c busybox | docker import - busybox
docker run --name ended -v /data busybox /busybox true
docker run -d --name web -v named:/data --network none busybox /busybox sleep 10000
docker volume create lost
docker network create unused
docker tag busybox spare:1
for n in 1 2; do tar -C /bin -c busybox | docker import --change "LABEL n=$n" - other; done`,
    });
  }, 600_000);
  afterAll(() => host?.stop());

  test('what is listed goes, and nothing else', async () => {
    const all = { containers: true, images: 'unused', networks: true, volumes: 'anonymous', build_cache: true };
    expect((await planOnHost(host, dockerPruneTask, all)).change).toBeUndefined();
    const now = { ...all, older_than: 0 };
    const { before } = await planOnHost(host, dockerPruneTask, now);
    expect(before).toMatchObject({ containers: ['ended'], networks: ['unused'], build_cache: '0B' });
    expect(before.images).toHaveLength(2);
    expect(before.volumes).toHaveLength(1);
    expect(await converge(host, dockerPruneTask, now)).toEqual({ action: 'update', left: [] });
    const { stdout } = await host.exec(
      "docker ps -a --format '{{.Names}}'; docker network ls -q -f name=unused; docker volume ls -q; docker image ls --format '{{.Repository}}:{{.Tag}}' | sort",
    );
    expect(stdout).toBe('web\nlost\nnamed\nbusybox:latest\nspare:1');
    expect(await converge(host, dockerPruneTask, { volumes: 'unused', older_than: 0 })).toEqual({
      action: 'update',
      left: [],
    });
    expect((await host.exec('docker volume ls -q')).stdout).toBe('named');
  }, 120_000);
});
