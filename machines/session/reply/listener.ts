/**
 * The listener's position in the reply: the runner samples it at the time of each event, and the journal stores it
 * there.
 */
import type { Reply, SessionContext } from '../model.ts';

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
