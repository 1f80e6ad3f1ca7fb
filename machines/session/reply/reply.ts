/** The life of one reply: it begins, gets its text, sounds and ends, all under one generation. */
import type { ErrorRecord } from '../../errors.ts';
import type { SessionParameters } from '../../parameters.ts';
import { stageDirectionsIn } from '../../policies/reading/directions.ts';
import { cutSegments } from '../../policies/segmenter.ts';
import { nextRandom } from '../../random.ts';
import type { EndReason } from '../../wire.ts';
import { actionsOfReply, publishAction } from '../actions/ends.ts';
import { undeliveredFollowUps, undeliveredResults, withoutDelivered } from '../actions/follow-ups.ts';
import { notDone } from '../actions/invalid.ts';
import { startAllowed, wasStarted } from '../actions/robot-actions.ts';
import { failure, publish, publishError, send } from '../effects.ts';
import { phrasesOf } from '../language/language.ts';
import type { Effect, MachineEvent, Outcome, PendingTurn, Reducer, Reply, SessionContext } from '../model.ts';
import { consentQuestion, isQuestionHeard, withoutQuestion, withoutUnasked } from '../tools/consent.ts';
import { heardRounds, loops } from '../tools/loop.ts';
import { outcomeOf, remember, withOutcomes } from '../turn/history.ts';
import { allowedCalls, followUpsIn, pendingTurn } from '../turn/pending.ts';
import { heardOf } from './listener.ts';
import { timingsOf, UNMARKED } from './timings.ts';

const NOT_HEARD = 'the user did not hear the question';

export function beginReply(parameters: SessionParameters): Reducer {
  return (context) => begun(context, parameters);
}

function begun(context: SessionContext, parameters: SessionParameters): Outcome {
  const { pending, speculation, nowMs } = context;
  if (!pending) return {};
  const { value, state } = nextRandom(context.random);
  const answered = pending.cause.type === 'consent' || pending.question !== undefined;
  const unanswered = answered ? {} : withoutQuestion(context, 'the user did not say yes');
  const turn = pending.counted ? context.turn : context.turn + 1;
  const generation = speculation?.generation ?? context.lastGeneration + 1;
  return {
    ...unanswered,
    patch: {
      ...unanswered.patch,
      turn,
      generation,
      lastGeneration: Math.max(context.lastGeneration, generation),
      random: state,
      pending: null,
      question: pending.question,
      ...undeliveredFollowUps(context, parameters),
      reply: {
        turn,
        generation,
        userText: pending.text,
        phrase: pending.phrase,
        seed: value,
        facts: [],
        text: '',
        cut: 0,
        segments: [],
        actions: [],
        failure: pending.failure,
        turnEndedAtMs: pending.endedAtMs,
        marks: {
          ...UNMARKED,
          endpointMs: pending.endpointMs,
          sttMs: pending.sttMs ?? waitedMs(pending, nowMs),
          begunAtMs: nowMs,
          preparedMs: speculation ? nowMs - speculation.startedAtMs : null,
        },
        cause: pending.cause,
      },
    },
  };
}

/** How long a turn without speech of its own has waited for the words of discarded speech; null if not at all. */
function waitedMs({ endpointMs, counted, endedAtMs }: PendingTurn, nowMs: number): number | null {
  return endpointMs === null && !counted && nowMs > endedAtMs ? nowMs - endedAtMs : null;
}

export const setRecalledFacts: Reducer = (context, event) =>
  event.type === 'xstate.done.actor.memory' ? change(context, { facts: event.output.facts }) : {};

/** A recall that is only late goes on: its facts count from the next reply. */
export const publishMemoryFailure: Reducer = (_context, event) =>
  event.type === 'xstate.error.actor.memory' ? { effects: [publishError(event.error)] } : {};

/** The first request of the reply, unless its first words are Parley's own. */
export function recordRequest(parameters: SessionParameters): Reducer {
  return (context) => {
    const { marks } = context.reply ?? {};
    const patch = withoutDelivered(context, parameters);
    if (!marks || marks.firstTokenAtMs !== null || marks.askedAtMs !== null) return { patch };
    return {
      patch: { ...patch, ...change(context, { marks: { ...marks, askedAtMs: context.nowMs } }).patch },
    };
  };
}

export function recordDelta(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { reply } = context;
    if (event.type !== 'llm.delta' || !reply || event.text === '') return {};
    return addText(context, reply, joint(reply, event.text), 'more', parameters);
  };
}

/** Whether the model has only shown that it works since it was asked last. */
export function isStillSilent({ reply }: SessionContext): boolean {
  const before = reply?.rounds?.at(-1) ?? { actions: 0, text: 0 };
  return reply?.text.length === before.text && reply.actions.length === before.actions;
}

