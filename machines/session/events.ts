import type { ErrorRecord } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import type { WordMark } from '../policies/heard.ts';
import type { ActionReport, Rejection, SettingsChange, TimedWord, Tool } from '../wire.ts';
import type { ChildKind } from './children.ts';
import type { Message } from './model.ts';
import type { Reading } from './turn/reading.ts';

/** Events of a session, from outside and from its children. Plain data: every event can be journaled. */
export type SessionEvent =
  | ClientEvent
  | ServerEvent
  | EarEvent
  | MemoryEvent
  | ModelEvent
  | ChildEvent
  | ChildEnd
  | BehaviourRequest;

/** Calls that wait for the user's yes and whose arguments the new tools do not take, by id: why. */
export type OutdatedCalls = Readonly<Record<string, string>>;

/** From the client or an authorised peer on the bus. */
export type ClientEvent =
  /** `language`: of the text, if it is certain. */
  | { readonly type: 'text'; readonly text: string; readonly language?: string }
  /** The conversation so far, from now on, in place of what was heard. */
  | { readonly type: 'history'; readonly entries: readonly Message[] }
  | ({ readonly type: 'action.result'; readonly id: string } & ActionReport)
  /** Something happened to the robot, of which the behaviour knows the name. */
  | { readonly type: 'robot'; readonly name: string; readonly data: JsonObject }
  | { readonly type: 'interrupt' }
  | { readonly type: 'halt' }
  | { readonly type: 'rearm' }
  /** `sample`: number of samples of input, at the pipeline rate, when it arrived. */
  | {
      readonly type: 'settings';
      readonly change: SettingsChange;
      readonly sample: number;
      readonly outdated?: OutdatedCalls;
    }
  | { readonly type: 'commit'; readonly sample: number }
  | { readonly type: 'clear'; readonly sample: number }
  /** `outside`: the program that gave the session the audio of a reply asks for it; no client can. */
  | {
      readonly type: 'respond';
      readonly instructions?: string;
      readonly say?: string;
      readonly outside?: true;
    }
  /** `noise`: of the motors, dBFS at the microphone. */
  | { readonly type: 'body'; readonly moving: boolean; readonly noise?: number }
  /** The connection is gone, and the client may come back. */
  | { readonly type: 'away' }
  /** It has come back. */
  | { readonly type: 'back' }
  | { readonly type: 'bye' }
  /** The connection is gone for good. */
  | { readonly type: 'lost' };

/**
 * What the behaviour asks of the conversation. The kernel steps them within the step of the event that led to them, so no
 * journal has them.
 */
export type BehaviourRequest =
  /** Says a text while the floor is free; an urgent one over another reply. */
  | { readonly type: 'behaviour.say'; readonly speech: string; readonly text: string }
  /** The turn that was offered is the behaviour's, which replies with this text or not at all. */
  | { readonly type: 'behaviour.taken'; readonly speech?: string; readonly text?: string }
  /** It is not. */
  | { readonly type: 'behaviour.passed' }
  /** What it says is not to be said any more. */
  | { readonly type: 'behaviour.hush' }
  | {
      readonly type: 'behaviour.act';
      readonly id: string;
      readonly name: string;
      readonly args: JsonObject;
    }
  /** The state of this action was left. */
  | { readonly type: 'behaviour.leave'; readonly id: string };

/** Answers of the language engine to a request of the behaviour, by its id. */
export type ModelEvent =
  | { readonly type: 'model.delta'; readonly id: string; readonly text: string }
  /** `invalid`: why its arguments cannot be used. */
  | {
      readonly type: 'model.call';
      readonly id: string;
      readonly name: string;
      readonly args: JsonObject;
      readonly invalid?: string;
    }
  /** `error`: it failed. */
  | { readonly type: 'model.ended'; readonly id: string; readonly error?: ErrorRecord };

/** From the server around the session. */
type ServerEvent =
  /** The tools that it offers to the language engine from now on, beside those of the client. */
  | { readonly type: 'tools'; readonly tools: readonly Tool[]; readonly outdated?: OutdatedCalls }
  /** This process continues the session from the journal of another one, which has ended. Its client is away. */
  | { readonly type: 'resumed' };

/** From the ear. `sample` counts the session's input at the pipeline rate; `ageMs` is how long ago that sample was heard. */
export type EarEvent =
  /** The first evidence of speech; `speech.start` follows if there is more. `sample`: where the evidence begins. */
  | { readonly type: 'speech.hint'; readonly sample: number; readonly ageMs: number }
  | { readonly type: 'speech.start'; readonly sample: number; readonly ageMs: number }
  | { readonly type: 'speech.stop'; readonly sample: number; readonly ageMs: number }
  | { readonly type: 'ear.failed'; readonly error: ErrorRecord }
  | StopEvent;

