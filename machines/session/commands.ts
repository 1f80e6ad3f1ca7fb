import type { Wanted } from '../behaviour/program.ts';
import type { JsonObject } from '../json.ts';
import type { EndReason, SessionMessage, SettingsChange, Tool, ToolChoice, TurnTimings } from '../wire.ts';
import type { ChildKind } from './children.ts';
import type { ActionOutcome, Message } from './model.ts';

/** Commands of a kernel step, in order. Plain data: they are hashed into the journal. */
export type Command =
  | SpawnCommand
  | { readonly type: 'stop'; readonly child: ChildKind }
  /** To a running child; dropped if it has ended. */
  | { readonly type: 'send'; readonly child: ChildKind; readonly message: ChildMessage }
  | { readonly type: 'delay'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'cancelDelay'; readonly id: string }
  | { readonly type: 'publish'; readonly message: SessionMessage }
  /** An event that the behaviour's chart has handled: it is for the log and the journal. */
  | { readonly type: 'behaviour'; readonly event: JsonObject }
  /** Asks the language engine for the behaviour, which gets the answer as events with this id. */
  | { readonly type: 'model'; readonly id: string; readonly request: ModelRequest }
  | { readonly type: 'modelStop'; readonly id: string }
  /** Workers abort all requests of this generation or older. */
  | { readonly type: 'cancelWork'; readonly generation: number }
  /** To the ear: `strict` while motors are heard. */
  | { readonly type: 'ear'; readonly strict: boolean }
  | { readonly type: 'persist'; readonly turn: TurnOutcome };

/** A request of a behaviour. `tools`: what it may do there, and nothing else. */
export interface ModelRequest {
  readonly language: string;
  readonly seed: number;
  readonly instructions: string;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
}

export type SpawnCommand = {
  [K in ChildKind]: { readonly type: 'spawn'; readonly child: K; readonly input: ChildInputs[K] };
}[ChildKind];

/** What the language engine gets besides the conversation; empty members are absent. */
export interface LlmOffer extends Pick<SettingsChange, 'instructions' | 'tools' | 'toolChoice'> {
  /** How the calls end is known later, and a further request is about it. */
  readonly reported?: true;
}

/** Input of each child. */
export interface ChildInputs {
  /** `fromSample`: onset of the utterance; the child adds the pre-roll. `toSample`: the client committed exactly this audio. */
  readonly stt: {
    readonly utterance: number;
    readonly fromSample: number;
    readonly toSample?: number;
    readonly language: string;
    /** What can be said to the behaviour; absent without one. */
    readonly wanted?: Wanted;
  };
  /**
   * `text`: the turn's words so far, for the memory if it `recalls`; `messages` contain neither these facts nor those
   * that are `known` already.
   * `silent`: nothing is synthesised.
   */
  readonly speculation: {
    readonly generation: number;
    readonly language: string;
    readonly voice: string | null;
    readonly seed: number;
    readonly text: string;
    readonly recalls: boolean;
    readonly known?: readonly string[];
    readonly silent?: true;
    readonly messages: readonly Message[];
  } & LlmOffer;
  readonly memory: { readonly text: string };
  /**
   * `results`: of actions, which the reply is about. `speculated`: the speculation of this generation has already requested
   * the reply; use its answer.
   */
  readonly llm: {
    readonly generation: number;
    readonly language: string;
    readonly seed: number;
    readonly messages: readonly Message[];
    readonly results?: readonly ActionOutcome[];
    /** Number of earlier requests of this reply: it goes on with the results of their calls. */
    readonly round?: number;
    readonly speculated?: true;
  } & LlmOffer;
  /**
   * `speculated`: the speculation of this generation may have the first segment's audio. `outside`: the audio comes from
   * outside, and there are no segments.
   */
  readonly tts: {
    readonly generation: number;
    readonly language: string;
    readonly voice: string | null;
    readonly speculated?: true;
    readonly outside?: true;
  };
  /** `paused`: until `resume`, because a stop is suspected; so for all three. */
  readonly playback: { readonly generation: number; readonly paused?: true };
  readonly actions: { readonly generation: number; readonly paused?: true };
  /** `number`: of this executor in its session. */
  readonly lasting: { readonly number: number; readonly paused?: true };
  readonly discarded: { readonly number: number };
}

/** Messages from the machine to its children. */
export type ChildMessage =
  | { readonly type: 'finish' }
  /** Goes on with the recognition of this utterance, whose own child stops next. */
  | { readonly type: 'adopt'; readonly utterance: number }
  | { readonly type: 'segment'; readonly segment: number; readonly text: string }
  /** Speak this before all segments, if it is in the cache and no segment sounds first. */
  | { readonly type: 'filler'; readonly text: string }
  | { readonly type: 'end' }
  /** Playback stops at its position; actions ask the robot to hold, and begin nothing. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | {
      readonly type: 'run';
      readonly id: string;
      readonly name: string;
      readonly args: JsonObject;
      readonly key?: string;
    }
  /** Stop this action without waiting for it. */
  | { readonly type: 'abandon'; readonly id: string };

/** One ended reply, as it is stored. */
export interface TurnOutcome {
  readonly turn: number;
  readonly generation: number;
  readonly userText: string;
  readonly replyText: string;
  readonly heard: string;
  readonly reason: EndReason;
  readonly timings: TurnTimings;
  readonly endedAtMs: number;
}
