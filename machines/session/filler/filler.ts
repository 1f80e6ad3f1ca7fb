/**
 * The filler: one short phrase when nothing of the reply is audible some time after the user's turn. It is audio of the
 * reply, so whatever pauses, resumes or ends the reply also affects it. It is not part of the reply's text.
 */
import type { SessionParameters } from '../../parameters.ts';
import { nextRandom } from '../../random.ts';
import { NEVER_MS, send } from '../effects.ts';
import { phrasesOf } from '../language/language.ts';
import type { Reducer, SessionContext } from '../model.ts';

/** Whether a filler is configured. */
function fills({ reply, phrases, languages }: SessionParameters): boolean {
  if (reply.fillerAfterMs === 0) return false;
  const all = [phrases, ...Object.values(languages.phrases ?? {})];
  return all.some(({ fillers }) => fillers.length > 0);
}

/**
 * Minimum time for engines that were only just requested, so that no filler delays a fast reply: first token and first
 * audio.
 */
const PROMPT_MS = 200;

/** Remaining wait before a filler; at least PROMPT_MS if the transcript was late. No end without fillers. */
export function fillerDelayMs({ nowMs, reply }: SessionContext, parameters: SessionParameters): number {
  if (!fills(parameters)) return NEVER_MS;
  const { fillerAfterMs } = parameters.reply;
  const silentMs = nowMs - (reply?.turnEndedAtMs ?? nowMs);
  return Math.max(fillerAfterMs - silentMs, Math.min(PROMPT_MS, fillerAfterMs));
}

/**
 * Not in a reply of Parley's own phrases, which are equally fast. A turn has at most one filler without counting: once
 * one has sounded, further speech of the user interrupts it and starts another turn.
 */
export function mayFill({ reply }: SessionContext): boolean {
  return reply !== null && reply.phrase === null && reply.filler === undefined;
}

/** Picks by the reply's own seed, so that no other choice of the session depends on it. */
export function sayFiller(parameters: SessionParameters): Reducer {
  return (context) => {
    const { reply } = context;
    if (!reply) return {};
    const { fillers } = phrasesOf({ ...context, utterance: null }, parameters);
    const text = fillers[nextRandom(reply.seed).value % fillers.length];
    if (text === undefined) return {};
    return {
      patch: { reply: { ...reply, filler: { text, samples: 0 } } },
      effects: [send('tts', { type: 'filler', text })],
    };
  };
}

export const recordFiller: Reducer = ({ reply }, event) =>
  event.type === 'filler.audio' && reply?.filler
    ? { patch: { reply: { ...reply, filler: { ...reply.filler, samples: event.samples } } } }
    : {};
