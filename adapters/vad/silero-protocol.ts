import { z } from 'zod';
import { WINDOW } from './speech-model.ts';

/** Start data of the thread: the model and the shared memory. */
export const threadDataSchema = z.object({
  modelPath: z.string(),
  maxRows: z.int().min(1),
  /** Shared by both sides; see `exchangeOf`. */
  memory: z.instanceof(SharedArrayBuffer),
  /** Shared by both sides; see `NativeGuard`. */
  guard: z.instanceof(SharedArrayBuffer),
});
export type ThreadData = z.infer<typeof threadDataSchema>;

const id = z.int();

/** `judge` requests verdicts on the first `rows` rows of the exchange; `ended` are lanes that have ended. `close` asks the thread to end itself.
 */
export const toThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('judge'), id, rows: z.int().min(1), ended: z.array(z.int()) }),
  z.object({ type: z.literal('close') }),
]);
export type ToThread = z.infer<typeof toThreadSchema>;

/** `done` (the verdicts are in the exchange) or `failed` answers every request. First comes `ready`, or `unusable` and the end of the thread. */
export const fromThreadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('unusable'), message: z.string() }),
  z.object({ type: z.literal('done'), id }),
  z.object({ type: z.literal('failed'), id, message: z.string() }),
]);
export type FromThread = z.infer<typeof fromThreadSchema>;

/** The shared memory. From a request until its answer it belongs to the thread, otherwise to the requester. */
export interface Exchange {
  readonly lanes: Uint32Array;
  /** One view of `WINDOW` samples for each row. */
  readonly windows: readonly Int16Array[];
  readonly verdicts: Float32Array;
  /** How many samples of each view are a row's. */
  readonly lengths: Uint32Array;
}

const LANE = Uint32Array.BYTES_PER_ELEMENT;
const VERDICT = Float32Array.BYTES_PER_ELEMENT;
const WINDOW_BYTES = WINDOW * Int16Array.BYTES_PER_ELEMENT;
const LENGTH = Uint32Array.BYTES_PER_ELEMENT;

/** Memory for runs of up to `maxRows` rows: 1 036 bytes a row. */
export function newExchangeMemory(maxRows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(maxRows * (LANE + VERDICT + WINDOW_BYTES + LENGTH));
}

export function exchangeOf(memory: SharedArrayBuffer, maxRows: number): Exchange {
  const windowsAt = maxRows * (LANE + VERDICT);
  return {
    lanes: new Uint32Array(memory, 0, maxRows),
    verdicts: new Float32Array(memory, maxRows * LANE, maxRows),
    windows: Array.from(
      { length: maxRows },
      (_, row) => new Int16Array(memory, windowsAt + row * WINDOW_BYTES, WINDOW),
    ),
    lengths: new Uint32Array(memory, windowsAt + maxRows * WINDOW_BYTES, maxRows),
  };
}
