import { withoutSummaries } from '../../actors/dialog/mod.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { Config } from '../config/schema.ts';
import { answersWithModel } from '../offered-actions.ts';

/**
 * The session parameters of the tools and of summaries. The loop is that of language models; a model that speaks itself
 * (`engines.speech`) is asked about results in replies of their own.
 */
export function withTools(
  parameters: SessionParameters,
  { tools, engines }: Pick<Config, 'tools' | 'engines'>,
): SessionParameters {
  const looping = engines.speech.length === 0 && answersWithModel({ engines });
  const { history } = parameters;
  // How long results are kept is not for the session.
  const terms = Object.fromEntries(
    Object.entries(tools.terms).map(([name, { cacheMs: _, ...rest }]) => [name, rest]),
  );
  return {
    ...parameters,
    // Only a language model can summarise.
    history: looping ? history : withoutSummaries(history),
    actions: {
      ...parameters.actions,
      ...(looping && tools.maxRounds > 0 && { rounds: tools.maxRounds }),
      ...(Object.keys(terms).length > 0 && { terms }),
    },
  };
}
