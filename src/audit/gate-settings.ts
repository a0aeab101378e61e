import { z } from 'zod';

/** Conditions that each audit can be given. */
export const gateSettings = {
  fail_on: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'The run fails with exit code 4 when one of these is found: checks or sections by their quoted numbers ("2.1", "5"), severities (high, medium, low: that and worse), or results (WARN).',
    ),
  baseline: z
    .string()
    .min(1)
    .optional()
    .describe('A file with accepted findings, each with its reason, as seen from this playbook; they fail nothing.'),
};

/** The same for an audit that gives a score. */
export const scoreSettings = {
  min_score: z.number().optional().describe('The run fails with exit code 4 below this score.'),
  ...gateSettings,
};
