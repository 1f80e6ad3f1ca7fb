/** Representative events of a session: a finite set for all possible ones, each where it can really happen. */

import { type ErrorCode, type ErrorRecord, errorRecord, ParleyError } from '../../machines/errors.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/children.ts';
import type { TurnEnd } from '../../machines/session/events.ts';
import { isDueAnyway } from '../../machines/session/turn/pending.ts';
import { PIECE_SAMPLES, playedBy } from './children.ts';
import {
  clientRepresentatives,
  reportRepresentatives,
  running,
  runningLasting,
} from './client-representatives.ts';
import { discardedRepresentatives } from './discarded-representatives.ts';
import { type Happens, isDefault, type Representative, type SessionModelState } from './session-model.ts';

/** Words of the user, by their meaning for the machine. The model's parameters contain the voice stop. */
export const WORDS = {
  nothing: '',
  listener: 'uh-huh',
  request: 'please tell me more',
  halt: 'stop now',
  wake: 'robot',
} as const;

export const ALLOWED_ACTION = 'wave';
/** Allowed too, with a deadline of its own that is shorter. */
export const BRIEF_ACTION = 'nod';
const REFUSED_ACTION = 'fly';
/** May outlive its reply, and its results are delivered. */
export const LASTING_ACTION = 'drive';

/** A tool of the server, whose result a language model waits for. */
export const TOOL = 'look';
/** One that needs a yes. */
export const ASKED_TOOL = 'order';

/** All of a session; `results`: of one whose client reports the results of actions. */
export function sessionRepresentatives(results = false): readonly Representative[] {
  const base = [
    ...clientRepresentatives(),
    ...ear(),
    ...stopLane(),
    ...stt(),
    ...memory(),
    ...llm(),
    ...tts(),
    ...playback(),
    ...actions(),
  ];
  const all = results
    ? [
        ...base,
        ...[
          requestOf(BRIEF_ACTION),
          requestOf(LASTING_ACTION),
          requestOf(TOOL),
          requestOf(ASKED_TOOL),
          offer(),
        ],
        ...[...reportRepresentatives(), ...lasting()],
      ]
    : base;
  return all.map((one) =>
    MEETS_SUSPICION.test(one.name)
      ? one
      : { ...one, event: (state) => (state.snapshot.context.suspicion ? undefined : one.event(state)) },
  );
}

/** Errors of the ear and the children in the model. */
const ERROR_OF: Record<ChildKind | 'ear' | 'action', ErrorRecord> = {
  ear: scriptedError('VAD_FAILED'),
  stt: scriptedError('STT_FAILED'),
  speculation: scriptedError('LLM_FAILED'),
  memory: scriptedError('MEMORY_FAILED'),
  llm: scriptedError('LLM_FAILED'),
  tts: scriptedError('TTS_FAILED'),
  playback: scriptedError('PLAYBACK_FAILED'),
  actions: scriptedError('ACTION_FAILED'),
  lasting: scriptedError('ACTION_FAILED'),
  discarded: scriptedError('STT_FAILED'),
  action: scriptedError('ACTION_FAILED'),
};

function scriptedError(code: ErrorCode): ErrorRecord {
  return errorRecord(new ParleyError(code, 'as scripted'), code);
}

/**
 * One event of each kind that is never filtered as impossible: it may come from an imported journal, or from a child
 * that breaks its contract. No state may fail on any of them.
 */
