import { z } from 'zod';
import type { AnyTaskType } from '../engine/task.ts';
import type { Registry } from './registry.ts';
import { auditSchema } from './resolve-audit.ts';
import { acceptExpressions, type JsonSchema } from './schema-expressions.ts';

/** The JSON Schema (draft 7) of a playbook, for editors: strict, and every value may be an expression instead. */
export function playbookJsonSchema(registry: Registry): object {
  const types = Object.fromEntries(registry.types.map((type) => [type.type, typeSchema(type)]));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'harden playbook',
    description: 'What must hold of a host.',
    type: 'object',
    properties: {
      name: text('What the playbook is called in reports; the name of the file without it.'),
      vars: reference('vars'),
      tasks: reference('tasks'),
      handlers: reference('handlers'),
      audit: acceptExpressions(plainSchema(auditSchema(registry.audits), 'What is measured after the run.')),
    },
    additionalProperties: false,
    anyOf: [{ required: ['tasks'] }, { required: ['audit'] }],
    definitions: {
      expression: {
        type: 'string',
        pattern: '\\{\\{',
        description: 'A Handlebars expression in quotes, such as "{{name}}"; alone it keeps the type of its value.',
      },
      vars: {
        description: 'Variables: "{{name}}" elsewhere. Those of the inventory and the command line win.',
        type: ['object', 'null'],
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
      },
      tasks: {
        description: 'What must hold, in order.',
        type: 'array',
        items: { oneOf: [reference('task'), reference('include')] },
      },
      condition: {
        description: 'Facts and variables by dotted name, with the value or the values that they are compared with.',
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: ['string', 'number', 'boolean', 'null', 'array'] },
      },
      names: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: ['string', 'number'] } }] },
      task: {
        type: 'object',
        properties: { ...commonProperties, ...types },
        additionalProperties: false,
        oneOf: registry.types.map(({ type }) => ({ required: [type] })),
      },
      include: includeSchema,
      handlers: handlersSchema,
    },
  };
}

const conditions = {
  when: described('condition', 'The task applies only where all of these match.'),
  unless: described('condition', 'The task does not apply where all of these match.'),
};

const commonProperties = {
  name: text('What the task is called in reports.'),
  ...conditions,
  each: {
    description: 'The task once for each entry of a list, which is {{item}}.',
    anyOf: [{ type: 'array' }, reference('expression')],
  },
  tags: described(
    'names',
    'Names to choose the task by: --tags, --skip-tags. `always` and `never` have their usual meaning.',
  ),
  notify: described('names', 'The handlers that run once after the tasks when this one changed something.'),
  sensitive: { description: 'Nothing of the values of this task is shown or saved.', type: 'boolean' },
};

const includeSchema = {
  type: 'object',
  properties: {
    include: text('A file with tasks, relative to this one.'),
    name: commonProperties.name,
    vars: reference('vars'),
    ...conditions,
    tags: commonProperties.tags,
  },
  required: ['include'],
  additionalProperties: false,
};

const handlersSchema = {
  description: 'What runs after the tasks, once, when a task notified it.',
  type: ['object', 'null'],
  additionalProperties: {
    type: 'object',
    properties: {
      check: text('Shell that runs first; when it fails, `run` does not run.'),
      run: text('Shell, as root.'),
    },
    required: ['run'],
    additionalProperties: false,
  },
};

function typeSchema({ params, summary, notes, examples }: AnyTaskType): JsonSchema {
  const schema = plainSchema(params, notes ? `${summary}\n\n${notes}` : summary);
  return { ...acceptExpressions(schema), examples: [...examples] };
}

function plainSchema(schema: z.ZodType, description: string): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    // Zod names its own checks of a text as formats, beside the pattern that says the same; strict validators refuse what they do not know.
    override: ({ jsonSchema }) => {
      if (['includes', 'starts_with', 'ends_with'].includes(String(jsonSchema.format))) delete jsonSchema.format;
    },
  });
  return { ...(json as JsonSchema), description };
}

function text(description: string): JsonSchema {
  return { description, type: ['string', 'number', 'boolean'] };
}

function reference(name: string): JsonSchema {
  return { $ref: `#/definitions/${name}` };
}

function described(name: string, description: string): JsonSchema {
  return { description, allOf: [reference(name)] };
}
