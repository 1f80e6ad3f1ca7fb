import type { Json, JsonObject } from '../json.ts';
import type { EndReason, SessionMessage, TurnTimings } from '../wire.ts';
import type { ChildKind } from './events.ts';

/** What a step of the kernel wants done, in order. Plain data: commands are hashed into the journal. */
export type Command =
  | { readonly type: 'spawn'; readonly child: ChildKind; readonly input: Json }
  | { readonly type: 'stop'; readonly child: ChildKind }
  /** To a living child; to one that has ended it is dropped. */
  | { readonly type: 'send'; readonly child: ChildKind; readonly message: ChildMessage }
  | { readonly type: 'delay'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'cancelDelay'; readonly id: string }
  | { readonly type: 'publish'; readonly message: SessionMessage }
  /** Workers abort everything of this generation or older. */
  | { readonly type: 'cancelWork'; readonly generation: number }
  | { readonly type: 'persist'; readonly turn: TurnOutcome };

/** What the machine tells its children. */
export type ChildMessage =
  | { readonly type: 'finish' }
  | { readonly type: 'segment'; readonly segment: number; readonly text: string }
  | { readonly type: 'end' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'run'; readonly id: string; readonly name: string; readonly args: JsonObject };

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
