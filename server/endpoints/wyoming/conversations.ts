import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { type ErrorRecord, errorFrom, ParleyError } from '../../../machines/errors.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { Door, SessionHandle } from '../../door/door.ts';
import { TRUSTED } from '../../door/holder.ts';
import { WYOMING, type WyomingParts } from './parts.ts';

/** Conversations that are kept between connections; beyond it the one that has waited longest ends. */
const MAX_CONVERSATIONS = 100;

interface Turn {
  readonly onText: (text: string) => void;
  readonly settle: (error?: ErrorRecord) => void;
  generation?: number;
  failure?: ErrorRecord;
}

/** A conversation in text: the sessions of `transcript` → `handled`. */
class TextConversation {
  readonly #handle: SessionHandle;
  readonly #onGone: () => void;
  #language: string;
  #turn: Turn | undefined;
  #last: Promise<void> = Promise.resolve();
  #isGone = false;
  /** The newest that was reported. */
  #generation = 0;

  /** Throws like `Door.open`. */
  constructor(door: Door, { language, address }: WyomingParts, onGone: () => void) {
    this.#onGone = onGone;
    this.#language = language;
    this.#handle = door.open(
      {
        endpoint: WYOMING,
        caller: TRUSTED,
        address,
        language,
        inputRate: PIPELINE_RATE,
        outputRate: PIPELINE_RATE,
        input: 'text',
        output: 'text',
      },
      {
        opened: () => {},
        message: (message) => this.#onMessage(message),
        audio: () => {},
        draining: () => {
          if (!this.#turn) this.close();
        },
        ended: (error) => this.#leave(error),
      },
    );
  }

  /** Asks, after the turns before. Rejects with the error with which the turn failed. */
  ask(text: string, language: string | null | undefined, onText: Turn['onText']): Promise<void> {
    const asked = this.#last.then(() => this.#ask(text, language, onText));
    this.#last = asked.catch(() => {}); // it belongs to who asked
    return asked;
  }

  close(): void {
    this.#handle.close('bye');
    this.#leave();
  }

  #ask(text: string, language: string | null | undefined, onText: Turn['onText']): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: ErrorRecord) => {
        this.#turn = undefined;
        if (error) reject(errorFrom(error));
        else resolve();
      };
      if (this.#isGone) return settle(new ParleyError('SESSION_UNKNOWN', 'the conversation has ended'));
      this.#turn = { onText, settle };
      if (language && language !== this.#language) {
        this.#language = language;
        this.#handle.command({ type: 'settings', language });
      }
      this.#handle.command({ type: 'text', text });
    });
  }

  #onMessage(message: SessionMessage): void {
    const turn = this.#turn;
    if ((message.type === 'state' || message.type === 'reply') && message.generation > this.#generation) {
      this.#generation = message.generation;
      if (turn) turn.generation ??= message.generation;
    }
    if (message.type === 'state' && message.value === 'stopped') {
      // Nothing in the protocol ends a stop, so the next words begin a new session.
      turn?.settle();
      this.close();
    } else if (!turn) return;
    else if (message.type === 'error') {
      turn.failure = message;
      if (turn.generation === undefined && message.code !== 'LANGUAGE_UNSUPPORTED') turn.settle(message);
    } else if (message.type === 'reply') {
      if (message.generation === turn.generation) turn.onText(message.text);
    } else if (message.type === 'reply.end' && message.generation === turn.generation) {
      const failure = turn.failure ?? new ParleyError('CANCELLED', 'the reply was interrupted');
      turn.settle(message.reason === 'completed' ? undefined : failure);
    }
  }

  #leave(error: ErrorRecord = new ParleyError('CANCELLED', 'the session ended')): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone();
    this.#turn?.settle(error);
  }
}

/**
 * The conversations of the endpoint. Home Assistant connects anew for each turn and gives the name of the conversation;
 * without a name, a conversation belongs to its connection.
 */
export class Conversations {
  readonly #door: Door;
  readonly #parts: WyomingParts;
  /** By name or connection, the one that has waited longest first. */
  readonly #known = new Map<string | object, TextConversation>();

  constructor(door: Door, parts: WyomingParts) {
    this.#door = door;
    this.#parts = parts;
  }

  /** The conversation of this name or connection, which counts for the address that began it. Throws like `Door.open`. */
  of(key: string | object, address: string): TextConversation {
    const known = this.#known.get(key);
    const conversation: TextConversation =
      known ??
      new TextConversation(this.#door, { ...this.#parts, address }, () => {
        if (this.#known.get(key) === conversation) this.#known.delete(key);
      });
    this.#known.delete(key);
    this.#known.set(key, conversation);
    const [oldest] = this.#known.values();
    if (this.#known.size > MAX_CONVERSATIONS) oldest?.close();
    return conversation;
  }

  /** The connection has gone. */
  leave(key: object): void {
    this.#known.get(key)?.close();
  }
}
