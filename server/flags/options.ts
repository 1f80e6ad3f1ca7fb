import { z } from 'zod';
import { group, key } from '../../machines/options.ts';

const PERCENTAGE = /^(?:yes|no|true|false|on|off|1|0|(?:100|\d{1,2})(?:\.\d+)?\s*%)$/iu;

/** The share of sessions that have a step, 0 to 100. In configurations: yes, no, or a percentage. */
function share(meaning: string, alsoEnv?: string) {
  const given = z.preprocess(
    (value) => (typeof value === 'boolean' ? (value ? 'yes' : 'no') : value),
    z.string().regex(PERCENTAGE, 'must be yes, no or a percentage such as 25%'),
  );
  const percent = given.transform((text) => {
    if (text.endsWith('%')) return Number(text.slice(0, -1));
    return /^(?:yes|true|on|1)$/iu.test(text) ? 100 : 0;
  });
  return key(percent.prefault('yes'), meaning, {
    shownDefault: '`yes`',
    ...(alsoEnv !== undefined && { alsoEnv: [alsoEnv] }),
  });
}

/** Steps that can be turned off for new sessions, or for a share of them, without a restart. */
export const flagOptions = group({
  sseCore: share('Speak a reply while the language engine writes it.', 'ENABLE_SYNC_CORE'),
  ttsStreaming: share('Play speech while it is being synthesised.', 'SYNC_TTS_STREAMING'),
  bargeIn: share('Speech interrupts a reply.', 'SYNC_TTS_BARGE_IN'),
  outbox: share('Turns cause events for the memory and for analytics.', 'ENABLE_STREAMS_OUTBOX'),
  memory: share('Recall facts, and remember turns.', 'ENABLE_LTM'),
  speculation: share('Prepare replies during the silence that ends a turn.'),
  filler: share('Speak a filler before a late reply.'),
});
