import type { SessionInput } from '../../machines/session/context.ts';
import type { Attention } from '../../machines/wire.ts';
import type { SessionOptions } from './session.ts';

/** The input of a session's machine; what is the default is absent, as in older journals. */
export function sessionInput(
  options: SessionOptions,
  { memory, attention }: { readonly memory: boolean; readonly attention: Attention },
): SessionInput {
  const { language, voice, outputRate, seed, output, results } = options;
  return {
    language,
    ...(voice !== undefined && { voice }),
    ...{ outputRate, seed, memory },
    ...(output === 'text' && { output }),
    ...(results && { results: true }),
    ...(attention !== 'always' && { attention }),
  };
}
