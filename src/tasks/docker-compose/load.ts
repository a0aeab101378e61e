import { parse, stringify } from 'yaml';
import type { LocalFiles } from '../../engine/task.ts';
import { UserError } from '../../errors.ts';
import { mapAt, textAt } from '../support/docker/cli.ts';
import { parseImage } from '../support/docker/image-ref.ts';
import { isMap, type Json } from '../support/docker/json.ts';
import type { DockerCompose } from './params.ts';

/** The parameters with the text of the compose file, where the playbook brings one. Throws a UserError for a `src` that is none. */
export function loadCompose(p: DockerCompose, local: LocalFiles): DockerCompose {
  if (p.definition !== undefined) return withImages(p, stringify(p.definition), p.definition as Json);
  if (p.src === undefined) return p;
  const text = local.read(p.src).toString('utf8');
  return withImages(p, text.endsWith('\n') ? text : `${text}\n`, parsed(text, p.src));
}

function parsed(text: string, name: string): Json {
  try {
    return parse(text, { merge: true }) as Json;
  } catch (error) {
    throw new UserError(`${name} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
}

function withImages(p: DockerCompose, text: string, definition: Json): DockerCompose {
  const services = mapAt(definition, 'services');
  const images = Object.keys(services)
    .map((name) => textAt(services[name], 'image'))
    .filter((image) => parseImage(image) !== undefined && parseImage(image)?.digest === undefined);
  const ulimits = Object.keys(services).flatMap((service) =>
    Object.entries(mapAt(services[service], 'ulimits')).map(([name, limit]) => ({
      service,
      name,
      hard: Number(isMap(limit) ? limit.hard : limit),
    })),
  );
  return { ...p, text, images: p.pull === 'always' ? [...new Set(images)].sort() : [], ulimits };
}
