/**
 * Speech that the conversation has discarded before its words were known: a typed text, an interrupt or another turn came
 * first. Its recogniser finishes all the same, because the words may be a voice stop. Nothing else of them counts.
 */
import type { SessionParameters } from '../../parameters.ts';
import { isAmong, joinText } from '../../policies/text.ts';
import { publish, publishError, send } from '../effects.ts';
import type { SttOutput } from '../events.ts';
import { languageOf } from '../language/language.ts';
import type {
  Discarded,
  Effect,
  MachineEvent,
  Outcome,
  Reducer,
  SessionContext,
  Utterance,
} from '../model.ts';
import { withoutSpeculation } from '../speculation/speculation.ts';
import { withSuspectedStop } from '../stop-lane/stop-lane.ts';
import { turnInHand } from '../turn/words.ts';

/** Maximum wait for the end of discarded speech, ms: a stop phrase is shorter. */
export const DISCARDED_SPEECH_MS = 2_000;

const NONE: readonly Discarded[] = [];

export function discardedOf({ discarded }: Pick<SessionContext, 'discarded'>): readonly Discarded[] {
  return discarded?.waiting ?? NONE;
}

/** Whether words of discarded speech are a stop. Without final words, those so far decide. */
export function discardedHalt(
  { utterance, before }: Discarded,
  context: SessionContext,
  { words }: SessionParameters,
): boolean {
  const { final, partial } = utterance;
  const text = final?.text ?? (utterance.failure ? partial : '');
  const said = [text, joinText(before, text)];
  return text !== '' && said.some((one) => isAmong(one, words.halt, languageOf(context)));
}

export function saidHaltDiscarded(context: SessionContext, parameters: SessionParameters): boolean {
  return discardedOf(context).some((one) => discardedHalt(one, context, parameters));
}

/** Drops the utterance of the conversation, except that a stop in it still counts. */
export function discardUtterance(parameters: SessionParameters): Reducer {
  return (context, event) => withoutSpeculation(context, discarded(context, event, parameters));
}

/** The same, as a part of another outcome. The caller replaces the utterance. */
export function discarded(
  context: SessionContext,
  event: MachineEvent,
  parameters: SessionParameters,
): Required<Outcome> {
  const { utterance, nowMs } = context;
  if (!utterance) return { patch: {}, effects: [] };
  const stopped: Required<Outcome> = { patch: { utterance: null }, effects: [{ type: 'stt.stop' }] };
  const turn = turnInHand(context);
  const before = context.pending?.text ?? '';
  const { final, failure } = utterance;
  if (final !== null || failure !== null) {
    const known: Discarded = { utterance, before, turn, dueMs: nowMs };
    if (!discardedHalt(known, context, parameters)) return stopped;
    const { patch, effects } = changed(context, [...discardedOf(context), known]);
    return { patch: { ...stopped.patch, ...patch }, effects: [...effects, ...stopped.effects] };
  }
  // Without a client no end of the speech is heard.
  const speaks = utterance.endedAtMs === null && event.type !== 'away';
  const finishes = !speaks && utterance.decidedAtMs === null;
  const one: Discarded = {
    utterance: { ...utterance, endedAtMs: speaks ? null : (utterance.endedAtMs ?? nowMs) },
    ...{ before, turn },
    dueMs: nowMs + (speaks ? DISCARDED_SPEECH_MS : parameters.deadlines.sttMs),
  };
  const { patch, effects } = changed(context, [...discardedOf(context), one]);
  const { executors } = context.discarded ?? { executors: 0 };
  return {
    patch: { ...patch, utterance: null },
    effects: [
      ...(discardedOf(context).length === 0
        ? [{ type: 'discarded.spawn', number: executors + 1 } as const]
        : []),
      send('discarded', { type: 'adopt', utterance: utterance.number }),
      ...(finishes ? [send('discarded', { type: 'finish' })] : []),
      ...effects,
      ...stopped.effects,
    ],
  };
}

