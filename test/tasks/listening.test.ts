import { listeningTask } from '../../src/tasks/listening/index.ts';
import { describeInvalid, describeTask } from '../support/describe-task.ts';

// ss of iproute2 6.1 on Debian 12 with Docker
const GIVEN = `udp UNCONN 0      0         127.0.0.53%lo:53    0.0.0.0:* users:(("systemd-resolve",pid=400,fd=16))
udp UNCONN 0      0      0.0.0.0%eth0:68    0.0.0.0:* users:(("dhclient",pid=410,fd=7))
udp UNCONN 0      0               0.0.0.0:51820    0.0.0.0:*
tcp LISTEN 0      128             0.0.0.0:22      0.0.0.0:* users:(("sshd",pid=500,fd=3))
tcp LISTEN 0      4096            0.0.0.0:8080    0.0.0.0:* users:(("docker-proxy",pid=600,fd=4))
tcp LISTEN 0      4096                  *:9090          *:* users:(("systemd",pid=1,fd=40))
tcp LISTEN 0      511           127.0.0.1:6379    0.0.0.0:* users:(("redis-server",pid=700,fd=6))
tcp LISTEN 0      4096               [::]:8080       [::]:* users:(("docker-proxy",pid=601,fd=4))
tcp LISTEN 0      511             0.0.0.0:80      0.0.0.0:* users:(("nginx",pid=801,fd=6),("nginx",pid=800,fd=6))
tcp LISTEN 0      128                [::]:22         [::]:* users:(("sshd",pid=500,fd=4))
== unit 500 ssh.service
== unit 600 docker.service
== unit 601 docker.service
== unit 700 redis-server.service
== unit 800 nginx.service
== unit 801 nginx.service
== unit 1 init.scope
== socket [::]:9090 cockpit.socket
== socket /run/dbus/system_bus_socket dbus.socket
== container web 0.0.0.0:8080->80/tcp, :::8080->80/tcp
`;
const some = [
  { port: 22, process: 'sshd' },
  { port: '80-90', process: 'nginx.service' },
  { port: [68, 51820], proto: 'udp' },
];

describeTask(listeningTask, [
  {
    name: 'names what nothing allows, and whose it is',
    params: { allow: some },
    given: GIVEN,
    expect: {
      before: {
        exposed: [
          'tcp 0.0.0.0:8080, docker-proxy of docker.service, container web',
          'tcp *:9090, systemd of cockpit.socket',
          'tcp [::]:8080, docker-proxy of docker.service, container web',
        ],
      },
      action: 'none',
      findings: [
        /^refuse: listens, and nothing allows it: tcp 0\.0\.0\.0:8080.* Publish the port of web on one address/,
        /service: \{ name: cockpit\.socket, state: stopped, enabled: false \}/,
        /8080/,
      ],
      needs: ['command:ss'],
    },
  },
  {
    name: 'is content where everything is allowed',
    params: { allow: [...some, { port: 8080, process: 'docker-proxy' }, { port: 9090, address: '0.0.0.0' }] },
    given: GIVEN,
    expect: { before: { exposed: [] }, findings: [] },
  },
  {
    name: 'only warns when told so, of the kernel and the loopback too',
    params: {
      otherwise: 'warn',
      loopback: true,
      allow: [{ port: '1-32000' }, { port: [53, 68], proto: 'udp' }].filter(({ proto }) => proto === 'udp'),
    },
    given: GIVEN.split('\n')
      .filter((line) => /:51820|:6379/.test(line))
      .join('\n'),
    expect: {
      findings: [
        /^warn: .*udp 0\.0\.0\.0:51820, the kernel itself A part of the kernel holds it/,
        /^warn: .*tcp 127\.0\.0\.1:6379, redis-server /,
      ],
    },
  },
  {
    name: 'the right port by the wrong process',
    params: { allow: [{ port: 22, process: 'dropbear' }] },
    given: 'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=500,fd=3))\n== unit 500 ssh.service\n',
    expect: { findings: [/^refuse: .*0\.0\.0\.0:22, sshd of ssh\.service/] },
  },
  {
    name: 'the right port on another address',
    params: { allow: [{ port: 22, address: '10.0.0.1' }] },
    given: 'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=500,fd=3))\n',
    expect: { findings: [/^refuse/] },
  },
  {
    name: 'an address of a network',
    params: { allow: [{ port: 22, address: '10.8.0.0/24' }] },
    given: 'tcp LISTEN 0 128 10.8.0.1:22 0.0.0.0:* users:(("sshd",pid=500,fd=3))\n',
    expect: { findings: [] },
  },
  { name: 'nothing listens', params: {}, given: '', expect: { before: { exposed: [] }, findings: [] } },
]);

describeInvalid(listeningTask, [
  { name: 'port 0', params: { allow: [{ port: 0 }] }, message: /Invalid|a port is/ },
  { name: 'a range backwards', params: { allow: [{ port: '90-80' }] }, message: /Invalid|a port is/ },
  { name: 'a name', params: { allow: [{ port: 22, address: 'eth0' }] }, message: 'an address is an IP address' },
]);
