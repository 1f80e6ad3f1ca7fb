import type { BusKind, LoadResult } from '../load/world.ts';
import { type BenchContext, startWorld } from './benchmark.ts';

/** The sessions begin over this time: about as long as a turn, so that they are not all at the same point of one. */
const RAMP_MS = 8_000;
const QUICK_RAMP_MS = 1_000;
/** Up to so many sessions interrupt every second reply, so that there are barge-ins to be measured; more do so now and then, as people do. */
const FEW = 10;

/** Of so many replies one is interrupted. */
export function interruptEvery(sessions: number): number {
  return sessions <= FEW ? 2 : 4;
}

/** Conversations of each size on one server, the smallest first, after a warm-up that compiles its code. */
export async function measureConversations(
  context: BenchContext,
  bus: BusKind,
): Promise<ReadonlyMap<number, LoadResult>> {
  const { quick, sessions } = context.options;
  const world = await startWorld(context, { bus });
  try {
    context.progress(`${bus}: warm-up`);
    await world.load({
      does: 'talk',
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
          does: 'talk',
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

/** Few sessions make few turns, so they get more time. */
function measureMs(sessions: number, quick: boolean): number {
  if (quick) return sessions === 1 ? 8_000 : 5_000;
  return sessions === 1 ? 60_000 : 14_000;
}
