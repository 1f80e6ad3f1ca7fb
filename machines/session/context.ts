import type { OutputRate } from '../audio.ts';
import type { ErrorRecord } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionStatus } from '../wire.ts';
import type { SttOutput } from './events.ts';
import type { ListenerSample } from './listener.ts';

/** What a session is born with. */
export interface SessionInput {
  readonly language: string;
  readonly voice?: string;
  readonly outputRate: OutputRate;
  /** Seed of every choice made in this session. */
  readonly seed: number;
  /** Whether a memory is asked before the LLM. */
  readonly memory: boolean;
}

/** All that a session knows, besides where it is in the statechart. Plain data, canonical as JSON. */
export interface SessionContext {
  readonly input: SessionInput;
  /** Time of the event in hand, ms since the session's start. Set by the kernel before each step. */
  readonly nowMs: number;
  /** Where the listener is in the reply, as the event says; null if nothing of it is made. Set by the kernel before each step. */
  readonly listener: ListenerSample | null;
  readonly random: number;
  readonly turn: number;
  readonly generation: number;
  /** The newest generation that was handed out: to a reply, or to a speculation that may have been discarded. */
  readonly lastGeneration: number;
  /** Counts utterances, so that each STT child has a name of its own. */
  readonly utterances: number;
  readonly utterance: Utterance | null;
  /** Words of the present turn that wait for their reply. */
  readonly pending: PendingTurn | null;
  readonly speculation: Speculation | null;
  /** How many speculations the turn has had that had the last one. */
  readonly speculations: { readonly turn: number; readonly count: number };
  readonly reply: Reply | null;
  readonly history: readonly HistoryEntry[];
}

/** One stretch of user speech, while its words are being found. */
export interface Utterance {
  readonly number: number;
  /** Onset, in samples of the session's input. */
  readonly startSample: number;
  readonly startedAtMs: number;
  /** End of speech; null while the user speaks. */
  readonly endedAtMs: number | null;
  /** When the turn was judged to be over and STT told to finish; null until then. */
  readonly decidedAtMs: number | null;
  readonly partial: string;
  /** When STT told `partial`; null if it has told nothing. */
  readonly partialAtMs: number | null;
  /** What STT said at the end; null until then. */
  readonly final: SttOutput | null;
  readonly failure: ErrorRecord | null;
}

/** What the next reply answers. */
export interface PendingTurn {
  readonly text: string;
  /** True if these words were already counted as a turn: the user went on before the reply sounded. */
  readonly counted: boolean;
  /** What Parley says itself, instead of asking the LLM. */
  readonly phrase: string | null;
  readonly failure: ErrorRecord | null;
  readonly endpointMs: number | null;
  readonly sttMs: number | null;
  /** When the user's turn ended: the zero of the reply's latency. */
  readonly endedAtMs: number;
}

/** A reply that is prepared before the turn is known to be over. Nobody notices it until a reply takes it over. */
export interface Speculation {
  readonly generation: number;
  /** The words of the turn that it answers. */
  readonly text: string;
  readonly startedAtMs: number;
}

/** The reply in progress. */
export interface Reply {
  readonly turn: number;
  readonly generation: number;
  readonly userText: string;
  readonly phrase: string | null;
  readonly seed: number;
  readonly facts: readonly string[];
  readonly text: string;
  /** How much of `text` has gone to TTS, in UTF-16 units. */
  readonly cut: number;
  /** The pieces of `text` that went to TTS. */
  readonly segments: readonly string[];
  readonly actions: readonly RobotAction[];
  readonly failure: ErrorRecord | null;
  readonly turnEndedAtMs: number;
  readonly marks: ReplyMarks;
  /** What was said, or is to be said, while nothing of the reply sounded. */
  readonly filler?: Filler;
}

/** One short phrase before a late reply: at the front of its audio, and no part of its text. */
export interface Filler {
  readonly text: string;
  /** Its audio in the reply's track, before all else. 0 until TTS has told, and for good if it is not said. */
  readonly samples: number;
}

/** When each stage of the reply was reached, ms since the session's start. */
export interface ReplyMarks {
  readonly endpointMs: number | null;
  readonly sttMs: number | null;
  /** The turn's words were known, and the reply began. */
  readonly begunAtMs: number | null;
  /** For how long the reply had been prepared by then; null if it was not. */
  readonly preparedMs: number | null;
  readonly askedAtMs: number | null;
  readonly firstTokenAtMs: number | null;
  readonly firstSegmentAtMs: number | null;
}

export interface RobotAction {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  readonly status: ActionStatus;
  readonly startedAtMs: number;
}

export interface HistoryEntry {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export function initialContext(input: SessionInput): SessionContext {
  return {
    input,
    nowMs: 0,
    listener: null,
    random: input.seed >>> 0,
    turn: 0,
    generation: 0,
    lastGeneration: 0,
    utterances: 0,
    utterance: null,
    pending: null,
    speculation: null,
    speculations: { turn: 0, count: 0 },
    reply: null,
    history: [],
  };
}
