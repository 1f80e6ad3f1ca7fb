/** A speech-to-speech model that follows a script, for tests and the simulator. */
import { pause } from '../actors/cancellation.ts';
import type {
  SpeechConversation,
  SpeechEngine,
  SpeechEvent,
  SpeechItem,
  SpeechOffer,
  SpeechSetup,
} from '../actors/ports/speech.ts';
import { joinedSamples, msOfSamples, type Pcm, samplesInMs } from '../machines/audio.ts';
import type { Clock } from '../machines/clock.ts';
import { type ErrorCode, errorRecord, ParleyError } from '../machines/errors.ts';
import type { JsonObject } from '../machines/json.ts';

const RATE = 24_000;
const FRAME = samplesInMs(20, RATE);
/** Quieter samples are silence. */
const LOUD = 100;

/** What the model does with an utterance. */
export interface HearingScript {
  /** Default: nothing was understood. */
  readonly text?: string;
  /** From the commit to the words. Default 50. */
  readonly wordsMs?: number;
  readonly end?: 'words' | 'wordless' | 'refused' | 'hangs' | 'closes';
}

/** A response: words, each with its audio. */
export interface ResponseScript {
  readonly text?: string;
  /** Default 100. */
  readonly firstMs?: number;
  /** Between two words. Default 10. */
  readonly wordMs?: number;
  /** Audio of one character. Default 60. */
  readonly msPerChar?: number;
  readonly calls?: readonly { readonly name: string; readonly args: JsonObject }[];
  /** How it ends after this many words; by default when all are said. */
  readonly endsAt?: number;
  readonly end?: 'done' | 'fails' | 'hangs' | 'closes';
  /** Whether its events go on for a while after it was cancelled. */
  readonly late?: boolean;
}

export interface SpeechScripts {
  readonly hears?: (samples: Int16Array, number: number) => HearingScript;
  /** `items`: the conversation as the model knows it. */
  readonly responds?: (items: readonly SpeechItem[], number: number) => ResponseScript;
  /** Fails the connection with this number. */
  readonly opens?: (number: number) => { readonly afterMs?: number; readonly fails?: ErrorCode };
  /** The audio of a word with the white space behind it. Default: silence. */
  readonly sound?: (word: string, samples: number) => Int16Array;
  /** Default 1,000,000. */
  readonly renewMs?: number;
  /** It commits an utterance by itself after this much silence, ms; null: never. Default: it leaves that to its client. */
  readonly endsTurnsAfterMs?: () => number | null;
}

/** An item as the model knows it. */
interface KnownItem {
  readonly id: string;
  item: SpeechItem;
  /** How much of its words it has spoken, ms a character. */
  readonly msPerChar?: number;
  /** An utterance whose words were not sent yet. */
  unsent?: boolean;
}

/** The engine, with all conversations that were opened. */
export class ScriptedSpeech implements SpeechEngine {
  readonly name = 'model';
  readonly renewMs: number;
  readonly endsTurns: boolean;
  readonly wordsMs = 2_000;
  readonly replyMs = 3_000;
  readonly conversations: ScriptedConversation[] = [];
  readonly #clock: Clock;
  readonly #scripts: SpeechScripts;
  #opened = 0;
  #utterances = 0;
  #responses = 0;

  constructor(clock: Clock, scripts: SpeechScripts = {}) {
    this.#clock = clock;
    this.#scripts = scripts;
    this.renewMs = scripts.renewMs ?? 1_000_000;
    this.endsTurns = scripts.endsTurnsAfterMs !== undefined;
  }

  /** The newest conversation. */
  get conversation(): ScriptedConversation {
    const last = this.conversations.at(-1);
    if (!last) throw new Error('no conversation was opened');
    return last;
  }

