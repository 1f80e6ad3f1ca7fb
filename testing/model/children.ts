/** What the model knows of the children of a session: their audio, the listener's position, and what the machine makes them do. */

import { samplesInMs, samplesPerFrame } from '../../machines/audio.ts';
import type { KernelEvent } from '../../machines/kernel.ts';
import { heardLength } from '../../machines/policies/heard.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/children.ts';
import { NEVER_MS } from '../../machines/session/effects.ts';
import type { ListenerSample } from '../../machines/session/model.ts';
import type { PendingTimer, SessionModelState } from './session-model.ts';

/** State of the children, where it decides which events they can send next. */
export interface ChildFacts {
  /** The ear has reported a start and not yet a stop. */
  readonly earSpeaks: boolean;
  /** Generation of the reply that TTS speaks. */
  readonly generation: number;
  /** Segments that TTS has started, and those that it has finished. */
  readonly started: number;
  readonly ready: number;
  /** TTS works on the last segment. */
  readonly midSegment: boolean;
  /** TTS will give no more audio. */
  readonly ttsOver: boolean;
  /** TTS has an open filler request. */
  readonly fillerAsked: boolean;
  /** TTS and the actions know that nothing more follows. */
  readonly endSent: boolean;
  /** When the current segment last gave audio. */
  readonly aliveAtMs: number;
  /** Samples in the reply's track. */
  readonly written: number;
  /** Samples of its filler. */
  readonly filler: number;
  /** Samples of each segment that TTS has started. */
  readonly made: readonly number[];
  readonly sounding: boolean;
  readonly paused: boolean;
  /** Samples sent to the client. */
  readonly sent: number;
  /** Samples heard at `positionMs`; the position advances with time unless paused or ended. */
  readonly position: number;
  readonly positionMs: number;
}

/** Audio of one piece of a segment, in samples at the output rate: ten frames at 24 kHz. */
export const PIECE_SAMPLES = 4_800;
/** Playback sends at most 200 ms ahead. */
const AHEAD_SAMPLES = 4_800;

/** Time between two events, so that two delays expire together only if the chart says so. */
export const PACE_MS = 10;

export const NO_REPLY = {
  generation: 0,
  started: 0,
  ready: 0,
  midSegment: false,
  ttsOver: false,
  fillerAsked: false,
  endSent: false,
  aliveAtMs: 0,
  written: 0,
  filler: 0,
  made: [],
  sounding: false,
  paused: false,
  sent: 0,
  position: 0,
  positionMs: 0,
} as const;

/** Samples of the reply heard by now. */
export function playedBy({ facts, atMs, snapshot }: SessionModelState): number {
  if (!facts.sounding || facts.paused) return facts.position;
  const since = samplesInMs(atMs - facts.positionMs, snapshot.context.input.outputRate);
  return Math.min(facts.sent, facts.position + since);
}

/** Advances playback by the time that has passed, including the frames that it may send by now. */
export function playOn(state: SessionModelState): SessionModelState {
  const { facts, alive, atMs, snapshot } = state;
  if (!facts.sounding) return state;
  const position = playedBy(state);
  const frame = samplesPerFrame(snapshot.context.input.outputRate);
  const ahead = Math.floor((position + AHEAD_SAMPLES) / frame) * frame;
  const sends = !facts.paused && alive.includes('playback');
  const sent = sends ? Math.max(facts.sent, Math.min(facts.written, ahead)) : facts.sent;
  return { ...state, facts: { ...facts, position, positionMs: atMs, sent } };
}

/** Listener's position as the runner would sample it now. */
export function listenerOf(state: SessionModelState): ListenerSample | undefined {
  return sampleOf(playOn(state));
}

/** Without times: the machine only copies them into the timings. */
export function sampleOf({ facts, snapshot }: SessionModelState): ListenerSample | undefined {
  const { reply } = snapshot.context;
  if (reply?.generation !== facts.generation || (facts.started === 0 && facts.sent === 0)) return undefined;
  const segments = reply.segments.map((text, i) => ({
    ...{ text, samples: facts.made[i] ?? 0, words: [] },
    ready: i < facts.ready,
  }));
  return {
    generation: reply.generation,
    sent: facts.sent,
    played: facts.position,
    heard: heardLength(segments, Math.max(0, facts.position - facts.filler)),
    ...(facts.midSegment && { aliveAtMs: facts.aliveAtMs }),
  };
}

