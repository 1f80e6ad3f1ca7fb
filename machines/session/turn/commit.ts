/** Turns that the client makes: it commits audio, clears it, or asks for a reply without words. */
import { msOfSamples, PIPELINE_RATE, samplesInMs } from '../../audio.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { AskedReply, SessionContext } from '../context.ts';
import { failure, type MachineEvent, publish, publishError, type Reducer } from '../effects.ts';
import { earTakesTurn } from '../settings/settings.ts';
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
    const begun = newUtterance(context, startSample, Math.max(0, endedAtMs - lengthMs));
    return {
      patch: {
        ...begun.patch,
        utterance: { ...begun.utterance, endedAtMs, endSample: event.sample },
        committedTo: event.sample,
      },
      effects: begun.effects,
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
  const { instructions, outside } = event;
  const say = outside ? '' : event.say;
  const asked: AskedReply = {
    ...(instructions !== undefined && { instructions }),
    ...(say !== undefined && { say }),
    ...(outside && { outside }),
  };
  return {
    patch: {
      pending: {
        ...{ text: '', counted: false, phrase: say ?? null, failure: null, endpointMs: null, sttMs: null },
        endedAtMs: nowMs,
        asked,
      },
    },
  };
};
