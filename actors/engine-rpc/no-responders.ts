import type { BusMessage } from '../ports/bus.ts';

/**
 * Header of the bus's answer to a request without subscribers: an empty message to the reply subject. NATS sends the
 * status line `NATS/1.0 503`; the adapters translate it into this header.
 */
export const NO_RESPONDERS_HEADERS: Readonly<Record<string, string>> = Object.freeze({ status: '503' });

/** True if `message` is the bus's notice that there is no subscriber. */
export function saysNoResponders(message: BusMessage): boolean {
  return message.payload.byteLength === 0 && message.headers.status === '503';
}
