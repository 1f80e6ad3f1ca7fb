import type { IncomingMessage } from 'node:http';
import { AsyncQueue } from '../../actors/async-queue.ts';
import { ParleyError } from '../../machines/errors.ts';
import { realClock } from '../real-clock.ts';

/** Maximum unread bytes; beyond it the connection is paused. */
const HELD_BYTES = 262_144;

/** Streams the body of a response to one reader. It avoids web streams, which would double the time to the first byte. Throws the error of the connection, and ENGINE_PROTOCOL beyond `maxBytes`. If the reader leaves before the end, the connection is closed.
 */
export class Body implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #message: IncomingMessage;
  readonly #pieces = new AsyncQueue<Uint8Array>();

  constructor(message: IncomingMessage, maxBytes: number) {
    this.#message = message;
    let received = 0;
    message.on('data', (piece: Buffer) => {
      received += piece.byteLength;
      if (received > maxBytes) message.destroy(new ParleyError('ENGINE_PROTOCOL', 'the answer is too long'));
      else this.#pieces.push(piece, piece.byteLength);
      if (this.held >= HELD_BYTES) message.pause();
    });
    message.on('end', () => this.#pieces.end());
    message.on('error', (error) => this.#pieces.fail(error));
    message.on('close', () => this.#pieces.fail(new Error('the connection was closed')));
  }

  /** Unread bytes. */
  get held(): number {
    return this.#pieces.bytes;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const next = this.#pieces.next();
    if (this.held < HELD_BYTES && this.#message.isPaused()) this.#message.resume();
    return next;
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#message.readableEnded) this.#message.destroy();
    return this.#pieces.return();
  }

  /** Drops the rest. The connection stays usable if the body ends within `graceMs`; otherwise it is closed. */
  release(graceMs: number): void {
    if (this.#message.readableEnded || this.#message.destroyed) return;
    void this.#pieces.return();
    this.#message.resume();
    const timer = realClock.setTimer(graceMs, () => this.#message.destroy());
    this.#message.once('close', () => timer.cancel());
    this.#message.once('end', () => timer.cancel());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The whole body as UTF-8. */
  async text(): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this) pieces.push(piece);
    return new TextDecoder().decode(Buffer.concat(pieces));
  }
}
