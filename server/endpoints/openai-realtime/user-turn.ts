import type { RealtimeConversationItemUserMessage } from 'openai/resources/realtime/realtime';
import type { ErrorRecord } from '../../../machines/errors.ts';
import type { Conversation, Item } from './items.ts';
import type { ServerEvent } from './server-events.ts';

export interface UserTurnPorts {
  readonly newId: (prefix: string) => string;
  readonly items: Conversation;
  /** Speech of this length has got its words. */
  readonly heard: (audioMs: number) => void;
}

/** Times are milliseconds of the audio that the client has sent. */
interface Speech {
  readonly itemId: string;
  readonly startMs: number;
  endMs: number | undefined;
  announced: boolean;
}

/** The words of a turn, or why there are none. */
export interface SpokenWords {
  readonly text: string;
  readonly failure?: ErrorRecord | undefined;
}

/**
 * What the user says, from its onset to its item in the conversation. Speech during a reply is announced only once it
 * interrupts: a client of this protocol drops all audio at `speech_started`. A turn that continues after a pause stays
 * one item.
 */
export class UserTurn {
  readonly #ports: UserTurnPorts;
  /** How much silence and lead is reported to the client; turn detection off: no events about speech at all. */
  #detection: { readonly prefixMs: number } | null = { prefixMs: 300 };
  #transcribes = false;
  #speech: Speech | undefined;
  /** Turns whose words are not known yet, and the length of their audio. */
  readonly #untranscribed: { readonly itemId: string; readonly audioMs: number }[] = [];

  constructor(ports: UserTurnPorts) {
    this.#ports = ports;
  }

  configure(detection: { readonly prefixMs: number } | null, transcribes: boolean): void {
    this.#detection = detection;
    this.#transcribes = transcribes;
  }

  /** True while the user has the turn, as the client knows it. */
  get isAnnounced(): boolean {
    return this.#speech?.announced === true;
  }

  started(atMs: number): void {
    this.#speech ??= this.#begin(atMs);
    this.#speech.endMs = undefined;
  }

  stopped(atMs: number): void {
    if (this.#speech) this.#speech.endMs = atMs;
  }

  /** The speech is the user's turn, and interrupts a reply if there is one. */
  announce(): readonly ServerEvent[] {
    const speech = this.#speech;
    if (!speech || speech.announced) return [];
    speech.announced = true;
    if (!this.#detection) return [];
    const startMs = speech.startMs - this.#detection.prefixMs;
    return [
      {
        type: 'input_audio_buffer.speech_started',
        ...{ item_id: speech.itemId, audio_start_ms: Math.max(0, Math.round(startMs)) },
      },
    ];
  }

  /** The speech was a listener's sound: the reply continues, and the client never learns of it. */
  dropUnannounced(): void {
    if (this.#speech && !this.#speech.announced) this.#speech = undefined;
  }

  /** The client discards the speech. */
  clear(): void {
    this.#speech = undefined;
  }

  /** The words of the turn are known. If the server found its end, that is now. */
  words(nowMs: number, words: SpokenWords): readonly ServerEvent[] {
    const events = this.#untranscribed.length === 0 ? this.commit(nowMs) : [];
    const turn = this.#untranscribed.shift();
    if (!turn) return events;
    const { itemId, audioMs } = turn;
    this.#ports.heard(audioMs);
    this.#ports.items.replace(spoken(itemId, words.text));
    return [...events, ...(this.#transcribes ? transcription(itemId, words, audioMs) : [])];
  }

  /** The turn is over: its item enters the conversation. */
  commit(nowMs: number): readonly ServerEvent[] {
    const announcement = this.announce();
    const speech = this.#speech ?? this.#begin(nowMs);
    this.#speech = undefined;
    const { itemId } = speech;
    const item = spoken(itemId, null);
    const previous = this.#ports.items.last;
    const endMs = speech.endMs ?? nowMs;
    this.#untranscribed.push({ itemId, audioMs: Math.max(0, endMs - speech.startMs) });
    const stopped: readonly ServerEvent[] =
      this.#detection && speech.announced
        ? [
            {
              type: 'input_audio_buffer.speech_stopped',
              ...{ item_id: itemId, audio_end_ms: Math.max(0, Math.round(endMs)) },
            },
          ]
        : [];
    return [
      ...announcement,
      ...stopped,
      { type: 'input_audio_buffer.committed', item_id: itemId, previous_item_id: previous },
      ...this.#ports.items.place({ item, known: true }),
      ...this.#ports.items.settle(item),
    ];
  }

  #begin(atMs: number): Speech {
    return {
      ...{ itemId: this.#ports.newId('item'), startMs: atMs, endMs: undefined },
      announced: false,
    };
  }
}

function spoken(id: string, transcript: string | null): Item {
  const message = {
    ...{ id, object: 'realtime.item', type: 'message', status: 'completed', role: 'user' },
    content: [{ type: 'input_audio', transcript }],
  };
  // The library's type has no `null`, which the API sends until the words are known.
  return message as Item & RealtimeConversationItemUserMessage;
}

function transcription(itemId: string, words: SpokenWords, audioMs: number): readonly ServerEvent[] {
  const where = { item_id: itemId, content_index: 0 };
  if (words.failure) {
    const { code, message } = words.failure;
    return [
      {
        type: 'conversation.item.input_audio_transcription.failed',
        ...{ ...where, error: { type: 'server_error', code, message } },
      },
    ];
  }
  const completed: ServerEvent = {
    type: 'conversation.item.input_audio_transcription.completed',
    ...{ ...where, transcript: words.text, usage: { type: 'duration', seconds: audioMs / 1_000 } },
  };
  if (words.text === '') return [completed];
  return [
    { type: 'conversation.item.input_audio_transcription.delta', ...where, delta: words.text },
    completed,
  ];
}
