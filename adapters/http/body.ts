import type { IncomingMessage } from 'node:http';
import { ParleyError } from '../../machines/errors.ts';

/** While so many bytes wait to be read, no more are taken from the connection. */
const HELD_BYTES = 262_144;

/**
 * The body of an answer, piece by piece as it comes, with one reader. Without a web stream in between, which takes as long
 * as all else that an answer's first byte needs. Throws what broke the connection, and ENGINE_PROTOCOL beyond `maxBytes`;
 * a reader that leaves before the end ends the connection.
 */
export class Body implements AsyncIterableIterator<Uint8Array> {
  readonly #message: IncomingMessage;
  readonly #pieces: Uint8Array[] = [];
  #held = 0;
  #outcome: { readonly error?: unknown } | undefined;
  #reader: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: unknown): void } | undefined;

  constructor(message: IncomingMessage, maxBytes: number) {
    this.#message = message;
    let received = 0;
    message.on('data', (piece: Buffer) => {
      received += piece.byteLength;
      if (received <= maxBytes) this.#take(piece);
      else message.destroy(new ParleyError('ENGINE_PROTOCOL', 'the answer is too long'));
    });
    message.on('end', () => this.#settle({}));
    message.on('error', (error) => this.#settle({ error }));
    message.on('close', () => this.#settle({ error: new Error('the connection was closed') }));
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const piece = this.#pieces.shift();
    if (piece) {
      this.#held -= piece.byteLength;
      if (this.#held < HELD_BYTES && this.#message.isPaused()) this.#message.resume();
      return Promise.resolve({ done: false, value: piece });
    }
    if (this.#outcome) {
      const { error } = this.#outcome;
      this.#outcome = {};
      return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#pieces.length = 0;
    if (!this.#outcome) this.#message.destroy();
    this.#settle({});
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** All of it, as UTF-8. */
  async text(): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this) pieces.push(piece);
    return new TextDecoder().decode(Buffer.concat(pieces));
  }

  #take(piece: Uint8Array): void {
    const reader = this.#reader;
    if (reader) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: piece });
      return;
    }
    this.#pieces.push(piece);
    this.#held += piece.byteLength;
    if (this.#held >= HELD_BYTES) this.#message.pause();
  }

  #settle(outcome: { readonly error?: unknown }): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    const reader = this.#reader;
    if (!reader) return;
    this.#reader = undefined;
    this.#outcome = {};
    if (outcome.error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(outcome.error);
  }
}
