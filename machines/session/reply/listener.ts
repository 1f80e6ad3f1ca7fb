/**
 * The listener's position in the reply: the runner samples it at the time of each event, and the journal stores it
 * there.
 */
import type { Reply, SessionContext } from '../context.ts';

/** Times are ms since the session's start. Values that are not known yet are absent. */
export interface ListenerSample {
  readonly generation: number;
  /** Samples of the reply's audio sent to the client, including a filler in front of it. */
  readonly sent: number;
  /** Samples that the client has played, according to its reports or else to the pacing. */
  readonly played: number;
  /** Length of the segments' text in the played samples, in UTF-16 units. */
  readonly heard: number;
  /** True if `played` comes from the client's reports. */
  readonly acknowledged?: true;
  /** While a segment is synthesised: when its engine last gave audio, or was last blocked by backpressure. */
  readonly aliveAtMs?: number;
  /** The first audio of the reply itself was ready. */
  readonly firstAudioAtMs?: number;
  /** The first frame of a filler was sent. */
  readonly fillerAtMs?: number;
  /** The first frame of the reply itself was sent. */
  readonly playingAtMs?: number;
  /** The client played the reply's own first sample: calculated back from its first report. */
  readonly playedAtMs?: number;
}

/** True once a frame of the reply was sent, even if only of its filler; in a text-only session, once text was sent. */
export function isAudible({ input, listener, reply }: SessionContext): boolean {
  if (input.output === 'text') return (reply?.text ?? '') !== '';
  return listener !== null && listener.sent > 0;
}

/** Remaining wait for audio of the current segment; at most 0 if the engine gave none for `limitMs`. */
export function remainingTtsMs({ listener, nowMs }: SessionContext, limitMs: number): number {
  return limitMs - (nowMs - (listener?.aliveAtMs ?? nowMs));
}

/** The heard text of a reply that ends now. Text counts as heard when it was sent. */
export function heardOf(reply: Reply, { input, listener }: SessionContext, completed: boolean): string {
  const said = input.output === 'text' ? reply.text : reply.segments.join('');
  const whole = completed || input.output === 'text';
  return (whole ? said : said.slice(0, listener?.heard ?? 0)).trim();
}
