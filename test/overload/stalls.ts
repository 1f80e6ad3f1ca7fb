import type { FrameArrival } from '../../server/client/voice-client.ts';

/** How the replies of some clients sounded. */
export interface Stalls {
  readonly replies: number;
  /** Replies that stopped sounding for a while because their audio had not come yet. */
  readonly stalled: number;
  /** All these silences together, and the longest, ms. */
  readonly stalledMs: number;
  readonly longestMs: number;
}

const FRAME_MS = 20;

export const NO_STALLS: Stalls = { replies: 0, stalled: 0, stalledMs: 0, longestMs: 0 };

/** What is heard of these frames by a client that plays from the first frame on, without a buffer of its own. */
export function stallsOf(frames: readonly FrameArrival[]): Stalls {
  const replies = new Map<number, FrameArrival[]>();
  for (const frame of frames)
    replies.set(frame.generation, [...(replies.get(frame.generation) ?? []), frame]);
  return [...replies.values()].map(stallsOfReply).reduce(together, NO_STALLS);
}

function stallsOfReply([first, ...rest]: readonly FrameArrival[]): Stalls {
  let startMs = first?.atMs ?? 0;
  const silences = rest.flatMap(({ atMs, seq }) => {
    const lateMs = atMs - (startMs + (seq - (first?.seq ?? 0)) * FRAME_MS);
    if (lateMs <= 0) return [];
    startMs += lateMs;
    return [lateMs];
  });
  const stalledMs = silences.reduce((sum, ms) => sum + ms, 0);
  return {
    replies: 1,
    stalled: silences.length > 0 ? 1 : 0,
    stalledMs,
    longestMs: Math.max(0, ...silences),
  };
}

export function together(one: Stalls, other: Stalls): Stalls {
  return {
    replies: one.replies + other.replies,
    stalled: one.stalled + other.stalled,
    stalledMs: one.stalledMs + other.stalledMs,
    longestMs: Math.max(one.longestMs, other.longestMs),
  };
}
