import { type LabHost, said } from '../../lab/lab.ts';

/** Starts Debian's own registry on the host, at 127.0.0.1:5000, where Docker needs no certificate; and pushes busybox to it as app:1. */
export async function startRegistry(host: LabHost): Promise<void> {
  await said(
    host,
    `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends docker-registry >/dev/null
sed -i '/^auth:/,$d' /etc/docker/registry/config.yml
systemctl restart docker-registry
tries=0
until bash -c ': </dev/tcp/127.0.0.1/5000' 2>/dev/null; do tries=$((tries + 1)); [ "$tries" -le 60 ]; sleep 0.5; done
mkdir -p /srv/image/bin && cp /bin/busybox /srv/image/bin/ && ln -sf busybox /srv/image/bin/sh
tar -C /srv/image -c . | docker import --change 'ENV PATH=/bin' - busybox
docker tag busybox 127.0.0.1:5000/app:1
docker push -q 127.0.0.1:5000/app:1`,
  );
}

/** Puts another image behind a tag in the host's registry; the host itself still has the old one. Returns the new digest. */
export async function pushAnother(host: LabHost, tag: string, change: string): Promise<string> {
  const digest = await said(
    host,
    `set -e
old=$(docker image inspect -f '{{.Id}}' ${tag} 2>/dev/null || :)
tar -C /srv/image -c . | docker import --change 'ENV PATH=/bin' --change '${change}' - ${tag} >/dev/null
docker push ${tag} | sed -n 's/.*digest: \\(sha256:[0-9a-f]*\\).*/\\1/p'
if [ -n "$old" ]; then docker tag "$old" ${tag}; else docker rmi ${tag} >/dev/null; fi`,
  );
  return digest.trim();
}
