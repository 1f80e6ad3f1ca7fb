import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { WebSocket } from 'ws';
import type {
  SpeechConversation,
  SpeechEvent,
  SpeechItem,
  SpeechOffer,
} from '../../../actors/ports/speech.ts';
import type { Pcm } from '../../../machines/audio.ts';
import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import { type ErrorCode, type ErrorRecord, errorRecord, ParleyError } from '../../../machines/errors.ts';
import {
  endsTurns,
  itemOf,
  offerOf,
  RATE,
  type RealtimeSessionOptions,
  transcriptionOf,
} from './client-events.ts';
import { callIn, parseServerEvent, type RealtimeServerEvent } from './events.ts';
import type { ServiceError } from './refusals.ts';

export interface RealtimeConversationOptions extends RealtimeSessionOptions {
  readonly clock: Clock;
  /** As the session was set up. */
  readonly language: string;
  readonly onEvent: (event: SpeechEvent) => void;
  /** The conversation is over, by either side. May be called again. */
  readonly onOver: () => void;
  /** The service reports an error of any kind. */
  readonly onError?: (error: ServiceError) => void;
}

/** A server that has not ended a cancelled response after this time has lost it, ms. */
const CANCEL_MS = 5_000;
/** A server that does not answer the close does not hold the connection any longer, ms. */
const CLOSE_MS = 2_000;
/** A ping each time; a server that has not answered the last one is gone, ms. */
const PING_MS = 10_000;
/** Audio that the server does not read: 20 s of it. */
const MAX_WAITING_BYTES = 1_300_000;

interface Response {
  readonly number: number;
  /** Of `response.create`. */
  readonly eventId: string;
  /** Once the server has named it. */
  id?: string;
  cancelled: boolean;
  /** Items that were reported. */
  readonly items: Set<string>;
}

type Of<Type extends RealtimeServerEvent['type']> = Extract<RealtimeServerEvent, { type: Type }>;

/**
 * One conversation on one WebSocket, after the session is set up. The API has one response at a time, so the next one is
 * requested when the last is done.
 */
export class RealtimeConversation implements SpeechConversation {
  readonly inputRate = RATE;
  readonly #socket: WebSocket;
  readonly #options: RealtimeConversationOptions;
  #events = 0;
  #responses = 0;
  /** In progress, or requested. */
  #active: Response | undefined;
  /** Not requested yet. */
  readonly #waiting: Response[] = [];
  /** Not answered yet. */
  readonly #commits: string[] = [];
  #offer: string;
  #language: string;
  #overdue: TimerHandle | undefined;
  #ping: TimerHandle | undefined;
  #over = false;

