import { AsyncLocalStorage } from 'node:async_hooks';

/** Of https://www.w3.org/TR/trace-context/#traceparent-header, version 00. */
const TRACEPARENT = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/u;

const running = new AsyncLocalStorage<string>();

/** Runs `body` and all that it starts within a trace; without a valid `traceparent`, just runs it. */
export function withinTrace<T>(traceparent: string | undefined, body: () => T): T {
  return isTraceparent(traceparent) ? running.run(traceparent, body) : body();
}

/** The header that carries the present trace on; empty outside of one. */
export function traceHeaders(): { readonly traceparent?: string } {
  const traceparent = running.getStore();
  return traceparent === undefined ? {} : { traceparent };
}

export function isTraceparent(value: string | undefined): value is string {
  return value !== undefined && TRACEPARENT.test(value);
}
