/** Where the listener is in the reply: the runner samples it at the time of each event, and the journal keeps it there. */
import type { Reply, SessionContext } from './context.ts';

/** Times are ms since the session's start. What has not happened yet is absent. */
export interface ListenerSample {
  readonly generation: number;
  /** Samples of the reply's audio that have left for the client, a filler in front of it included. */
  readonly sent: number;
  /** Of these, those that the client has played: by its own reports, or else by the pacing. */
  readonly played: number;
  /** How much of the segments' text these have said, in UTF-16 units. */
  readonly heard: number;
  /** True if `played` is what the client has reported. */
  readonly acknowledged?: true;
  /** While a segment is synthesised: when its engine last gave audio, or was last kept waiting by us. */
  readonly aliveAtMs?: number;
  /** The first audio of the reply itself was there. */
  readonly firstAudioAtMs?: number;
  /** The first frame of a filler left. */
  readonly fillerAtMs?: number;
  /** The first frame of the reply itself left. */
  readonly playingAtMs?: number;
  /** The client played the reply's own first sample: calculated back from its first report. */
  readonly playedAtMs?: number;
}

/** True once a frame of the reply has left, even if only of its filler. */
export function isAudible({ listener }: SessionContext): boolean {
  return listener !== null && listener.sent > 0;
}

/** Remaining wait for audio of the segment at work; at most 0 if the engine has given none for `limitMs`. */
export function remainingTtsMs({ listener, nowMs }: SessionContext, limitMs: number): number {
  return limitMs - (nowMs - (listener?.aliveAtMs ?? nowMs));
}

/** The text that was heard of a reply that ends now. */
export function heardOf(reply: Reply, { listener }: SessionContext): string {
  return reply.segments
    .join('')
    .slice(0, listener?.heard ?? 0)
    .trim();
}
