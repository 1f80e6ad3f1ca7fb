import { type ErrorRecord, errorRecord, ParleyError } from '../../../machines/errors.ts';
import type { Door } from '../../door/door.ts';
import type { ClientSocket, SocketProtocol } from '../../door/websocket/client-socket.ts';
import { parseIngest, type SpeechChunk } from '../../ingest/wire.ts';
import { IncomingSpeech, type SpeechEnd } from './incoming-speech.ts';

/** Shorter chunks count as messages, so that a flood of them is noticed, ms. */
const MIN_CHUNK_MS = 10;
/** Sessions whose stopped speech is remembered, to ignore what was on the way. */
const MAX_STOPPED = 1_000;

/** A source of speech on one WebSocket, for any number of sessions. */
export class Connection implements SocketProtocol {
  readonly #socket: ClientSocket;
  readonly #door: Door;
  /** The newest speech of each session, while its source may add to it or the session plays it. */
  readonly #speeches = new Map<string, IncomingSpeech>();
  /** Sessions whose speech is not complete. */
  readonly #receiving = new Set<string>();
  /** Sessions whose speech was stopped, until its source begins another one. */
  readonly #stopped = new Set<string>();

  constructor(socket: ClientSocket, door: Door) {
    this.#socket = socket;
    this.#door = door;
  }

  text(line: string): void {
    const { message, ...refused } = parseIngest(line);
    if (message?.type === 'SPEECH_CHUNK') this.#onChunk(message);
    else if (!this.#socket.countMessage()) return;
    else if (message?.action === 'END') this.#onEnd(message.sessionId, message.reason === 'interrupted');
    else if (message?.action === 'STOP') this.#error(new ParleyError('UNKNOWN_TYPE', 'STOP comes from here'));
    else if (!message) this.#error(new ParleyError('BAD_FIELD', 'why' in refused ? refused.why : ''));
  }

  binary(): void {
    if (this.#socket.countMessage()) this.#error(new ParleyError('BAD_MESSAGE', 'a binary message'));
  }

  fatal(error: ErrorRecord): void {
    this.#socket.downlink.sendMessage({ type: 'ERROR', ...error });
  }

  closed(): void {
    for (const speech of this.#speeches.values()) speech.end();
  }

  #onChunk(chunk: SpeechChunk): void {
    const { sessionId, seq, pcm, rate } = chunk;
    const begins = !this.#receiving.has(sessionId);
    const isShort = pcm.length < (rate * 2 * MIN_CHUNK_MS * 4) / 3 / 1_000;
    if ((begins || isShort) && !this.#socket.countMessage()) return;
    // What was on the way when its speech was stopped.
    if (begins && seq > 0 && this.#stopped.has(sessionId)) return;
    if (begins && !this.#begin(chunk)) return;
    this.#door.counters.audioMessagesIn += 1;
    this.#speeches.get(sessionId)?.take(chunk);
  }

  #begin(chunk: SpeechChunk): boolean {
    const { sessionId } = chunk;
    this.#stopped.delete(sessionId);
    const peer = this.#door.peer(sessionId);
    if (!peer) {
      this.#stop(sessionId, record(new ParleyError('SESSION_UNKNOWN', 'no session of that id lives here')));
      return false;
    }
    const speech: IncomingSpeech = new IncomingSpeech(peer, chunk, this.#speeches.get(sessionId), (end) =>
      this.#onOver(sessionId, speech, end),
    );
    this.#speeches.set(sessionId, speech);
    this.#receiving.add(sessionId);
    return true;
  }

  #onEnd(sessionId: string, interrupted: boolean): void {
    this.#receiving.delete(sessionId);
    this.#stopped.delete(sessionId);
    const speech = this.#speeches.get(sessionId);
    // Its source knows that it is over.
    if (interrupted) this.#speeches.delete(sessionId);
    speech?.end(interrupted);
  }

  #onOver(sessionId: string, speech: IncomingSpeech, end: SpeechEnd): void {
    if (this.#speeches.get(sessionId) !== speech) return;
    this.#speeches.delete(sessionId);
    this.#receiving.delete(sessionId);
    if (end !== 'heard') this.#stop(sessionId, end.error);
  }

  #stop(sessionId: string, error?: ErrorRecord): void {
    this.#stopped.add(sessionId);
    for (const oldest of this.#stopped) {
      if (this.#stopped.size <= MAX_STOPPED) break;
      this.#stopped.delete(oldest);
    }
    const { downlink } = this.#socket;
    if (error) downlink.sendMessage({ type: 'ERROR', sessionId, ...error });
    downlink.sendMessage({ type: 'CONTROL', action: 'STOP', sessionId });
  }

  #error(error: ParleyError): void {
    this.fatal(record(error));
  }
}

function record(error: ParleyError): ErrorRecord {
  return errorRecord(error, 'INTERNAL');
}
