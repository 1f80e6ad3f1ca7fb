/** The life of one reply: it begins, gets its text, sounds, and ends, all under one generation. */
import type { ErrorRecord } from '../errors.ts';
import type { SessionParameters } from '../parameters.ts';
import { heardText } from '../policies/heard.ts';
import { cutSegments } from '../policies/segmenter.ts';
import { nextRandom } from '../random.ts';
import type { EndReason } from '../wire.ts';
import type { Reply, ReplyMarks, SessionContext } from './context.ts';
import {
  type Effect,
  failure,
  type MachineEvent,
  type Outcome,
  publish,
  type Reducer,
  send,
  tell,
} from './effects.ts';
import { isAudible, ownSamples } from './filler.ts';
import { remember } from './history.ts';
import { told } from './robot-actions.ts';
import { timingsOf, UNMARKED } from './timings.ts';

export const beginReply: Reducer = (context) => {
  const { pending, speculation, nowMs } = context;
  if (!pending) return {};
  const { value, state } = nextRandom(context.random);
  const turn = pending.counted ? context.turn : context.turn + 1;
  const generation = speculation?.generation ?? context.lastGeneration + 1;
  return {
    patch: {
      turn,
      generation,
      lastGeneration: Math.max(context.lastGeneration, generation),
      random: state,
      pending: null,
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
        played: 0,
        playingSinceMs: null,
        sent: 0,
        acknowledged: false,
        turnEndedAtMs: pending.endedAtMs,
        marks: {
          ...UNMARKED,
          endpointMs: pending.endpointMs,
          sttMs: pending.sttMs,
          begunAtMs: nowMs,
          preparedMs: speculation ? nowMs - speculation.startedAtMs : null,
        },
      },
    },
  };
};

export const noteFacts: Reducer = (context, event) =>
  event.type === 'xstate.done.actor.memory' ? change(context, { facts: event.output.facts }) : {};

export const tellMemoryFailure: Reducer = (_context, event) => ({
  effects: [tell(event.type === 'xstate.error.actor.memory' ? event.error : failure('MEMORY_TIMEOUT'))],
});

export const noteAsked: Reducer = (context) =>
  context.reply ? change(context, { marks: { ...context.reply.marks, askedAtMs: context.nowMs } }) : {};

export function noteDelta(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { reply } = context;
    if (event.type !== 'llm.delta' || !reply || event.text === '') return {};
    return addText(context, reply, event.text, false, parameters);
  };
}

/** Parley says a phrase of its own: no LLM is asked. */
export function sayPhrase(parameters: SessionParameters): Reducer {
  return (context) =>
    context.reply ? addText(context, context.reply, context.reply.phrase ?? '', true, parameters) : {};
}

/** No more text comes: what is left goes to TTS, which is told so. */
export function finishText(parameters: SessionParameters): Reducer {
  return (context) => (context.reply ? addText(context, context.reply, '', true, parameters) : {});
}

/** The LLM failed. If nothing was said yet, the user is told aloud. */
export function failLlm(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { reply } = context;
    if (!reply) return {};
    const error = event.type === 'xstate.error.actor.llm' ? event.error : failure('LLM_TIMEOUT');
    const failed = { ...reply, failure: error };
    const apology = reply.text.trim() === '' ? parameters.phrases.llmFailed : '';
    const said = addText({ ...context, reply: failed }, failed, apology, true, parameters);
    return { ...said, effects: [tell(error), ...(said.effects ?? [])] };
  };
}

export const failTts: Reducer = (context, event) =>
  noteFailure(context, event.type === 'xstate.error.actor.tts' ? event.error : failure('TTS_TIMEOUT'));

export const failPlayback: Reducer = (context, event) =>
  noteFailure(
    context,
    event.type === 'xstate.error.actor.playback' ? event.error : failure('PLAYBACK_FAILED'),
  );

export const noteSegmentAudio: Reducer = (context, event) => {
  const { reply } = context;
  if (event.type !== 'segment.audio' || !reply) return {};
  const segments = reply.segments.map((segment, index) =>
    index === event.segment
      ? { ...segment, samples: event.samples, words: event.words, ready: event.ready }
      : segment,
  );
  const marks =
    event.samples > 0 && reply.marks.firstAudioAtMs === null
      ? { ...reply.marks, firstAudioAtMs: context.nowMs }
      : reply.marks;
  return change(context, { segments, marks });
};

/** The first frame has left: from here on the pacing counts. */
export const notePlaying: Reducer = (context) => {
  const { reply } = context;
  if (!reply || isAudible(reply)) return {};
  const { filler } = reply;
  if (filler && filler.samples > 0)
    return change(context, { filler: { ...filler, startedAtMs: context.nowMs } });
  return change(context, { marks: markPlaying(context, reply) });
};

function markPlaying({ nowMs }: SessionContext, { marks }: Reply): ReplyMarks {
  // Playback may tell of the first audio before TTS does.
  return { ...marks, firstAudioAtMs: marks.firstAudioAtMs ?? nowMs, playingAtMs: nowMs };
}

/** After a filler the reply itself begins when more was sent than that. */
function noteSent(context: SessionContext, reply: Reply, sent: number): Pick<Reply, 'sent' | 'marks'> {
  const begins = reply.marks.playingAtMs === null && isAudible(reply) && ownSamples(reply, sent) > 0;
  return { sent, marks: begins ? markPlaying(context, reply) : reply.marks };
}

export const noteProgress: Reducer = (context, event) => {
  const { reply } = context;
  if (event.type !== 'playout.progress' || !reply) return {};
  const sent = noteSent(context, reply, event.sent);
  if (reply.acknowledged) return change(context, sent);
  return change(context, {
    ...sent,
    played: Math.max(reply.played, event.samples),
    playingSinceMs: event.moving ? context.nowMs : null,
  });
};