/** Speaks one of Parley's own phrases without the LLM. */
export function sayPhrase(parameters: SessionParameters): Reducer {
  return (context) =>
    context.reply ? addText(context, context.reply, context.reply.phrase ?? '', 'end', parameters) : {};
}

/** No more text follows: the rest goes to TTS, followed by `end`. */
export function finishText(parameters: SessionParameters): Reducer {
  return (context) => {
    const { reply } = context;
    if (!reply) return {};
    const asks = consentQuestion(context, parameters);
    const last = [notDone(context, parameters), asks?.text].filter(Boolean).join(' ');
    if (last === '') return addText(context, reply, '', 'end', parameters);
    const said = addText(context, reply, spaced(reply.text, last), 'end', parameters);
    return asks ? { ...said, patch: { ...said.patch, question: asks.question } } : said;
  };
}

/** What the user has allowed begins, unless it has. */
export function sayAllowed(parameters: SessionParameters): Reducer {
  const start = startAllowed(parameters);
  const end = endRound(parameters);
  return (context, event) => {
    const { reply } = context;
    if (!reply || !allowedCalls(reply) || reply.rounds) return {};
    const willDo = phrasesOf(context, parameters).willDo ?? '';
    const said = addText(context, reply, willDo, 'pause', parameters);
    const begun = start({ ...context, ...said.patch }, event);
    const ended = end({ ...context, ...said.patch, ...begun.patch }, event);
    return {
      patch: { ...said.patch, ...begun.patch, ...ended.patch },
      effects: [...(said.effects ?? []), ...(begun.effects ?? []), ...(ended.effects ?? [])],
    };
  };
}

/** The model waits for results: what it has said so far is spoken. */
export function endRound(parameters: SessionParameters): Reducer {
  return (context) => {
    const { reply } = context;
    if (!reply) return {};
    const { rounds = [], actions, text } = reply;
    const ended = { ...reply, rounds: [...rounds, { actions: actions.length, text: text.length }] };
    return addText(context, ended, '', 'pause', parameters);
  };
}

/** The added text, after a space if the texts of two rounds would otherwise join into one word. */
function joint({ rounds, text }: Reply, added: string): string {
  return rounds?.at(-1)?.text === text.length && !/^\s/u.test(added) ? spaced(text, added) : added;
}

function spaced(before: string, added: string): string {
  return before === '' || /\s$/u.test(before) ? added : ` ${added}`;
}

/** The LLM failed. If nothing was spoken yet, Parley speaks its apology. */
export function failLlm(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { reply } = context;
    if (!reply) return {};
    const error = event.type === 'xstate.error.actor.llm' ? event.error : failure('LLM_TIMEOUT');
    const failed = { ...reply, failure: error };
    const silent = reply.text.trim() === '';
    const owed = notDone(context, parameters) || (silent ? phrasesOf(context, parameters).llmFailed : '');
    const apology = owed && spaced(reply.text, owed);
    const said = addText({ ...context, reply: failed }, failed, apology, 'end', parameters);
    return { ...said, effects: [publishError(error), ...(said.effects ?? [])] };
  };
}

export const failTts: Reducer = (context, event) =>
  recordFailure(context, event.type === 'xstate.error.actor.tts' ? event.error : failure('TTS_TIMEOUT'));

export const failPlayback: Reducer = (context, event) =>
  recordFailure(
    context,
    event.type === 'xstate.error.actor.playback' ? event.error : failure('PLAYBACK_FAILED'),
  );

