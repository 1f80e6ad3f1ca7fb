import type { ActionPort } from '../../actors/ports/action.ts';
import type { SharedKey, SharedStore } from '../../actors/ports/shared-store.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Json } from '../../machines/json.ts';
import { within } from './within.ts';

/** How long a call waits for a result that is already known, ms. */
const WAIT_MS = 100;

/**
 * `port`, with the results of the tools in `cacheMs`, by name: how long a result counts for the same call, ms. Only
 * results of calls that this server makes are kept.
 */
export function cachedTools(
  port: ActionPort,
  { cacheMs, store, clock }: { cacheMs: Readonly<Record<string, number>>; store: SharedStore; clock: Clock },
): ActionPort {
  if (Object.keys(cacheMs).length === 0) return port;
  return {
    async run(request, signal) {
      const keptMs = cacheMs[request.name];
      if (keptMs === undefined || request.reported) return port.run(request, signal);
      const key: SharedKey = `tool_cache:${sha256(JSON.stringify([request.name, inOrder(request.args)]))}`;
      const known = await within(clock, WAIT_MS, store.get(key), undefined);
      if (known && !signal.aborted) return known.value;
      const result = await port.run(request, signal);
      store.put(key, result, keptMs).catch(() => {});
      return result;
    },
  };
}

/** The same value with the keys of its objects in order. */
function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, inOrder(one)]));
}
