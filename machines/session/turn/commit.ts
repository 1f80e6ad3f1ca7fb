/** Turns that the client makes: it commits audio, clears it, or asks for a reply without words. */
import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../../audio.ts';
import type { SessionParameters } from '../../parameters.ts';
import { failure, publish, publishError } from '../effects.ts';
import { discarded } from '../halt/discarded.ts';
import type { MachineEvent, Reducer, ReplyCause, SessionContext } from '../model.ts';
import { earTakesTurn } from '../settings/in-force.ts';
import { pendingTurn } from './pending.ts';
import { newUtterance } from './utterance.ts';
import { turnInHand } from './words.ts';

/** Shorter audio has no word. */
const MIN_COMMIT_SAMPLES = samplesInMs(100, PIPELINE_RATE);

/** With manual turn detection: whether there is audio to commit. */
export function hasAudio(context: SessionContext, event: MachineEvent): boolean {
  if (event.type !== 'commit' || earTakesTurn(context)) return false;
  return event.sample - (context.committedTo ?? 0) >= MIN_COMMIT_SAMPLES;
}

/** The audio since the last commit becomes the utterance: at most the newest `maxUtteranceMs` of it. */
export function commitAudio(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'commit') return {};
    const maxSamples = samplesInMs(parameters.endpointing.maxUtteranceMs, PIPELINE_RATE);
    const { nowMs: endedAtMs } = context;
    const startSample = Math.max(context.committedTo ?? 0, event.sample - maxSamples);
    const lengthMs = msOfSamples(event.sample - startSample, PIPELINE_RATE);
    const before = discarded(context, event, parameters);
    const begun = newUtterance(context, startSample, Math.max(0, endedAtMs - lengthMs));
    return {
      patch: {
        ...before.patch,
        ...begun.patch,
        utterance: { ...begun.utterance, endedAtMs, endSample: event.sample },
        committedTo: event.sample,
      },
      effects: [...before.effects, ...begun.effects],
    };
  };
}

/** The utterance that the ear found ends here. */
export const commitUtterance: Reducer = ({ utterance, nowMs }, event) =>
  event.type === 'commit' && utterance
    ? {
        patch: {
          utterance: { ...utterance, endedAtMs: utterance.endedAtMs ?? nowMs, endSample: event.sample },
        },
      }
    : {};

export const clearAudio: Reducer = (context, event) =>
  event.type === 'clear' && !earTakesTurn(context) ? { patch: { committedTo: event.sample } } : {};

export const refuseCommit: Reducer = () => ({ effects: [publishError(failure('NOTHING_TO_COMMIT'))] });

export const refuseTurn: Reducer = () => ({ effects: [publishError(failure('TURN_RUNNING'))] });

/** A client that committed audio without words gets an empty transcript. */
export const publishNothing: Reducer = (context) =>
  context.utterance?.endSample === undefined
    ? {}
    : { effects: [publish({ type: 'transcript', turn: turnInHand(context), text: '', final: true })] };

export const askReply: Reducer = ({ nowMs }, event) => {
  if (event.type !== 'respond') return {};
  const cause = causeOf(event);
  const phrase = cause.type === 'say' ? cause.text : cause.type === 'outside' ? '' : null;
  return { patch: { pending: pendingTurn(cause, nowMs, { phrase }) } };
};

function causeOf({ instructions, say, outside }: Extract<MachineEvent, { type: 'respond' }>): ReplyCause {
  if (outside) return { type: 'outside' };
  const own = instructions === undefined ? {} : { instructions };
  return say === undefined ? { type: 'requested', ...own } : { type: 'say', text: say, ...own };
}