/** From the lane that listens for the voice stop only, in every state. `sample`: the end of the phrase. */
export type StopEvent =
  | {
      readonly type: 'stop.suspected';
      readonly phrase: string;
      readonly sample: number;
      readonly ageMs: number;
    }
  | { readonly type: 'stop.confirmed'; readonly phrase: string }
  | { readonly type: 'stop.refuted' };

/** From the memory of the session, outside of a reply's recall. */
export type MemoryEvent =
  /** Known before anything was asked, or recalled too late for the reply that asked. */
  | { readonly type: 'memory.facts'; readonly facts: readonly string[] }
  /** A recall failed that its reply no longer waited for. */
  | { readonly type: 'memory.failed'; readonly error: ErrorRecord }
  | SummaryEvent;

/** The oldest messages have become a summary, which the language engine made beside the conversation. */
export interface SummaryEvent {
  readonly type: 'summary';
  readonly text: string;
  /** Number of messages that it stands for, from the first. */
  readonly count: number;
  /** Content of the last of them: a history that has changed meanwhile keeps its turns. */
  readonly last: string;
}

/**
 * What a recogniser knows of the end of the user's turn: it will report it (`awaited`), or it is there (`reached`). One
 * that says nothing leaves it to the endpointing.
 */
export type TurnEnd = 'awaited' | 'reached';

/** From running children. */
export type ChildEvent =
  | {
      readonly type: 'transcript.partial';
      readonly text: string;
      readonly reading?: Reading;
      readonly language?: string;
      readonly end?: TurnEnd;
    }
  | { readonly type: 'llm.delta'; readonly text: string }
  /** `invalid`: why its arguments cannot be used, as the session's tools say. */
  | {
      readonly type: 'llm.action';
      readonly id: string;
      readonly name: string;
      readonly args: JsonObject;
      readonly invalid?: string;
      /** What the language engine wants back with the call. */
      readonly extra?: JsonObject;
    }
  /** A segment becomes the current one. */
  | { readonly type: 'segment.started'; readonly segment: number }
  /** All of a segment's audio is made: `samples` at the output rate, with the marks of its words. */
  | {
      readonly type: 'segment.ready';
      readonly segment: number;
      readonly samples: number;
      readonly words: readonly WordMark[];
    }
  /**
   * The filler is complete and goes to the front of the reply's track, with this number of samples. 0: it is not
   * spoken.
   */
  | { readonly type: 'filler.audio'; readonly samples: number }
  /** The first frame of the reply's audio was sent. */
  | { readonly type: 'playout.started' }
  | { readonly type: 'action.done'; readonly id: string; readonly result: Json }
  | { readonly type: 'action.failed'; readonly id: string; readonly error: ErrorRecord }
  /** Words of speech that the conversation has discarded; `error` if its recogniser failed. */
  | {
      readonly type: 'discarded.words';
      readonly utterance: number;
      readonly output?: SttOutput;
      readonly error?: ErrorRecord;
    };

export interface SttOutput {
  readonly text: string;
  readonly confidence?: number;
  /** As the recogniser reports it, else as detected from `text`. */
  readonly language?: string;
  /** Why `text` is empty, if the recogniser reports it. */
  readonly rejected?: Rejection;
  /** The words with their times, if the recogniser reports them. */
  readonly words?: readonly TimedWord[];
  /** Of `text`, or of the nearest phrase. */
  readonly reading?: Reading;
}
export interface MemoryOutput {
  /** Facts for the LLM, one per line. */
  readonly facts: readonly string[];
}
export interface PlaybackOutput {
  /** Samples of the whole reply, all sent and, according to the pacing, heard. */
  readonly samples: number;
}

/** Final events of children that end by themselves, with XState's names. */
type ChildEnd =
  | { readonly type: 'xstate.done.actor.stt'; readonly output: SttOutput }
  | { readonly type: 'xstate.done.actor.memory'; readonly output: MemoryOutput }
  | { readonly type: 'xstate.done.actor.llm' }
  | { readonly type: 'xstate.done.actor.tts' }
  | { readonly type: 'xstate.done.actor.playback'; readonly output: PlaybackOutput }
  | { readonly type: 'xstate.done.actor.actions' }
  // A speculation ends only by failure: otherwise it waits for the takeover.
  | { readonly type: `xstate.error.actor.${ChildKind}`; readonly error: ErrorRecord };
