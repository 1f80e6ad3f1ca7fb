import type { Pcm } from '../../machines/audio.ts';
import type { ErrorRecord } from '../../machines/errors.ts';
import type { JsonObject } from '../../machines/json.ts';
import type { LlmOffer } from '../../machines/session/model.ts';
import type { Modality } from '../../machines/wire.ts';

/** A model that hears speech and answers with speech. It keeps the conversation; Parley keeps the turn. */
export interface SpeechEngine {
  readonly name: string;
  /** Opens a conversation. Rejects with ENGINE_… errors, and with CANCELLED when `signal` aborts. */
  open(setup: SpeechSetup, signal: AbortSignal): Promise<SpeechConversation>;
  /** A conversation is replaced by a new one when it is this old, ms, as soon as neither side speaks. */
  readonly renewMs: number;
  /** Its time for the words of an utterance, and to the first words of a reply, ms; then the other engines are asked. */
  readonly wordsMs: number;
  readonly replyMs: number;
  /** The model finds the end of the user's turn by itself, and commits it. Default: only `commit` ends an utterance. */
  readonly endsTurns?: boolean;
  close(): Promise<void>;
}

export interface SpeechSetup {
  /** BCP 47: what the user probably speaks. */
  readonly language: string;
  /** `text`: the model writes its replies. */
  readonly output: Modality;
  /** Called in order, never from inside a method of the conversation. `closed` is the last one. */
  readonly onEvent: (event: SpeechEvent) => void;
}

/** What the model gets besides the items. */
export type SpeechOffer = Pick<LlmOffer, 'instructions' | 'tools' | 'toolChoice'>;

/** One item of the conversation, as Parley makes it. */
export type SpeechItem =
  | { readonly type: 'message'; readonly role: 'system' | 'user' | 'assistant'; readonly text: string }
  | { readonly type: 'call'; readonly callId: string; readonly name: string; readonly args: JsonObject }
  | { readonly type: 'result'; readonly callId: string; readonly result: JsonObject };

/** A conversation with the model. Its methods do not block and do not throw; a failure is an event. */
export interface SpeechConversation {
  /** Of the audio that `append` takes. */
  readonly inputRate: number;
  /** Applies from the next response on. */
  configure(offer: SpeechOffer): void;
  /** What the user probably speaks from the next utterance on, BCP 47. */
  expect(language: string): void;
  /** Adds speech to the user's utterance. */
  append(pcm: Pcm): void;
  /** Drops the utterance so far. `cleared` follows what the model made of the audio before. */
  clear(): void;
  /** The utterance is complete: it becomes an item, and `committed` names it. */
  commit(): void;
  /** `id` is the caller's. Placed behind the item `after`; null: first. */
  insert(id: string, item: SpeechItem, after: string | null): void;
  remove(id: string): void;
  /** The user heard only the first `heardMs` of this spoken item. */
  truncate(id: string, heardMs: number): void;
  /** Asks for a response to the conversation. Its events carry the returned number. */
  respond(): number;
  /** The response is not wanted any more; nothing of it follows. */
  cancel(response: number): void;
  close(): void;
}

export type SpeechEvent =
  /** Of a model that ends turns: the user speaks. */
  | { readonly type: 'speaks' }
  /** The audio before is an item. */
  | { readonly type: 'committed'; readonly item: string }
  /** The utterance cannot be taken. */
  | { readonly type: 'refused'; readonly error: ErrorRecord }
  | { readonly type: 'cleared' }
  /** The words of a committed item, or why there are none. */
  | { readonly type: 'words'; readonly item: string; readonly text: string }
  | { readonly type: 'wordless'; readonly item: string; readonly error: ErrorRecord }
  | { readonly type: 'text'; readonly response: number; readonly item: string; readonly text: string }
  | { readonly type: 'audio'; readonly response: number; readonly item: string; readonly pcm: Pcm }
  | {
      readonly type: 'call';
      readonly response: number;
      readonly item: string;
      readonly callId: string;
      readonly name: string;
      readonly args: JsonObject;
      /** Why its arguments cannot be used. */
      readonly invalid?: string;
    }
  /** The response is over; with an error if it failed. */
  | { readonly type: 'done'; readonly response: number; readonly error?: ErrorRecord }
  /** No event follows. */
  | { readonly type: 'closed'; readonly error: ErrorRecord };
