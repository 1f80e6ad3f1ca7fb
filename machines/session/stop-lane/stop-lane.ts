/** The lane of the voice stop: what it suspects holds the robot until it is sure. */
import type { SessionParameters } from '../../parameters.ts';
import { isAmong } from '../../policies/text.ts';
import { actionsOfReply } from '../actions/ends.ts';
import { publish, send } from '../effects.ts';
import type { SttOutput } from '../events.ts';
import { languageOf } from '../language/language.ts';
import { lastingOf } from '../lasting/lasting.ts';
import type { Effect, Reducer, SessionContext } from '../model.ts';

/** Maximum time for which a suspicion holds speech and actions, ms: people notice a longer halt as one. */
export const SUSPICION_MS = 500;

/** Whether the robot moves, or an action of it runs. */
export function isActing(context: SessionContext): boolean {
  return context.body?.moving === true || [...actionsOfReply(context), ...lastingOf(context)].length > 0;
}

/** Whether nothing may sound and no action may begin, because a stop is suspected. */
export function isHeld({ suspicion }: Pick<SessionContext, 'suspicion'>): boolean {
  return suspicion !== undefined;
}

/**
 * STT's final text. What it rejected is the stop phrase that it is nearest to if the lane suspected one too: two that hear
 * differently are seldom wrong together.
 */
export function withSuspectedStop(
  output: SttOutput,
  context: SessionContext,
  { asking, words }: SessionParameters,
): SttOutput {
  const { rejected } = output;
  const least = asking.stopAbove;
  if (!isHeld(context) && !context.utterance?.suspected) return output;
  if (least === 0 || rejected?.reason !== 'unlike' || rejected.confidence < least) return output;
  if (!isAmong(rejected.nearest, words.halt, languageOf(context))) return output;
  const { rejected: _, ...heard } = output;
  return { ...heard, text: rejected.nearest, confidence: rejected.confidence };
}

/** Speech pauses, and actions are asked to hold. */
export const hold: Reducer = (context, event) => {
  if (event.type !== 'stop.suspected') return {};
  const { phrase } = event;
  return {
    patch: { suspicion: { phrase } },
    effects: [
      publish({ type: 'hold', held: true, phrase }),
      ...(playsAudio(context) ? [send('playback', { type: 'pause' }), playback(context, 'paused')] : []),
      ...executors('pause'),
    ],
  };
};

/** It was not a stop: actions go on, and speech, if it was not paused before, at the same sample. */
export function release(
  speech: 'playing' | 'ducked' | 'paused',
  { asking }: Pick<SessionParameters, 'asking'>,
): Reducer {
  return (context) => ({
    patch: {
      suspicion: undefined,
      ...(asking.stopAbove > 0 &&
        context.utterance && { utterance: { ...context.utterance, suspected: true } }),
    },
    effects: [
      publish({ type: 'hold', held: false }),
      ...(playsAudio(context) && speech !== 'paused'
        ? [playback(context, speech), send('playback', { type: 'resume' })]
        : []),
      ...executors('resume'),
    ],
  });
}

/** The stop is in force, which ends speech and actions: there is nothing to resume. */
export const forgetSuspicion: Reducer = () => ({ patch: { suspicion: undefined } });

function playsAudio({ reply, input }: SessionContext): boolean {
  return reply !== null && input.output !== 'text';
}

function playback({ generation }: SessionContext, state: 'playing' | 'ducked' | 'paused'): Effect {
  return publish({ type: 'playback', generation, state });
}

function executors(type: 'pause' | 'resume'): readonly Effect[] {
  return [send('actions', { type }), send('lasting', { type })];
}
