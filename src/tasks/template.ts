import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import { z } from 'zod';
import { defineTask } from '../engine/task.ts';
import { proofForPath } from './support/docker/prove-docker.ts';
import { attributeNeeds, attributeParams, destination, validateParam } from './support/file-params.ts';
import { fileRead } from './support/read-file.ts';
import * as wholeFile from './support/whole-file.ts';

const params = z.strictObject({
  src: z
    .string()
    .min(1)
    .describe("The operator's Handlebars template; a relative path starts at the playbook's folder."),
  dest: destination.describe(
    'The file on the host. With a slash at its end: the directory that gets a file named as `src` is, without `.hbs`.',
  ),
  ...attributeParams,
  validate: validateParam,
});

type TemplateParams = z.output<typeof params> & {
  /** What the template rendered to. */
  readonly rendered?: string | undefined;
};

/** One file with what a template renders to. */
export const templateTask = defineTask<TemplateParams, wholeFile.WholeFileState>({
  type: 'template',
  summary: 'A file on the host with what a Handlebars template renders to.',
  notes:
    "Reads what `copy` reads. Rendered on the operator's machine with the playbook's variables and the host's facts, strictly (an unknown variable is an error) and without escaping; then everything is as for `copy`.",
  params,
  examples: [
    { src: 'templates/issue.net.hbs', dest: '/etc/issue.net', owner: 'root', group: 'root', mode: '0644' },
    { src: 'templates/daemon.json.hbs', dest: '/etc/docker/daemon.json', mode: '0644' },
  ],
  id: pathOf,
  load: (template, local) => {
    const text = local.read(template.src).toString('utf8');
    const complete = { ...template, rendered: local.render(text, template.src) };
    wholeFile.checkContent(fileOf(complete));
    return complete;
  },
  probe: (template) => wholeFile.probeWholeFile(fileOf(template)),
  reads: (template) => fileRead(pathOf(template)),
  read: (output, template) => wholeFile.readWholeFile(output, fileOf(template)),
  want: (template) => wholeFile.wantWholeFile(fileOf(template)),
  apply: (change, template) => wholeFile.applyWholeFile(change, fileOf(template)),
  validate: (change, template) => wholeFile.validateWholeFile(change, fileOf(template)),
  needs: (template) => [`directory:${posix.dirname(pathOf(template))}`, ...attributeNeeds(template)],
  provides: (template) => [`path:${pathOf(template)}`],
  proof: (template) => proofForPath(pathOf(template)),
  risk: (template, change) => wholeFile.riskOf(pathOf(template), change.before),
  keeps: (template, change) => wholeFile.keptPaths(pathOf(template), change.before),
  undo: (_change, template) => wholeFile.undoWholeFile(fileOf(template)),
});

function pathOf({ dest, src }: TemplateParams): string {
  return dest.endsWith('/') ? posix.join(dest, posix.basename(src, '.hbs')) : dest;
}

function fileOf(template: TemplateParams): wholeFile.WholeFile {
  return { ...template, path: pathOf(template), content: Buffer.from(template.rendered ?? '') };
}
