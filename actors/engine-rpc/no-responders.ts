import type { BusMessage } from '../ports/bus.ts';

/**
 * How a bus answers a message that asked for a reply and found nobody listening: an empty message to the
 * reply subject with this header. NATS sends the status line `NATS/1.0 503`; the adapters turn it into this.
 */
export const NO_RESPONDERS_HEADERS: Readonly<Record<string, string>> = Object.freeze({ status: '503' });

/** True if `message` is the bus saying that nobody listens, not an answer. */
export function saysNoResponders(message: BusMessage): boolean {
  return message.payload.byteLength === 0 && message.headers.status === '503';
}
