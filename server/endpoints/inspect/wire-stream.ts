import type { ServerResponse } from 'node:http';
import { ParleyError } from '../../../machines/errors.ts';
import type { WireLine, WireTaps } from '../../door/wire-taps.ts';

/** Streams at once; each stays open as long as a page looks. */
const MAX_STREAMS = 16;
/** Lines that wait for a reader are dropped beyond this. */
const MAX_UNREAD_BYTES = 1_048_576;

/** Streams what goes over the wire of one session from now on, until it ends or the reader leaves: a line for each message, with ms since the first look and who sent it. */
export class WireStreams {
  readonly #taps: WireTaps;
  readonly #nowMs: () => number;
  readonly #open = new Set<ServerResponse>();

  constructor(taps: WireTaps, nowMs: () => number) {
    this.#taps = taps;
    this.#nowMs = nowMs;
  }

  /** Throws TOO_MANY. `keep`: see `HttpRoute`. */
  send(response: ServerResponse, session: string, keep: () => void): void {
    if (this.#open.size >= MAX_STREAMS) throw new ParleyError('TOO_MANY', 'too many look at the wire');
    keep();
    this.#open.add(response);
    const beganMs = this.#nowMs();
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
    });
    response.flushHeaders();
    const write = (line: WireLine | undefined) => {
      if (!line) response.end();
      else if (response.writableLength < MAX_UNREAD_BYTES)
        response.write(`${Math.round(this.#nowMs() - beganMs)} ${line.from} ${line.text}\n`);
    };
    const stop = this.#taps.watch(session, write);
    response.once('close', () => {
      stop();
      this.#open.delete(response);
    });
  }

  close(): void {
    for (const response of this.#open) response.end();
  }
}