/** The user has fallen silent: the recogniser is asked to finish. */
export function endDiscardedSpeech(parameters: SessionParameters): Reducer {
  return (context) => {
    const waiting = discardedOf(context);
    if (waiting.every(({ utterance }) => utterance.endedAtMs !== null)) return {};
    const ended = waiting.map((one) => finished(one, context, parameters));
    const { patch, effects } = changed(context, ended);
    return { patch, effects: [send('discarded', { type: 'finish' }), ...effects] };
  };
}

/** The words are known. They are forgotten, unless they are a stop. */
export function recordDiscardedWords(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'discarded.words') return {};
    const { utterance: number, output, error } = event;
    const rest = discardedOf(context).flatMap((one) => {
      const { utterance } = one;
      if (utterance.number !== number) return [one];
      const known = output
        ? { ...utterance, final: heard(output, utterance, context, parameters) }
        : { ...utterance, failure: error ?? null };
      return discardedHalt({ ...one, utterance: known }, context, parameters)
        ? [{ ...one, utterance: known }]
        : [];
    });
    return changed(context, rest);
  };
}

function heard(
  output: SttOutput,
  utterance: Utterance,
  context: SessionContext,
  parameters: SessionParameters,
): SttOutput {
  return withSuspectedStop(output, { ...context, utterance }, parameters);
}

/** A wait is over: speech that does not end is finished, and words that do not come are given up. */
export function discardedOverdue(parameters: SessionParameters): Reducer {
  return (context) => {
    const waiting = discardedOf(context);
    const speaks = waiting.some(
      ({ utterance, dueMs }) => utterance.endedAtMs === null && dueMs <= context.nowMs,
    );
    const rest = waiting.flatMap((one) => {
      if (one.dueMs > context.nowMs) return [one];
      if (one.utterance.endedAtMs === null) return [finished(one, context, parameters)];
      const late = { ...one, utterance: { ...one.utterance, failure: LATE } };
      return discardedHalt(late, context, parameters) ? [late] : [];
    });
    const { patch, effects } = changed(context, rest);
    return { patch, effects: [...(speaks ? [send('discarded', { type: 'finish' })] : []), ...effects] };
  };
}

const LATE = { code: 'STT_TIMEOUT', message: '' } as const;

/** The recognisers of discarded speech have failed as a whole: the words so far decide. */
export function discardedFailed(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (event.type !== 'xstate.error.actor.discarded') return {};
    const { error } = event;
    const rest = discardedOf(context)
      .map((one) => ({ ...one, utterance: { ...one.utterance, failure: error } }))
      .filter((one) => discardedHalt(one, context, parameters));
    const { patch, effects } = changed(context, rest);
    return { patch, effects: [...effects, publishError(error)] };
  };
}

/** The stop is in force, or the session has ended. */
export const forgetDiscarded: Reducer = (context) =>
  discardedOf(context).length === 0 ? {} : changed(context, []);

/** The client learns what stopped the robot. */
export function publishDiscardedHalt(parameters: SessionParameters): Reducer {
  return (context) => {
    const one = discardedOf(context).find((each) => discardedHalt(each, context, parameters));
    if (!one) return {};
    const { final, partial } = one.utterance;
    return {
      effects: [publish({ type: 'transcript', turn: one.turn, text: final?.text ?? partial, final: true })],
    };
  };
}

function finished(one: Discarded, { nowMs }: SessionContext, { deadlines }: SessionParameters): Discarded {
  if (one.utterance.endedAtMs !== null) return one;
  return { ...one, utterance: { ...one.utterance, endedAtMs: nowMs }, dueMs: nowMs + deadlines.sttMs };
}

function changed(context: SessionContext, waiting: readonly Discarded[]): Required<Outcome> {
  const before = discardedOf(context);
  const { executors = 0 } = context.discarded ?? {};
  const due = waiting.map(({ dueMs }) => dueMs);
  const effects: Effect[] = [
    ...(before.length > 0 && waiting.length === 0 ? [{ type: 'discarded.stop' } as const] : []),
    {
      type: 'discarded.deadline',
      dueMs: due.length === 0 ? null : Math.max(0, Math.min(...due) - context.nowMs),
    },
  ];
  return {
    patch: {
      discarded: { executors: executors + (before.length === 0 && waiting.length > 0 ? 1 : 0), waiting },
    },
    effects,
  };
}