  async open({ onEvent }: SpeechSetup, signal: AbortSignal): Promise<SpeechConversation> {
    const { afterMs = 20, fails } = this.#scripts.opens?.(this.#opened++) ?? {};
    await pause(this.#clock, afterMs, signal);
    if (fails) throw new ParleyError(fails, 'as scripted');
    const conversation = new ScriptedConversation(this.#clock, onEvent, {
      hears: (samples) => this.#scripts.hears?.(samples, this.#utterances++) ?? {},
      responds: (items) => this.#scripts.responds?.(items, this.#responses++) ?? {},
      sound: this.#scripts.sound ?? ((_word, samples) => new Int16Array(samples)),
      ...(this.#scripts.endsTurnsAfterMs && { endsTurnsAfterMs: this.#scripts.endsTurnsAfterMs }),
    });
    this.conversations.push(conversation);
    return conversation;
  }

  async close(): Promise<void> {}
}

interface Behaviour {
  readonly hears: (samples: Int16Array) => HearingScript;
  readonly responds: (items: readonly SpeechItem[]) => ResponseScript;
  readonly sound: NonNullable<SpeechScripts['sound']>;
  readonly endsTurnsAfterMs?: () => number | null;
}

export class ScriptedConversation implements SpeechConversation {
  readonly inputRate = RATE;
  readonly known: KnownItem[] = [];
  /** What the model was asked that makes no sense to it; empty in a correct session. */
  readonly complaints: string[] = [];
  offer: SpeechOffer = {};
  closed = false;
  language = '';
  readonly #clock: Clock;
  readonly #onEvent: (event: SpeechEvent) => void;
  readonly #behaviour: Behaviour;
  #heard: Int16Array[] = [];
  /** Of a model that ends turns: silence since the user spoke, ms; undefined before. */
  #silentMs: number | undefined;
  #named = 0;
  #responses = 0;
  #active: { readonly number: number; readonly stop: AbortController } | undefined;

  constructor(clock: Clock, onEvent: (event: SpeechEvent) => void, behaviour: Behaviour) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#behaviour = behaviour;
  }

  /** But for utterances whose words only the model knows yet. */
  get items(): readonly SpeechItem[] {
    return this.known.flatMap(({ item, unsent }) => (unsent ? [] : [item]));
  }

  /** The messages as `role: text`. */
  get messages(): readonly string[] {
    return this.items.flatMap((item) => (item.type === 'message' ? [`${item.role}: ${item.text}`] : []));
  }

  configure(offer: SpeechOffer): void {
    this.offer = offer;
  }

  expect(language: string): void {
    this.language = language;
  }

  append({ samples }: Pcm): void {
    const limitMs = this.#behaviour.endsTurnsAfterMs?.();
    if (limitMs === undefined) this.#heard.push(samples);
    else
      for (let at = 0; at < samples.length; at += FRAME)
        this.#listen(samples.subarray(at, at + FRAME), limitMs);
  }

  #listen(samples: Int16Array, limitMs: number | null): void {
    this.#heard.push(samples);
    if (samples.some((sample) => Math.abs(sample) > LOUD)) {
      if (this.#silentMs === undefined) this.#later(1, () => this.#emit({ type: 'speaks' }));
      this.#silentMs = 0;
    } else if (this.#silentMs !== undefined) {
      this.#silentMs += msOfSamples(samples.length, RATE);
      if (limitMs !== null && this.#silentMs >= limitMs) this.commit();
    }
  }

  clear(): void {
    this.#heard = [];
    this.#silentMs = undefined;
    this.#later(1, () => this.#emit({ type: 'cleared' }));
  }

  commit(): void {
    this.#silentMs = undefined;
    const samples = joinedSamples(this.#heard);
    this.#heard = [];
    const { text = '', wordsMs = 50, end = 'words' } = this.#behaviour.hears(samples);
    if (end === 'refused') {
      this.#later(wordsMs, () => this.#emit({ type: 'refused', error: failure('STT_FAILED') }));
      return;
    }
    const item = this.#name();
    const known: KnownItem = { id: item, item: { type: 'message', role: 'user', text }, unsent: true };
    this.known.push(known);
    this.#later(1, () => this.#emit({ type: 'committed', item }));
    this.#later(Math.max(2, wordsMs), () => {
      known.unsent = false;
      if (end === 'closes') this.drop();
      if (end === 'words') this.#emit({ type: 'words', item, text });
      if (end === 'wordless') this.#emit({ type: 'wordless', item, error: failure('STT_FAILED') });
    });
  }