export const IMPOSSIBLE_EVENTS: readonly Happens[] = [
  { type: 'speech.hint', sample: 0, ageMs: 1e9 },
  { type: 'stop.suspected', phrase: WORDS.halt, sample: 0, ageMs: 1e9 },
  { type: 'stop.refuted' },
  { type: 'memory.facts', facts: [] },
  { type: 'summary', text: 'They talked.', count: 99, last: '' },
  { type: 'memory.failed', error: ERROR_OF.memory },
  { type: 'speech.start', sample: 0, ageMs: 1e9 },
  { type: 'speech.stop', sample: 0, ageMs: 1e9 },
  { type: 'transcript.partial', text: WORDS.request },
  { type: 'transcript.partial', text: '', end: 'reached' },
  { type: 'llm.delta', text: 'No. ' },
  { type: 'llm.action', id: 'a0', name: ALLOWED_ACTION, args: {} },
  { type: 'segment.started', segment: 99 },
  { type: 'segment.ready', segment: 99, samples: 1, words: [] },
  { type: 'filler.audio', samples: 1 },
  { type: 'playout.started' },
  { type: 'action.result', id: 'unknown', status: 'done' },
  { type: 'action.done', id: 'unknown', result: null },
  { type: 'action.failed', id: 'unknown', error: ERROR_OF.action },
  { type: 'discarded.words', utterance: 99, output: { text: WORDS.halt } },
  { type: 'xstate.done.actor.stt', output: { text: WORDS.request } },
  { type: 'xstate.done.actor.memory', output: { facts: [] } },
  { type: 'xstate.done.actor.llm' },
  { type: 'xstate.done.actor.tts' },
  { type: 'xstate.done.actor.playback', output: { samples: 1 } },
  { type: 'xstate.done.actor.actions' },
  ...CHILD_KINDS.map((kind) => ({ type: `xstate.error.actor.${kind}` as const, error: ERROR_OF[kind] })),
];

function ear(): Representative[] {
  const sample = (state: SessionModelState) => Math.round(state.atMs * 16);
  return [
    {
      name: 'speech.hint',
      source: 'ear',
      // Elsewhere the session drops it, and the chart knows no such event.
      event: (state) =>
        state.facts.earSpeaks ||
        !state.snapshot.matches({ conversation: { responding: { phase: 'speaking' } } })
          ? undefined
          : { type: 'speech.hint', sample: sample(state), ageMs: 0 },
    },
    {
      name: 'speech.start',
      source: 'ear',
      event: (state) =>
        state.facts.earSpeaks ? undefined : { type: 'speech.start', sample: sample(state), ageMs: 0 },
    },
    {
      name: 'speech.stop',
      source: 'ear',
      event: (state) =>
        state.facts.earSpeaks ? { type: 'speech.stop', sample: sample(state), ageMs: 0 } : undefined,
    },
    { name: 'ear.failed', source: 'ear', event: () => ({ type: 'ear.failed', error: ERROR_OF.ear }) },
  ];
}

const SUSPECTED_IN = [
  'idle',
  { responding: { llm: 'finished', phase: { processing: 'thinking' } } },
  { responding: { llm: 'finished', phase: 'speaking' } },
] as const;
/** What meets a suspicion in the model; the chart handles all else as without one. */
const MEETS_SUSPICION = /^(stop\.|speech\.|halt|text|interrupt|partial|done stt: (nothing|words))/;

/** A suspicion where it matters: at rest, and where a reply is about to sound or sounds. */
function stopLane(): Representative[] {
  const lane = (name: string, event: Happens, happens: (state: SessionModelState) => boolean) => ({
    name,
    source: 'ear' as const,
    event: (state: SessionModelState) => (happens(state) ? event : undefined),
  });
  const suspected = ({ snapshot }: SessionModelState) => snapshot.context.suspicion !== undefined;
  return [
    lane('stop.suspected', { type: 'stop.suspected', phrase: WORDS.halt, sample: 0, ageMs: 0 }, (state) => {
      const { settings, pending, reply } = state.snapshot.context;
      const matters = SUSPECTED_IN.some((conversation) => state.snapshot.matches({ conversation }));
      return (
        matters && !suspected(state) && isDefault(settings) && !isDueAnyway(pending) && !isDueAnyway(reply)
      );
    }),
    lane('stop.refuted', { type: 'stop.refuted' }, suspected),
    lane(
      'stop.confirmed',
      { type: 'stop.confirmed', phrase: WORDS.halt },
      (state) => suspected(state) || state.snapshot.matches({ conversation: 'stopped' }),
    ),
  ];
}