  constructor(socket: WebSocket, options: RealtimeConversationOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#offer = JSON.stringify(offerOf(options, {}));
    this.#language = options.language;
    socket.on('message', (data, isBinary) => this.#receive(String(data), isBinary));
    socket.on('close', (code, reason) => this.#end('ENGINE_UNREACHABLE', `closed with ${code} ${reason}`));
    this.#watch();
  }

  configure(offer: SpeechOffer): void {
    const session = offerOf(this.#options, offer);
    const shown = JSON.stringify(session);
    if (shown === this.#offer) return;
    this.#offer = shown;
    this.#send({ type: 'session.update', session: { type: 'realtime', ...session } });
  }

  expect(language: string): void {
    if (language === this.#language) return;
    this.#language = language;
    const transcription = transcriptionOf(this.#options.transcriptionModel, language);
    this.#send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { transcription } } },
    });
  }

  append({ samples }: Pcm): void {
    const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    this.#send({ type: 'input_audio_buffer.append', audio: bytes.toString('base64') });
    if (this.#socket.bufferedAmount > MAX_WAITING_BYTES)
      this.#end('ENGINE_OVERLOADED', 'the server does not read the audio');
  }

  clear(): void {
    this.#send({ type: 'input_audio_buffer.clear' });
  }

  commit(): void {
    const sent = this.#send({ type: 'input_audio_buffer.commit' });
    // A server that commits by itself does not say which item answers this.
    if (!endsTurns(this.#options)) this.#commits.push(sent);
  }

  insert(id: string, item: SpeechItem, after: string | null): void {
    this.#send({
      type: 'conversation.item.create',
      previous_item_id: after ?? 'root',
      item: itemOf(id, item),
    });
  }

  remove(id: string): void {
    this.#send({ type: 'conversation.item.delete', item_id: id });
  }

  truncate(id: string, heardMs: number): void {
    const audio_end_ms = Math.floor(heardMs);
    this.#send({ type: 'conversation.item.truncate', item_id: id, content_index: 0, audio_end_ms });
  }

  respond(): number {
    const number = ++this.#responses;
    this.#waiting.push({ number, eventId: `respond_${number}`, cancelled: false, items: new Set() });
    this.#next();
    return number;
  }

  cancel(number: number): void {
    const at = this.#waiting.findIndex((one) => one.number === number);
    if (at >= 0) this.#waiting.splice(at, 1);
    const active = this.#active;
    if (active?.number !== number || active.cancelled) return;
    active.cancelled = true;
    if (active.id !== undefined) this.#send({ type: 'response.cancel', response_id: active.id });
    this.#overdue = this.#options.clock.setTimer(CANCEL_MS, () =>
      this.#end('ENGINE_PROTOCOL', `a cancelled response has not ended after ${CANCEL_MS} ms`),
    );
  }

  close(): void {
    this.#over = true;
    this.#options.onOver();
    this.#overdue?.cancel();
    this.#ping?.cancel();
    const socket = this.#socket;
    socket.close(1_000);
    const late = this.#options.clock.setTimer(CLOSE_MS, () => socket.terminate());
    socket.once('close', () => late.cancel());
  }

  #next(): void {
    if (this.#active) return;
    const next = this.#waiting.shift();
    if (!next) return;
    this.#active = next;
    this.#send({ type: 'response.create', event_id: next.eventId });
  }

  /** Returns the event's id, by which errors name it. */
  #send(event: RealtimeClientEvent): string {
    const event_id = event.event_id ?? `event_${++this.#events}`;
    if (!this.#over) this.#socket.send(JSON.stringify({ ...event, event_id }));
    return event_id;
  }

  #receive(line: string, isBinary: boolean): void {
    if (this.#over) return;
    try {
      const event = isBinary ? undefined : parseServerEvent(line);
      if (event) this.#take(event);
    } catch (thrown) {
      const code = thrown instanceof ParleyError ? thrown.code : 'ENGINE_PROTOCOL';
      this.#end(code, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #take(event: RealtimeServerEvent): void {
    switch (event.type) {
      case 'error':
        this.#refused(event.error);
        break;
      case 'input_audio_buffer.speech_started':
        this.#emit({ type: 'speaks' });
        break;
      case 'input_audio_buffer.committed':
        this.#commits.shift();
        this.#emit({ type: 'committed', item: event.item_id });
        break;
      case 'input_audio_buffer.cleared':
        this.#emit({ type: 'cleared' });
        break;
      case 'conversation.item.input_audio_transcription.completed':
        this.#emit({ type: 'words', item: event.item_id, text: event.transcript.trim() });
        break;
      case 'conversation.item.input_audio_transcription.failed':
        this.#emit({ type: 'wordless', item: event.item_id, error: recordOf('STT_FAILED', event.error) });
        break;
      case 'response.created':
        this.#created(event);
        break;
      case 'response.output_audio_transcript.delta':
      case 'response.output_text.delta':
        this.#reported(event, (about) => ({ type: 'text', ...about, text: event.delta }));
        break;
      case 'response.output_audio.delta':
        this.#reported(event, (about) => ({ type: 'audio', ...about, pcm: pcmOf(event.delta) }));
        break;
      case 'response.output_item.done': {
        const call = callIn(event.item);
        if (!call) break;
        const { id: item_id, call_id: callId, name, args, invalid } = call;
        this.#reported({ ...event, item_id }, (about) => ({
          ...{ type: 'call', ...about, callId, name, args },
          ...(invalid !== undefined && { invalid }),
        }));
        break;
      }
      case 'response.done':
        this.#done(event);
        break;
    }
  }

  #created({ response: { id } }: Of<'response.created'>): void {
    const active = this.#active;
    if (!active || active.id !== undefined) return;
    active.id = id;
    if (active.cancelled) this.#send({ type: 'response.cancel', response_id: id });
  }

  /** What comes late of a cancelled response, or belongs to none of ours, is dropped. */
  #reported(
    { response_id, item_id }: { readonly response_id: string; readonly item_id: string },
    eventOf: (about: { readonly response: number; readonly item: string }) => SpeechEvent,
  ): void {
    const active = this.#active;
    if (active?.id !== response_id || active.cancelled) return;
    active.items.add(item_id);
    this.#emit(eventOf({ response: active.number, item: item_id }));
  }