  insert(id: string, item: SpeechItem, after: string | null): void {
    const at = after === null ? 0 : this.known.findIndex((one) => one.id === after) + 1;
    if (after !== null && at === 0) this.complaints.push(`insert ${id} after the unknown ${after}`);
    if (this.known.some((one) => one.id === id)) this.complaints.push(`insert ${id} again`);
    this.known.splice(at, 0, { id, item });
  }

  remove(id: string): void {
    const at = this.known.findIndex((one) => one.id === id);
    if (at < 0) this.complaints.push(`remove the unknown ${id}`);
    else this.known.splice(at, 1);
  }

  truncate(id: string, heardMs: number): void {
    const entry = this.known.find((one) => one.id === id);
    if (entry?.item.type !== 'message' || entry.msPerChar === undefined) {
      this.complaints.push(`truncate ${id}, which was not spoken`);
      return;
    }
    const chars = Math.floor(heardMs / entry.msPerChar);
    entry.item = { ...entry.item, text: entry.item.text.slice(0, chars) };
  }

  respond(): number {
    const number = ++this.#responses;
    if (this.#active) this.complaints.push('respond while a response is in progress');
    const stop = new AbortController();
    this.#active = { number, stop };
    void this.#respond(number, this.#behaviour.responds(this.items), stop.signal);
    return number;
  }

  cancel(response: number): void {
    if (this.#active?.number !== response) return;
    this.#active.stop.abort();
    this.#active = undefined;
  }

  close(): void {
    this.closed = true;
    this.#active?.stop.abort();
  }

  /** The connection is lost. */
  drop(): void {
    this.#emit({ type: 'closed', error: failure('ENGINE_UNREACHABLE') });
    this.close();
  }

  async #respond(response: number, script: ResponseScript, signal: AbortSignal): Promise<void> {
    const { text = '', firstMs = 100, wordMs = 10, msPerChar = 60, calls = [], end = 'done', late } = script;
    const words = text.match(/\S+\s*/gu) ?? [];
    const { endsAt = words.length } = script;
    const item = this.#name();
    let ms = firstMs;
    for (const word of words.slice(0, endsAt)) {
      await pause(this.#clock, ms, signal).catch(() => {});
      ms = wordMs;
      if (this.closed || (signal.aborted && !late)) return;
      const entry = this.known.find(({ id }) => id === item);
      if (entry?.item.type === 'message') entry.item = { ...entry.item, text: entry.item.text + word };
      else if (!signal.aborted)
        this.known.push({ id: item, item: { type: 'message', role: 'assistant', text: word }, msPerChar });
      this.#emit({ type: 'text', response, item, text: word });
      const samples = this.#behaviour.sound(word, samplesInMs(word.length * msPerChar, RATE));
      this.#emit({ type: 'audio', response, item, pcm: { rate: RATE, samples } });
    }
    await pause(this.#clock, ms, signal).catch(() => {});
    if (this.closed || signal.aborted || end === 'hangs') return;
    if (end === 'closes') {
      this.drop();
      return;
    }
    for (const call of end === 'fails' ? [] : calls) {
      const name = this.#name();
      const callId = `call_${name}`;
      this.known.push({ id: name, item: { type: 'call', callId, ...call } });
      this.#emit({ type: 'call', response, item: name, callId, ...call });
    }
    this.#active = undefined;
    const error = end === 'fails' ? { error: failure('LLM_FAILED') } : {};
    this.#emit({ type: 'done', response, ...error });
  }

  #name(): string {
    return `item_${++this.#named}`;
  }

  #later(ms: number, run: () => void): void {
    this.#clock.setTimer(ms, run);
  }

  #emit(event: SpeechEvent): void {
    if (!this.closed) this.#onEvent(event);
  }
}

function failure(code: ErrorCode) {
  return errorRecord(new ParleyError(code, 'as scripted'), code);
}