export function afterPiece(state: SessionModelState): SessionModelState {
  const { facts } = state;
  const atMs = state.atMs + PACE_MS;
  const made = [...facts.made.slice(0, -1), (facts.made.at(-1) ?? 0) + PIECE_SAMPLES];
  return {
    ...state,
    atMs,
    facts: { ...facts, made, written: facts.written + PIECE_SAMPLES, aliveAtMs: atMs },
    happenings: [],
  };
}

export function isEndOf(kind: ChildKind, type: string): boolean {
  return type === `xstate.done.actor.${kind}` || type === `xstate.error.actor.${kind}`;
}

export function afterEvent({ facts }: SessionModelState, event: KernelEvent, atMs: number): ChildFacts {
  switch (event.type) {
    case 'speech.start':
      return { ...facts, earSpeaks: true };
    case 'speech.stop':
      return { ...facts, earSpeaks: false };
    case 'segment.started':
      return {
        ...facts,
        started: facts.started + 1,
        made: [...facts.made, 0],
        midSegment: true,
        aliveAtMs: atMs,
      };
    case 'segment.ready': {
      const made = facts.made.at(-1) ?? 0;
      return {
        ...facts,
        midSegment: false,
        ready: facts.ready + 1,
        made: [...facts.made.slice(0, -1), event.samples],
        written: facts.written + event.samples - made,
      };
    }
    case 'filler.audio':
      return { ...facts, fillerAsked: false, written: facts.written + event.samples, filler: event.samples };
    case 'xstate.done.actor.tts':
    case 'xstate.error.actor.tts':
      return { ...facts, midSegment: false, ttsOver: true };
    default:
      return facts;
  }
}

export function kindOf({ type, params }: { readonly type: string; readonly params: unknown }): string {
  const message = field(params, 'message');
  const about = [field(params, 'type'), field(message, 'type'), field(params, 'id'), field(params, 'sendId')];
  return [type, ...about.filter((one) => typeof one === 'string')].join(' ');
}

/** Effect of an XState action on delays and children, as in the kernel and the runner. */
export function follow(
  state: SessionModelState,
  action: { readonly type: string; readonly params: unknown },
): SessionModelState {
  const params: unknown = action.params;
  const text = (name: string) => String(field(params, name));
  switch (action.type) {
    case 'xstate.spawnChild': {
      const kind = CHILD_KINDS.find((one) => one === text('id'));
      if (!kind) return state;
      const { earSpeaks } = state.facts;
      // The first child of a reply.
      const first = state.snapshot.context.input.output === 'text' ? 'actions' : 'tts';
      const facts =
        kind === first
          ? { ...NO_REPLY, earSpeaks, generation: state.snapshot.context.generation }
          : kind === 'playback'
            ? { ...state.facts, paused: field(field(params, 'input'), 'paused') === true }
            : state.facts;
      return { ...state, alive: [...state.alive.filter((one) => one !== kind), kind], facts };
    }
    case 'xstate.stopChild':
      return params === undefined
        ? state
        : {
            ...state,
            alive: state.alive.filter((kind) => kind !== text('id')),
            facts: text('id') === 'tts' ? { ...state.facts, midSegment: false, ttsOver: true } : state.facts,
          };
    case 'xstate.cancel':
      return { ...state, timers: state.timers.filter(({ id }) => id !== text('sendId')) };
    case 'xstate.raise': {
      const delayMs = field(params, 'delay');
      if (typeof delayMs !== 'number' || delayMs === NEVER_MS) return state;
      const timer: PendingTimer = { id: text('id'), dueMs: state.atMs + delayMs };
      const before = state.timers.filter(({ dueMs }) => dueMs <= timer.dueMs);
      return { ...state, timers: [...before, timer, ...state.timers.slice(before.length)] };
    }
    case 'command': {
      const message: unknown = field(params, 'message');
      if (field(params, 'type') !== 'send') return state;
      const type = field(message, 'type');
      if (type === 'filler') return { ...state, facts: { ...state.facts, fillerAsked: true } };
      if (type === 'end') return { ...state, facts: { ...state.facts, endSent: true } };
      if (field(params, 'child') === 'playback' && (type === 'pause' || type === 'resume')) {
        const position = playedBy(state);
        return {
          ...state,
          facts: { ...state.facts, position, positionMs: state.atMs, paused: type === 'pause' },
        };
      }
      return state;
    }
    default:
      return state;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
