/** The life of an utterance: it begins, pauses, gets its words or is dropped. */

import type { ErrorRecord } from '../../errors.ts';
import type { SessionParameters } from '../../parameters.ts';
import { sameWords } from '../../policies/text.ts';
import { failure, publish, publishError, send } from '../effects.ts';
import { discarded } from '../halt/discarded.ts';
import { followed, languageOf } from '../language/language.ts';
import type { Effect, Outcome, Reducer, SessionContext, Utterance } from '../model.ts';
import { withoutSpeculation } from '../speculation/speculation.ts';
import { withSuspectedStop } from '../stop-lane/stop-lane.ts';
import { turnInHand } from './words.ts';

function update(context: SessionContext, patch: Partial<Utterance>): Partial<SessionContext> {
  return context.utterance ? { utterance: { ...context.utterance, ...patch } } : {};
}

function fail(context: SessionContext, error: ErrorRecord): Outcome {
  return context.utterance
    ? { patch: update(context, { failure: error }), effects: [publishError(error)] }
    : {};
}

/** When the sample of an ear event was heard. Audio may arrive faster than real time, but not before the start. */
function heardAtMs(context: SessionContext, event: { readonly ageMs: number }): number {
  return Math.max(0, context.nowMs - event.ageMs);
}

/** An utterance and its recogniser. The caller has discarded the previous one. */
export function newUtterance(context: SessionContext, startSample: number, startedAtMs: number) {
  const number = context.utterances + 1;
  const utterance: Utterance = {
    number,
    startSample,
    startedAtMs,
    endedAtMs: null,
    decidedAtMs: null,
    partial: '',
    partialAtMs: null,
    final: null,
    failure: null,
  };
  const effects: Effect[] = [{ type: 'stt.spawn' }];
  return { utterance, patch: { utterances: number }, effects };
}

export function beginUtterance(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'speech.start') return {};
    const startedAtMs = heardAtMs(context, event);
    const before = discarded(context, event, parameters);
    const { patch, utterance, effects } = newUtterance(context, event.sample, startedAtMs);
    return {
      patch: { ...before.patch, ...patch, utterance },
      effects: [...before.effects, ...effects, publish({ type: 'speech', event: 'start', at: startedAtMs })],
    };
  };
}

/**
 * The user continues after the turn was judged to be over: the whole utterance is recognised again, with its
 * continuation. A stop before the continuation still counts.
 */
export function restartUtterance(parameters: SessionParameters): Reducer {
  const begin = beginUtterance(parameters);
  return (context, event) => {
    const { utterance } = context;
    if (event.type !== 'speech.start' || !utterance) return begin(context, event);
    const before = discarded(context, event, parameters);
    return withoutSpeculation(context, {
      patch: {
        ...before.patch,
        utterances: context.utterances + 1,
        utterance: {
          ...utterance,
          number: context.utterances + 1,
          endedAtMs: null,
          decidedAtMs: null,
          final: null,
          failure: null,
          endSample: undefined,
          end: undefined,
        },
      },
      effects: [
        ...before.effects,
        { type: 'stt.spawn' },
        publish({ type: 'speech', event: 'start', at: heardAtMs(context, event) }),
      ],
    });
  };
}

export function recordSpeechResumed(parameters: SessionParameters): Reducer {
  const restart = restartUtterance(parameters);
  return (context, event) => {
    if (event.type !== 'speech.start') return {};
    // STT that was asked to finish does not hear the continuation.
    if (context.utterance?.decidedAtMs !== null) return restart(context, event);
    return withoutSpeculation(context, {
      patch: update(context, { endedAtMs: null }),
      effects: [publish({ type: 'speech', event: 'start', at: heardAtMs(context, event) })],
    });
  };
}

export const recordSpeechStop: Reducer = (context, event) => {
  if (event.type !== 'speech.stop') return {};
  const endedAtMs = heardAtMs(context, event);
  return {
    patch: update(context, { endedAtMs }),
    effects: [publish({ type: 'speech', event: 'stop', at: endedAtMs })],
  };
};

/** The ear has failed and cannot report the end of the user's speech, so it ends here. */
export const endSpeechUnheard: Reducer = (context) => ({
  patch: update(context, { endedAtMs: context.nowMs }),
  effects: [publish({ type: 'speech', event: 'stop', at: context.nowMs })],
});

/** A speculation for other words is not needed any more. */
export function recordPartial(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { utterance, nowMs } = context;
    if (event.type !== 'transcript.partial' || !utterance) return {};
    const { end } = event;
    if (end !== utterance.end && event.text === utterance.partial) return { patch: update(context, { end }) };
    const language = followed(event.language, context, parameters.languages);
    const noted: Outcome = {
      patch: update(context, {
        ...{ partial: event.text, partialAtMs: nowMs, reading: event.reading, end },
        ...(language !== undefined && { language }),
      }),
      effects: [publish({ type: 'transcript', turn: turnInHand(context), text: event.text, final: false })],
    };
    const same = sameWords(event.text, utterance.partial, languageOf(context));
    return same ? noted : withoutSpeculation(context, noted);
  };
}

/** A speculation in another language is not needed either. */
export function recordFinal(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'xstate.done.actor.stt') return {};
    const language = followed(event.output.language, context, parameters.languages);
    const noted: Outcome = {
      patch: update(context, {
        final: withSuspectedStop(event.output, context, parameters),
        ...(language !== undefined && { language }),
      }),
    };
    return language === undefined || language === languageOf(context)
      ? noted
      : withoutSpeculation(context, noted);
  };
}

export const recordSttFailure: Reducer = (context, event) =>
  event.type === 'xstate.error.actor.stt' ? fail(context, event.error) : {};

export const failSttLate: Reducer = (context) => {
  const { patch, effects = [] } = fail(context, failure('STT_TIMEOUT'));
  return { ...(patch ? { patch } : {}), effects: [{ type: 'stt.stop' }, ...effects] };
};

/** The turn is judged to be over: STT is asked to finish. */
export const finishUtterance: Reducer = (context) => {
  const { utterance } = context;
  if (!utterance || utterance.decidedAtMs !== null) return {};
  const settled = utterance.final !== null || utterance.failure !== null;
  return {
    patch: update(context, { decidedAtMs: context.nowMs, endedAtMs: utterance.endedAtMs ?? context.nowMs }),
    effects: settled ? [] : [send('stt', { type: 'finish' })],
  };
};

export const dropUtterance: Reducer = (context) =>
  withoutSpeculation(
    context,
    context.utterance ? { patch: { utterance: null }, effects: [{ type: 'stt.stop' }] } : {},
  );

export const publishEarFailure: Reducer = (_context, event) =>
  event.type === 'ear.failed' ? { effects: [publishError(event.error)] } : {};