function stt(): Representative[] {
  const partial = (name: string, text: string) =>
    of('stt', `partial: ${name}`, ({ snapshot }) =>
      snapshot.context.utterance?.partial === text ? undefined : { type: 'transcript.partial', text },
    );
  const final = (name: string, text: string) =>
    of('stt', `done stt: ${name}`, () => ({ type: 'xstate.done.actor.stt', output: { text } }));
  return [
    partial('listener', WORDS.listener),
    partial('words', WORDS.request),
    final('nothing', WORDS.nothing),
    final('listener', WORDS.listener),
    final('words', WORDS.request),
    final('halt', WORDS.halt),
    turnEnd('awaited'),
    turnEnd('reached'),
    unsure(),
    answer('yes'),
    answer('no'),
    of('stt', 'done stt: wake', ({ snapshot }) =>
      snapshot.context.input.attention === 'wake'
        ? { type: 'xstate.done.actor.stt', output: { text: WORDS.wake } }
        : undefined,
    ),
    failure('stt'),
    failure('speculation'),
    ...discardedRepresentatives(WORDS, ERROR_OF.stt),
  ];
}

/** From a recogniser without partial transcripts, in a turn of one utterance. */
function turnEnd(end: TurnEnd): Representative {
  return of('stt', `partial: ${end}`, ({ snapshot }) => {
    const { utterance, pending, question, followUps, settings } = snapshot.context;
    const first = utterance?.partial === '' && !pending && !question && !followUps && isDefault(settings);
    return first && utterance.end !== end && snapshot.matches({ conversation: 'listening' })
      ? { type: 'transcript.partial', text: '', end }
      : undefined;
  });
}

/** Words that are asked about: in the turn, and in the answer. */
function unsure(): Representative {
  const output = { text: WORDS.request, confidence: 0.5, reading: { askBelow: 0.7 } };
  return of('stt', 'done stt: unsure', ({ snapshot }) =>
    snapshot.matches({ conversation: { responding: { phase: { processing: 'transcribing' } } } }) &&
    isDefault(snapshot.context.settings)
      ? { type: 'xstate.done.actor.stt', output }
      : undefined,
  );
}

/** Of a question that is open. */
function answer(text: 'yes' | 'no'): Representative {
  return of('stt', `done stt: ${text}`, ({ snapshot }) =>
    snapshot.context.question ? { type: 'xstate.done.actor.stt', output: { text } } : undefined,
  );
}

function memory(): Representative[] {
  return [
    of('memory', 'done memory', () => ({
      type: 'xstate.done.actor.memory',
      output: { facts: ['It is noon.'] },
    })),
    failure('memory'),
    beside('memory.facts', { type: 'memory.facts', facts: ['drink: tea'] }),
    beside('summary', { type: 'summary', text: 'They talked.', count: 2, last: '' }),
    beside('memory.failed', { type: 'memory.failed', error: ERROR_OF.memory }),
  ];
}

/** From the memory outside of a recall: at rest, while a reply waits for it, and while one sounds. */
function beside(name: string, event: Happens): Representative {
  const where = [
    'idle',
    { responding: { phase: { processing: 'recalling' } } },
    { responding: { phase: 'speaking' } },
  ];
  const matters = ({ snapshot }: SessionModelState) =>
    isDefault(snapshot.context.settings) &&
    where.some((conversation) => snapshot.matches({ conversation } as never));
  return { name, source: 'server', event: (state) => (matters(state) ? event : undefined) };
}

function requestOf(name: string): Representative {
  return of('llm', `llm.action: ${name}`, ({ snapshot }) => ({
    type: 'llm.action',
    id: `${snapshot.context.generation}.${snapshot.context.reply?.actions.length ?? 0}`,
    name,
    args: {},
  }));
}

/** The server offers its tools before anything is said. */
function offer(): Representative {
  return {
    name: 'tools',
    source: 'server',
    event: ({ snapshot }) =>
      snapshot.context.turn === 0 && !snapshot.context.tools
        ? {
            type: 'tools',
            tools: [
              { name: TOOL, description: '', parameters: {} },
              { name: ASKED_TOOL, description: '', parameters: {}, policy: 'ask' },
            ],
          }
        : undefined,
  };
}

