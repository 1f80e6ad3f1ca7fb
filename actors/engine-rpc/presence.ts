import { ParleyError } from '../../machines/errors.ts';
import type { Bus } from '../ports/bus.ts';
import { type EngineKind, subjects } from '../subjects.ts';
import { NO_PAYLOAD } from './protocol.ts';

/** Header `type` of a presence request. Any answer means that a worker is there. */
export const PING = 'ping';

/**
 * Whether a worker that serves the engine answers within `timeoutMs`. Rejects with the bus's error when the bus is
 * closed.
 */
export async function hasWorker(
  bus: Bus,
  kind: EngineKind,
  name: string,
  timeoutMs: number,
): Promise<boolean> {
  try {
    await bus.request(subjects.work(kind, name), NO_PAYLOAD, { timeoutMs, headers: { type: PING } });
    return true;
  } catch (error) {
    const absent = error instanceof ParleyError && /^BUS_(NO_RESPONDERS|TIMEOUT)$/.test(error.code);
    if (absent) return false;
    throw error;
  }
}
