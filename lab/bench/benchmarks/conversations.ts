import type { BusKind, LoadResult } from '../load/world.ts';
import { type BenchContext, startWorld } from './benchmark.ts';

/** Sessions start distributed over this time, about the length of a turn, so that they are out of phase. */
const RAMP_MS = 8_000;
const QUICK_RAMP_MS = 1_000;
/**
 * Up to this number of sessions, every second reply is interrupted, to get enough barge-ins; above it, some are, like
 * with real users.
 */
const FEW = 10;

/** One of this many replies is interrupted. */
export function interruptEvery(sessions: number): number {
  return sessions <= FEW ? 2 : 4;
}

/** Conversations of each size on one server, the smallest first, after a warm-up that compiles its code. */
export async function measureConversations(
  context: BenchContext,
  bus: BusKind,
): Promise<ReadonlyMap<number, LoadResult>> {
  const { quick, sessions, echoUnknown } = context.options;
  const client = echoUnknown ? 'native-echo-unknown' : 'native';
  const world = await startWorld(context, { bus });
  try {
    context.progress(`${bus}: warm-up`);
    if (!quick) await world.prepared();
    await world.load({
      ...{ does: 'talk', client },
      interruptEvery: 2,
      sessions: quick ? 2 : 10,
      rampMs: 0,
      measureMs: quick ? 2_500 : 8_000,
    });
    const results = new Map<number, LoadResult>();
    for (const size of [...sessions].sort((a, b) => a - b)) {
      context.progress(`${bus}: ${size} sessions in conversation`);
      results.set(
        size,
        await world.load({
          ...{ does: 'talk', client },
          interruptEvery: interruptEvery(size),
          sessions: size,
          rampMs: size === 1 ? 0 : quick ? QUICK_RAMP_MS : RAMP_MS,
          measureMs: measureMs(size, quick),
        }),
      );
    }
    return results;
  } finally {
    await world.stop();
  }
}

/** Fewer sessions make fewer turns, so they run longer. */
function measureMs(sessions: number, quick: boolean): number {
  if (quick) return sessions === 1 ? 8_000 : 5_000;
  return sessions === 1 ? 60_000 : 14_000;
}
