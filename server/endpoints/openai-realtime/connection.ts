import { randomUUID } from 'node:crypto';
import { type ErrorRecord, ParleyError, type RetryAdvice } from '../../../machines/errors.ts';
import type { EchoState } from '../../../machines/wire.ts';
import type { Door, SessionHandle } from '../../door/door.ts';
import type { Caller } from '../../door/holder.ts';
import { advisedMessage } from '../../door/retry-advice.ts';
import type { ClientSocket, SocketProtocol } from '../../door/websocket/client-socket.ts';
import { NORMAL_CLOSURE } from '../../door/websocket/close-codes.ts';
import { DOOR_RATE } from './audio-format.ts';
import { type Notice, type Parsed, parseClientEvent } from './parse-event.ts';
import { RealtimeSession } from './realtime-session.ts';
import type { ServerEvent } from './server-events.ts';
import type { SessionConfig } from './session-config.ts';

/** Maximum size of an event: 15 MiB of audio in base64, as OpenAI has it, and the JSON around it. */
export const MAX_MESSAGE_BYTES = 15 * 1_024 * 1_024 + 65_536;
/** Name of the endpoint. */
export const OPENAI_REALTIME = 'openai-realtime';
/** The clients keep a queue and clear it on a barge-in. Bounded, so that a fast engine does not fill the socket. */
const AHEAD_MS = 30_000;
/** A client that makes its turns itself may send a whole utterance at once. */
const AUDIO_BURST_MS = 30_000;
/** Maximum characters of events that wait for the session to open: one of the largest. */
const MAX_WAITING_CHARS = MAX_MESSAGE_BYTES;
const MOST_SAID_OF_AUDIO = 16;

export interface ConnectionOptions {
  readonly caller: Caller;
  readonly model: string;
  /** Transcripts only, or a conversation. */
  readonly type: SessionConfig['type'];
  /** Whether the microphone hears what the session says. */
  readonly echo: EchoState;
}

/** OpenAI Realtime on one WebSocket: JSON events in both directions, and the session behind them. */
export class Connection implements SocketProtocol {
  readonly #socket: ClientSocket;
  readonly #door: Door;
  readonly #options: ConnectionOptions;
  #handle: SessionHandle | undefined;
  #session: RealtimeSession | undefined;
  /** Events that arrived before the session was open. */
  #waiting: string[] | undefined = [];
  #waitingChars = 0;
  #events = 0;
  readonly #saidOfAudio = new Set<string | null>();

  constructor(socket: ClientSocket, door: Door, options: ConnectionOptions) {
    this.#socket = socket;
    this.#door = door;
    this.#options = options;
  }

  begin(): void {
    const { caller, echo } = this.#options;
    const { counters } = this.#door;
    const rates = { inputRate: DOOR_RATE, outputRate: DOOR_RATE } as const;
    const pace = { aheadMs: AHEAD_MS, audioBurstMs: AUDIO_BURST_MS, playbackControl: 'drop' } as const;
    if (this.#socket.isClosed) return;
    try {
      this.#handle = this.#door.open(
        { endpoint: OPENAI_REALTIME, caller, address: this.#socket.address, echo, ...rates, ...pace },
        {
          opened: () => this.#opened(),
          message: (message) => {
            counters.messagesOut += 1;
            this.#session?.message(message);
          },
          audio: (frame) => {
            counters.audioMessagesOut += 1;
            this.#session?.audio(frame);
          },
          audioSent: (generation) => this.#session?.audioSent(generation),
          draining: () => {
            const { code, message } = new ParleyError('DRAINING');
            this.#error({ type: 'server_error', code, message });
          },
          ended: (error) => {
            if (error) this.#socket.failWith(error);
            else this.#socket.close(NORMAL_CLOSURE, 'bye');
          },
        },
      );
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error;
      this.#socket.failWith(error);
      return;
    }
    this.#socket.admitted(this.#handle.session);
  }

  text(line: string): void {
    if (!this.#socket.countMessage()) return;
    if (!this.#waiting) {
      this.#receive(line);
      return;
    }
    this.#waitingChars += line.length;
    if (this.#waitingChars > MAX_WAITING_CHARS)
      this.#socket.fail(
        'TOO_FAST',
        `more than ${MAX_WAITING_CHARS} characters before session.created; wait for that event`,
      );
    else this.#waiting.push(line);
  }

  binary(): void {
    this.#error({
      ...{ type: 'invalid_request_error', code: 'invalid_event', param: null },
      message: 'events are JSON in text messages; audio goes into input_audio_buffer.append',
    });
  }

  fatal(error: ErrorRecord & RetryAdvice): void {
    const { code, retryAfterMs } = error;
    const type = code === 'INTERNAL' || retryAfterMs !== undefined ? 'server_error' : 'invalid_request_error';
    this.#error({ type, code, message: advisedMessage(error) });
  }

  closed(): void {
    this.#session?.close();
    this.#handle?.close('lost');
  }

  #opened(): void {
    const { clock, limits } = this.#door;
    const { model, type, echo } = this.#options;
    const handle = this.#handle;
    if (!handle) return;
    this.#session = new RealtimeSession({
      ...{ handle, model, type, echo, clock, limits, resamplers: this.#door.resamplers },
      send: (event) => this.#send(event),
      warn: (warning) => this.#sendOwn({ type: 'parley.warning', warning }),
      newId: (prefix) => `${prefix}_${randomUUID().replaceAll('-', '')}`,
    });
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const line of waiting) if (!this.#socket.isClosed) this.#receive(line);
  }

  #receive(line: string): void {
    const parsed = parseClientEvent(line);
    for (const notice of parsed.notices)
      if (this.#isNew(notice, parsed)) this.#session?.notice(notice, parsed.eventId);
    if (parsed.ok) this.#session?.receive(parsed.event);
    else this.#error({ type: 'invalid_request_error', ...parsed.refusal, event_id: parsed.eventId });
  }

  /** What is said of audio is said once: the same field comes with each piece. */
  #isNew({ param }: Notice, parsed: Parsed): boolean {
    if (!parsed.ok || parsed.event.type !== 'input_audio_buffer.append') return true;
    const isNew = !this.#saidOfAudio.has(param) && this.#saidOfAudio.size < MOST_SAID_OF_AUDIO;
    if (isNew) this.#saidOfAudio.add(param);
    return isNew;
  }

  #error(error: Extract<ServerEvent, { type: 'error' }>['error']): void {
    this.#send({ type: 'error', error: { param: null, event_id: null, ...error } });
  }

  #send(event: ServerEvent): void {
    this.#sendOwn(event);
  }

  #sendOwn(event: object): void {
    this.#events += 1;
    this.#socket.downlink.sendMessage({ event_id: `event_${this.#events}`, ...event });
  }
}