  #done({ response }: Of<'response.done'>): void {
    const active = this.#active;
    if (active?.id !== response.id) return;
    this.#settle(active);
    const { status, status_details: details } = response;
    if (active.cancelled) {
      // An unheard item must not stay in the conversation.
      for (const { id } of response.output ?? []) if (id && !active.items.has(id)) this.remove(id);
    } else if (status === 'failed' || status === 'cancelled') {
      const error = recordOf('LLM_FAILED', details?.error ?? { message: details?.reason ?? status });
      this.#emit({ type: 'done', response: active.number, error });
    } else this.#emit({ type: 'done', response: active.number });
    this.#next();
  }

  #settle(active: Response): void {
    this.#overdue?.cancel();
    if (this.#active === active) this.#active = undefined;
  }

  /** Refusals of what only tidies up (a truncation of audio that is gone, a late cancel) change nothing. */
  #refused(error: Of<'error'>['error']): void {
    const { event_id } = error;
    const active = this.#active;
    this.#options.onError?.(error);
    if (event_id && event_id === this.#commits[0]) {
      this.#commits.shift();
      this.#emit({ type: 'refused', error: recordOf('STT_FAILED', error) });
    } else if (active && event_id === active.eventId) {
      this.#settle(active);
      if (!active.cancelled)
        this.#emit({ type: 'done', response: active.number, error: recordOf('LLM_FAILED', error) });
      this.#next();
    }
  }

  #watch(): void {
    let answered = true;
    this.#socket.on('pong', () => {
      answered = true;
    });
    const ping = () => {
      if (!answered) {
        this.#end('ENGINE_UNREACHABLE', `no answer to a ping for ${PING_MS} ms`);
        return;
      }
      answered = false;
      this.#socket.ping();
      this.#ping = this.#options.clock.setTimer(PING_MS, ping);
    };
    this.#ping = this.#options.clock.setTimer(PING_MS, ping);
  }

  #emit(event: SpeechEvent): void {
    if (!this.#over) this.#options.onEvent(event);
  }

  #end(code: ErrorCode, detail: string): void {
    if (this.#over) return;
    this.#emit({ type: 'closed', error: errorRecord(new ParleyError(code, detail), code) });
    this.close();
  }
}

/** The server's words may name nothing but its own ids, so they are passed on. */
function recordOf(
  code: 'STT_FAILED' | 'LLM_FAILED',
  error:
    | { readonly code?: string | null | undefined; readonly message?: string | null | undefined }
    | null
    | undefined,
): ErrorRecord {
  const limited = error?.code === 'rate_limit_exceeded' || error?.code === 'insufficient_quota';
  const detail = [error?.code, error?.message].filter(Boolean).join(': ');
  const known = limited ? 'ENGINE_OVERLOADED' : code;
  return errorRecord(new ParleyError(known, detail || undefined), known);
}

function pcmOf(base64: string): Pcm {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.byteLength % 2 === 1) throw new ParleyError('ENGINE_PROTOCOL', 'half a sample of audio');
  const samples = new Int16Array(bytes.byteLength / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * i);
  return { rate: RATE, samples };
}
