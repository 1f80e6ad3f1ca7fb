import type { JsonObject } from '../../machines/json.ts';
import type { ActionOutcome, LlmOffer, Message } from '../../machines/session/model.ts';

/** `instructions`, `tools` and `toolChoice` are the session's own, besides those of the engine's configuration. */
export interface LlmRequest extends LlmOffer {
  /**
   * The conversation so far, the user's newest words last. The last content is empty if speech was heard but not
   * understood.
   */
  readonly messages: readonly Message[];
  /** Results of actions, if the reply is to be about them: the messages end without words of the user. */
  readonly results?: readonly ActionOutcome[];
  readonly language: string;
  /** In place of the engine's own system prompt. */
  readonly systemPrompt?: string;
  /** Selects among variants: the same seed gives the same choice. An unsigned 32-bit number. */
  readonly seed: number;
  /** False: the reply is wanted whole, so the engine may request it in one piece. Default true. */
  readonly stream?: boolean;
  /** The conversation that it is for; absent for work beside conversations. */
  readonly session?: string;
  /** The user of the session, if one is known. */
  readonly user?: string;
}

export type { Tool as LlmTool } from '../../machines/wire.ts';

export type LlmEvent =
  /** Empty text: the engine works, for example it thinks, but has nothing to say yet. */
  | { readonly type: 'delta'; readonly text: string }
  /**
   * A robot action. `id` is unique within the reply. `invalid`: why the call cannot be used, for the model. `extra`: what the engine
   * wants back with the call in later requests, at most a few kilobytes; nothing else reads it.
   */
  | {
      readonly type: 'action';
      readonly id: string;
      readonly name: string;
      readonly args: JsonObject;
      readonly invalid?: string;
      readonly extra?: JsonObject;
    };

/** A language engine: one reply per call. The iterable's end is the end of the reply. */
export interface LlmEngine {
  readonly name: string;
  /** Aborting `signal` ends it with CANCELLED and closes the connection. Other errors are ParleyErrors with `cause`. */
  reply(request: LlmRequest, signal: AbortSignal): AsyncIterable<LlmEvent>;
  warm?(): Promise<void>;
  close(): Promise<void>;
}