/** Leaving `responding` for any reason ends the reply once. */
export function endReply(parameters: SessionParameters): Reducer {
  return (context, event) => {
    if (!context.reply) return {};
    const { reply, effects: unasked } = withoutUnasked(context.reply, context);
    // Audio from outside is not said again, and the behaviour has heard the words.
    const continued =
      event.type === 'speech.start' && reply.cause.type !== 'outside' && reply.cause.type !== 'behaviour';
    const reason = endReason(reply, event);
    // A reply that ended by itself was heard to its end, whatever a late client reports.
    const heard = heardOf(reply, context, reason === 'completed');
    const timings = timingsOf(reply, context.listener);
    const effects: Effect[] = actionsOfReply(context).map((action) => publishAction(action, 'cancelled'));
    if (reason === 'interrupted') {
      effects.push(
        { type: 'cancelWork', generation: reply.generation },
        publish({ type: 'flush', generation: reply.generation }),
      );
    }
    effects.push(
      publish({
        ...{ type: 'reply.end', turn: reply.turn, generation: reply.generation, reason, heard, timings },
        ...(reply.cause.type === 'behaviour' && { origin: 'behaviour' }),
      }),
    );
    const undelivered = reason === 'interrupted' && heard === '' ? followUpsIn(reply) : undefined;
    const results = reason === 'interrupted' ? undeliveredResults(context, heard.length, parameters) : [];
    const redelivered = (undelivered || results.length > 0) && {
      followUps: [...(undelivered ?? []), ...results, ...(context.followUps ?? [])],
    };
    if (continued) {
      const unheard = withoutQuestion(context, NOT_HEARD);
      return {
        patch: {
          ...(context.question?.calls && unheard.patch),
          reply: null,
          ...redelivered,
          // Calls that the user had allowed were refused, or nothing could be continued.
          pending: pendingTurn(
            undelivered || allowedCalls(reply) ? { type: 'turn' } : reply.cause,
            reply.turnEndedAtMs,
            { text: reply.userText, counted: true },
          ),
        },
        effects: [...effects, ...(unheard.effects ?? [])],
      };
    }
    const { turn, generation, userText, text: replyText } = reply;
    effects.push({
      type: 'persist',
      turn: { turn, generation, userText, replyText, heard, reason, timings, endedAtMs: context.nowMs },
    });
    const allowed = reply.actions.filter((action) => action.allowed);
    const history = remember(
      withOutcomes(context.history, allowed.map(outcomeOf)),
      loops(parameters)
        ? { user: userText, assistant: heardRounds(reply, heard) }
        : {
            ...{ user: userText, assistant: heard },
            ...(context.input.results && { actions: actionsToRemember(reply).map(outcomeOf) }),
          },
      parameters.history,
    );
    effects.push(...unasked);
    const ended = { reply: null, ...redelivered, history };
    if (isQuestionHeard(reply, context, reason === 'completed' ? Number.POSITIVE_INFINITY : heard.length))
      return { patch: ended, effects };
    const unheard = withoutQuestion({ ...context, ...ended }, NOT_HEARD);
    return { patch: { ...ended, ...unheard.patch }, effects: [...effects, ...(unheard.effects ?? [])] };
  };
}

/** What the history without rounds keeps: the started actions, and those that the model must know to have failed. */
function actionsToRemember({ actions }: Reply): Reply['actions'] {
  return actions.filter((action) => wasStarted(action) || action.invalid);
}

function endReason(reply: Reply, event: MachineEvent): EndReason {
  if (event.type !== 'xstate.done.state.responding') return 'interrupted';
  return reply.failure ? 'failed' : 'completed';
}

/**
 * Adds text to the reply and publishes it; if the reply is spoken, sends the segments that are ready to TTS. At a `pause`
 * and at the `end` these are all; after the end nothing follows.
 */
function addText(
  context: SessionContext,
  reply: Reply,
  added: string,
  then: 'more' | 'pause' | 'end',
  parameters: SessionParameters,
): Outcome {
  const final = then !== 'more';
  const text = reply.text + added;
  const spoken = context.input.output !== 'text';
  const rest = spoken ? text.slice(reply.cut) : '';
  const { lengths } = cutSegments(rest, { segment: reply.segments.length, final }, parameters.reply);
  const effects: Effect[] = [];
  if (added)
    effects.push(publish({ type: 'reply', turn: reply.turn, generation: reply.generation, text: added }));
  let cut = reply.cut;
  const segments = [...reply.segments];
  for (const length of lengths) {
    const piece = text.slice(cut, cut + length);
    cut += length;
    if (piece.trim() === '' && segments.length === 0) continue;
    effects.push(...emotions(reply, piece, parameters));
    effects.push(send('tts', { type: 'segment', segment: segments.length, text: piece }));
    segments.push(piece);
  }
  const ends = then === 'end';
  if (ends && spoken) effects.push(send('tts', { type: 'end' }));
  if (ends) effects.push(send('actions', { type: 'end' }));
  const marks = {
    ...reply.marks,
    firstTokenAtMs: reply.marks.firstTokenAtMs ?? (added ? context.nowMs : null),
    firstSegmentAtMs: reply.marks.firstSegmentAtMs ?? (segments.length > 0 ? context.nowMs : null),
  };
  const complete = ends && loops(parameters) && ({ complete: true } as const);
  return { patch: { reply: { ...reply, text, cut, segments, marks, ...complete } }, effects };
}

/** The stage directions of a segment, for a client that shows them. */
function emotions({ turn, generation }: Reply, piece: string, parameters: SessionParameters): Effect[] {
  if (parameters.reading.stageDirections !== 'emotion') return [];
  return stageDirectionsIn(piece).map((emotion) => publish({ type: 'emotion', turn, generation, emotion }));
}

function change(context: SessionContext, patch: Partial<Reply>): Outcome {
  return context.reply ? { patch: { reply: { ...context.reply, ...patch } } } : {};
}

function recordFailure(context: SessionContext, error: ErrorRecord): Outcome {
  return { ...change(context, { failure: error }), effects: [publishError(error)] };
}
