import { AsyncQueue } from '../../../actors/async-queue.ts';
import type { OutsideSpeech, SpeechPiece } from '../../../actors/ports/outside-speech.ts';
import { type ErrorRecord, errorRecord, ParleyError } from '../../../machines/errors.ts';
import type { SessionMessage } from '../../../machines/wire.ts';
import type { SessionPeer } from '../../door/session-peer.ts';
import { type SpeechChunk, shapeOf } from '../../ingest/wire.ts';

/** Audio that may wait to be played, s. The session itself takes 5 s more. */
const MAX_WAITING_S = 30;
const BYTES_PER_SAMPLE = 2;

/** How a speech ended: heard to its end, or cut off by the session, perhaps for an error. */
export type SpeechEnd = 'heard' | { readonly error?: ErrorRecord };

/** One speech of a source, as the session plays it. */
export class IncomingSpeech implements OutsideSpeech {
  readonly pieces = new AsyncQueue<SpeechPiece>();
  readonly #peer: SessionPeer;
  readonly #rate: number;
  readonly #onEnd: (end: SpeechEnd) => void;
  readonly #unwatch: () => void;
  #generation: number | undefined;
  #nextSeq: number;
  #refusal: ErrorRecord | undefined;
  /** What went wrong in the session meanwhile. */
  #failure: ErrorRecord | undefined;
  #over = false;

  /** `after`: the speech before, which the session may still play. `onEnd` is called once, and never from here. */
  constructor(
    peer: SessionPeer,
    { rate, seq }: Pick<SpeechChunk, 'rate' | 'seq'>,
    after: IncomingSpeech | undefined,
    onEnd: (end: SpeechEnd) => void,
  ) {
    this.#peer = peer;
    this.#rate = rate;
    this.#nextSeq = seq;
    this.#onEnd = onEnd;
    this.#unwatch = peer.watch((message) => this.#onMessage(message));
    if (!peer.speak(this) && (!after || after.isOver)) this.#refusal = running();
  }

  /** True once the session is done with it. */
  get isOver(): boolean {
    return this.#over;
  }

  onBegin(generation: number): void {
    this.#generation = generation;
  }

  /** Adds a piece. What is wrong with it ends the speech. */
  take({ seq, pcm, rate, viseme }: SpeechChunk): void {
    const bytes = new Uint8Array(Buffer.from(pcm, 'base64'));
    const wrong = this.#refusal ?? this.#problem(seq, rate, bytes.byteLength);
    if (wrong) {
      this.#cut(wrong);
      return;
    }
    this.#nextSeq += 1;
    const samples = new Int16Array(bytes.buffer);
    const piece = { pcm: { rate, samples }, viseme: viseme ? shapeOf(viseme) : undefined };
    this.pieces.push(piece, bytes.byteLength);
  }

  /** No more comes. `interrupted`: what is not played yet should not be. */
  end(interrupted = false): void {
    this.pieces.end();
    if (interrupted) this.#cut();
  }

  #problem(seq: number, rate: number, bytes: number): ErrorRecord | undefined {
    if (seq !== this.#nextSeq) return badField(`seq: ${seq}, but ${this.#nextSeq} comes next`);
    if (rate !== this.#rate) return badField(`rate: ${rate} in a speech of ${this.#rate}`);
    if (bytes === 0 || bytes % BYTES_PER_SAMPLE !== 0) return badField(`pcm: ${bytes} bytes`);
    if (this.pieces.bytes <= MAX_WAITING_S * rate * BYTES_PER_SAMPLE) return undefined;
    return record(
      new ParleyError(
        'TOO_FAST',
        `more than ${MAX_WAITING_S} s of speech wait to be played; send it at the pace of real time`,
      ),
    );
  }

  /** Ends the speech here and in the session. */
  #cut(error?: ErrorRecord): void {
    if (this.#over) return;
    const replies = this.#generation !== undefined;
    this.#finish({ ...(error && { error }) });
    this.pieces.close();
    if (replies) this.#peer.command({ type: 'interrupt' });
  }

  #onMessage(message: SessionMessage | undefined): void {
    if (!message) this.#cut(record(new ParleyError('SESSION_UNKNOWN', 'it has ended')));
    else if (message.type === 'state' && this.#generation === undefined) this.#onState(message.value);
    else if (message.type === 'error') this.#onError(message);
    else if (message.type === 'reply.end' && message.generation === this.#generation) {
      const { reason } = message;
      if (reason === 'completed') this.#finish('heard');
      else this.#finish(reason === 'failed' && this.#failure ? { error: this.#failure } : {});
    }
  }

  /** A busy session refuses later than at once. */
  #onError({ code, message }: ErrorRecord): void {
    if (this.#generation === undefined && code === 'TURN_RUNNING') this.#cut({ code, message });
    else this.#failure = { code, message };
  }

  /** The session has not begun to play it. */
  #onState(state: string): void {
    if (state === 'idle' ? !this.#peer.speak(this) : state !== 'processing' && state !== 'speaking')
      this.#cut(running());
  }

  #finish(end: SpeechEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#unwatch();
    this.#onEnd(end);
  }
}

function running(): ErrorRecord {
  return record(new ParleyError('TURN_RUNNING', 'the session does something else, or does not speak'));
}

function badField(detail: string): ErrorRecord {
  return record(new ParleyError('BAD_FIELD', detail));
}

function record(error: ParleyError): ErrorRecord {
  return errorRecord(error, 'INTERNAL');
}