function llm(): Representative[] {
  return [
    of('llm', 'llm.delta: a sentence', () => ({ type: 'llm.delta', text: 'It is noon, by my clock. ' })),
    of('llm', 'llm.delta: a word', () => ({ type: 'llm.delta', text: 'Well' })),
    requestOf(ALLOWED_ACTION),
    requestOf(REFUSED_ACTION),
    requestOf('halt'),
    of('llm', 'done llm', () => ({ type: 'xstate.done.actor.llm' })),
    failure('llm'),
  ];
}

function tts(): Representative[] {
  return [
    of('tts', 'segment.started', ({ snapshot, facts }) =>
      !facts.midSegment && facts.started < (snapshot.context.reply?.segments.length ?? 0)
        ? { type: 'segment.started', segment: facts.started }
        : undefined,
    ),
    of('tts', 'segment.ready', ({ facts }) =>
      facts.midSegment
        ? {
            type: 'segment.ready',
            segment: facts.started - 1,
            samples: Math.max(PIECE_SAMPLES, facts.made.at(-1) ?? 0),
            words: [],
          }
        : undefined,
    ),
    of('tts', 'filler.audio: said', ({ facts }) =>
      facts.fillerAsked && facts.written === 0 ? { type: 'filler.audio', samples: PIECE_SAMPLES } : undefined,
    ),
    of('tts', 'filler.audio: dropped', ({ facts }) =>
      facts.fillerAsked ? { type: 'filler.audio', samples: 0 } : undefined,
    ),
    of('tts', 'done tts', ({ snapshot, facts }) =>
      facts.endSent && !facts.midSegment && facts.started === snapshot.context.reply?.segments.length
        ? { type: 'xstate.done.actor.tts' }
        : undefined,
    ),
    failure('tts'),
  ];
}

function playback(): Representative[] {
  return [
    of('playback', 'playout.started', ({ facts }) =>
      facts.written > 0 && !facts.sounding && !facts.paused ? { type: 'playout.started' } : undefined,
    ),
    // It may have ended at the moment at which it is paused.
    of('playback', 'done playback', (state) => {
      const { ttsOver, sounding, sent, written } = state.facts;
      const heardAll = written === 0 || (sounding && sent === written && playedBy(state) === written);
      return ttsOver && heardAll
        ? { type: 'xstate.done.actor.playback', output: { samples: written } }
        : undefined;
    }),
    failure('playback'),
  ];
}

/** The same in every state of the conversation: a result is tried in all of them, these at rest only. */
function lasting(): Representative[] {
  const atRest = (name: string, event: (id: string) => Happens) =>
    of('lasting', name, (state) => {
      const action = state.snapshot.matches({ conversation: 'idle' }) ? runningLasting(state) : undefined;
      return action && event(action.id);
    });
  return [
    atRest('lasting action.done', (id) => ({ type: 'action.done', id, result: null })),
    atRest('lasting action.failed', (id) => ({ type: 'action.failed', id, error: ERROR_OF.action })),
    atRest('error lasting', () => ({ type: 'xstate.error.actor.lasting', error: ERROR_OF.lasting })),
  ];
}

function actions(): Representative[] {
  return [
    of('actions', 'action.done', (state) => {
      const action = running(state);
      return action ? { type: 'action.done', id: action.id, result: null } : undefined;
    }),
    of('actions', 'action.failed', (state) => {
      const action = running(state);
      return action ? { type: 'action.failed', id: action.id, error: ERROR_OF.action } : undefined;
    }),
    of('actions', 'done actions', (state) =>
      state.facts.endSent && !running(state) ? { type: 'xstate.done.actor.actions' } : undefined,
    ),
    failure('actions'),
  ];
}

/** An event of a child, possible only while the child runs. */
function of(
  kind: ChildKind,
  name: string,
  event: (state: SessionModelState) => Happens | undefined,
): Representative {
  return { name, source: kind, event: (state) => (state.alive.includes(kind) ? event(state) : undefined) };
}

function failure(kind: ChildKind): Representative {
  return of(kind, `error ${kind}`, () => ({ type: `xstate.error.actor.${kind}`, error: ERROR_OF[kind] }));
}
