import type { SessionParameters } from '../../machines/parameters.ts';
import type { Config } from '../config/schema.ts';
import { answersWithModel } from '../offered-actions.ts';

/**
 * The session parameters of the tools. The loop is that of language models; a model that speaks itself
 * (`engines.speech`) is asked about results in replies of their own.
 */
export function withTools(
  parameters: SessionParameters,
  { tools, engines }: Pick<Config, 'tools' | 'engines'>,
): SessionParameters {
  const looping = engines.speech.length === 0 && answersWithModel({ engines });
  return {
    ...parameters,
    actions: {
      ...parameters.actions,
      ...(looping && tools.maxRounds > 0 && { rounds: tools.maxRounds }),
      ...(Object.keys(tools.terms).length > 0 && { terms: tools.terms }),
    },
  };
}
