import { pause } from '../../../actors/cancellation.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { HttpRefusal } from '../../http/errors.ts';
import type { JsonPoster } from '../../http/json-post.ts';
import { realClock } from '../../real-clock.ts';
import type { Body, ServerMemory } from './server-memory.ts';

/** Longest time that a request waits for a server that says when to come back. Shorter than `deadlines.llmFirstTokenMs`, so that the server's own words are reported. */
export const MAX_WAIT_MS = 6_000;
/** Pause before a server is asked again that is loading its model and does not say how long. */
const LOADING_MS = 1_000;
/** Changes that one request may try. */
const MAX_CHANGES = 8;

export interface SendParts {
  readonly post: JsonPoster['post'];
  readonly memory: ServerMemory;
  /** Learns what the server refuses, once. */
  readonly onChange: (what: string) => void;
}

/**
 * The server's response to the request that `build` makes, as far as the server takes it. A request that is refused is sent once more
 * without the field that was refused. A busy server is asked again when it says so.
 */
export async function send(
  { post, memory, onChange }: SendParts,
  build: () => Body,
  signal: AbortSignal,
): Promise<Response> {
  const before = memory.quirks;
  const untilMs = realClock.nowMs() + MAX_WAIT_MS;
  const changes: string[] = [];
  for (;;) {
    const body = memory.fitted(build());
    try {
      const response = await post('/chat/completions', body, signal);
      for (const what of changes) onChange(what);
      return response;
    } catch (thrown) {
      if (!(thrown instanceof HttpRefusal)) {
        memory.restore(before);
        throw thrown;
      }
      const waitMs = waitOf(thrown);
      if (waitMs !== undefined && realClock.nowMs() + waitMs <= untilMs) {
        await pause(realClock, waitMs, signal);
        continue;
      }
      const change = changes.length < MAX_CHANGES ? memory.learn(thrown, body) : undefined;
      if (!change) {
        memory.restore(before);
        throw thrown;
      }
      changes.push(`${change.what}: ${thrown.message}`);
    }
  }
}

/** How long to wait before the same request is sent again; undefined if that is of no use. */
function waitOf({ status, retryAfterMs, message }: HttpRefusal): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  if (/quota|billing|credit/i.test(message)) return undefined;
  if (retryAfterMs !== undefined) return Math.max(retryAfterMs, 50);
  return status === 503 && /load|warming|starting/i.test(message) ? LOADING_MS : undefined;
}

/** The problem to log when a server refuses a part of the requests. */
export function refusedPart(engine: string, what: string): ParleyError {
  return new ParleyError(
    'ENGINE_REQUEST',
    `${engine} refuses a part of the request; Parley goes on with ${what}`,
  );
}
