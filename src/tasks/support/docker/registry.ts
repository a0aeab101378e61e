import { type Script, sh } from '../../../remote/sh.ts';
import { mapAt, textAt } from './cli.ts';
import { imageKey, imageRef } from './image-ref.ts';
import type { Json } from './json.ts';

/** What an image's registry says of it. */
export interface RegistryAnswer {
  /** The digest that the name stands for there now; undefined where the registry could not be asked. */
  readonly digest?: string;
  /** The registry has no such image. */
  readonly missing: boolean;
  /** Why there is no digest. */
  readonly error?: string;
}

// dockerd asks by itself: its mirrors, proxies and certificates count. Its command offers no way to that answer, and no other program that
// can talk to a socket is on every Debian.
const ASK = `my ($image) = @ARGV;
chomp(my $auth = <STDIN> // "");
$SIG{ALRM} = sub { print "{\\"message\\":\\"the registry did not answer within 20 seconds\\"}"; exit };
alarm 20;
my $docker = IO::Socket::UNIX->new(Peer => "/run/docker.sock") or exit;
print $docker "GET /v1.40/distribution/$image/json HTTP/1.0\\r\\nHost: docker\\r\\n", $auth ? "X-Registry-Auth: $auth\\r\\n" : "", "\\r\\n";
my $status = <$docker> // "";
while (<$docker>) { last if /^\\r?$/ }
print "$1\\n" if $status =~ / (\\d+)/;
print while <$docker>;
`;

/** Script that prints what the registry says of an image, as Docker itself asks it, with what \`docker login\` has kept in root's config.json. */
export function askRegistry(image: string): Script {
  const { registry } = imageRef(image);
  const server = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  const find = `s#.*"${server.replaceAll('.', '\\.')}":{[^{}]*"auth":"\\([^"]*\\)".*#\\1#p`;
  return sh`auth=$(tr -d ' \n\t' <"\${HOME:-/root}/.docker/config.json" 2>/dev/null | sed -n ${find} | base64 -d 2>/dev/null)
if [ -n "$auth" ]; then
  plain=$(printf '%s' "$auth" | sed 's/[\\\\"]/\\\\&/g')
  auth=$(printf '{"username":"%s","password":"%s","serveraddress":"%s"}' "\${plain%%:*}" "\${plain#*:}" ${server} | base64 -w 0 | tr '+/' '-_')
fi
printf '%s\n' "$auth" | perl -MIO::Socket::UNIX -e ${ASK} -- ${imageKey(image)}`;
}

/** What `askRegistry` printed. */
export function parseRegistryAnswer(text: string): RegistryAnswer {
  const [, status = '', body = ''] = /^(\d{3})\n([\s\S]*)$/.exec(text) ?? [undefined, '', text];
  const answer = asJson(body);
  const digest = textAt(mapAt(answer, 'Descriptor'), 'digest');
  if (digest !== '') return { digest, missing: false };
  const error = textAt(answer, 'message') || 'dockerd gave no answer';
  return { missing: status === '404' || /manifest unknown|name unknown/.test(error), error };
}

function asJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