export const noteAcknowledged: Reducer = (context, event) => {
  const { reply } = context;
  if (event.type !== 'played' || !reply || event.generation !== reply.generation) return {};
  // Nobody can have heard what was not sent.
  const honest = Math.min(event.samples, reply.sent);
  return change(context, {
    marks: markPlayed(context, reply, honest),
    acknowledged: true,
    playingSinceMs: null,
    played: reply.acknowledged ? Math.max(reply.played, honest) : honest,
  });
};

/** `played` samples have been played by now, so the reply's first one was that much earlier; but not before it was sent. */
function markPlayed({ nowMs, input }: SessionContext, reply: Reply, played: number): ReplyMarks {
  const { marks } = reply;
  const samples = ownSamples(reply, played);
  if (samples === 0 || marks.playedAtMs !== null || marks.playingAtMs === null) return marks;
  const firstAtMs = nowMs - (samples * 1_000) / input.outputRate;
  return { ...marks, playedAtMs: Math.max(marks.playingAtMs, firstAtMs) };
}

export const notePlayedOut: Reducer = (context, event) => {
  const { reply } = context;
  if (event.type !== 'xstate.done.actor.playback' || !reply) return {};
  const { samples } = event.output;
  return change(context, { ...noteSent(context, reply, samples), played: samples, playingSinceMs: null });
};

/** Samples played by now: as last told, and what the playback has gone on by since. */
function playedByNow({ nowMs, input }: SessionContext, reply: Reply): number {
  if (reply.playingSinceMs === null) return reply.played;
  const since = Math.floor(((nowMs - reply.playingSinceMs) * input.outputRate) / 1_000);
  return Math.min(reply.sent, reply.played + since);
}

/** True if only the pacing tells where the client is. */
function movesByPacing(reply: Reply | null): boolean {
  return reply !== null && !reply.acknowledged && isAudible(reply);
}

/** The position stands from here on, whether or not a playback is left to say so. */
export const pausePlayout: Reducer = (context) => ({
  ...(context.reply
    ? change(context, { played: playedByNow(context, context.reply), playingSinceMs: null })
    : {}),
  effects: [
    send('playback', { type: 'pause' }),
    publish({ type: 'playback', generation: context.generation, state: 'paused' }),
  ],
});

export const resumePlayout: Reducer = (context) => ({
  ...change(context, { playingSinceMs: movesByPacing(context.reply) ? context.nowMs : null }),
  effects: [
    publish({ type: 'playback', generation: context.generation, state: 'playing' }),
    send('playback', { type: 'resume' }),
  ],
});

/** Leaving `responding`, however it happens, ends the reply once. */
export function endReply(parameters: SessionParameters): Reducer {
  return (context, event) => {
    const { reply } = context;
    if (!reply) return {};
    const continued = event.type === 'speech.start';
    const reason = endReason(reply, event);
    // What has come to its end by itself was heard to its end: a first word of the client that comes late takes nothing back.
    const played = reason === 'completed' ? Number.POSITIVE_INFINITY : playedByNow(context, reply);
    const heard = heardText(reply.segments, ownSamples(reply, played));
    const timings = timingsOf(reply);
    const effects: Effect[] = reply.actions
      .filter((action) => action.status === 'started')
      .map((action) => told(action, 'cancelled'));
    if (reason === 'interrupted') {
      effects.push(
        { type: 'cancelWork', generation: reply.generation },
        publish({ type: 'flush', generation: reply.generation }),
      );
    }
    effects.push(
      publish({ type: 'reply.end', turn: reply.turn, generation: reply.generation, reason, heard, timings }),
    );
    if (continued) {
      return {
        patch: {
          reply: null,
          pending: {
            text: reply.userText,
            counted: true,
            phrase: null,
            failure: null,
            endpointMs: null,
            sttMs: null,
            endedAtMs: reply.turnEndedAtMs,
          },
        },
        effects,
      };
    }
    const { turn, generation, userText, text: replyText } = reply;
    effects.push({
      type: 'persist',
      turn: { turn, generation, userText, replyText, heard, reason, timings, endedAtMs: context.nowMs },
    });
    return {
      patch: {
        reply: null,
        history: remember(context.history, { user: userText, assistant: heard }, parameters.history),
      },
      effects,
    };
  };
}

function endReason(reply: Reply, event: MachineEvent): EndReason {
  if (event.type !== 'xstate.done.state.responding') return 'interrupted';
  return reply.failure ? 'failed' : 'completed';
}

/** Adds text to the reply, cuts off the segments that are ready, and hands them to TTS. */
function addText(
  context: SessionContext,
  reply: Reply,
  added: string,
  final: boolean,
  parameters: SessionParameters,
): Outcome {
  const text = reply.text + added;
  const rest = text.slice(reply.cut);
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
    effects.push(send('tts', { type: 'segment', segment: segments.length, text: piece }));
    segments.push({ text: piece, samples: 0, ready: false, words: [] });
  }
  if (final) effects.push(send('tts', { type: 'end' }), send('actions', { type: 'end' }));
  const marks = {
    ...reply.marks,
    firstTokenAtMs: reply.marks.firstTokenAtMs ?? (added ? context.nowMs : null),
    firstSegmentAtMs: reply.marks.firstSegmentAtMs ?? (segments.length > 0 ? context.nowMs : null),
  };
  return { patch: { reply: { ...reply, text, cut, segments, marks } }, effects };
}

function change(context: SessionContext, patch: Partial<Reply>): Outcome {
  return context.reply ? { patch: { reply: { ...context.reply, ...patch } } } : {};
}

function noteFailure(context: SessionContext, error: ErrorRecord): Outcome {
  return { ...change(context, { failure: error }), effects: [tell(error)] };
}
