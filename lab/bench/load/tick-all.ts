import { FRAME_MS } from '../../../machines/audio.ts';
import { monotonicMs } from './monotonic.ts';
import type { User } from './user.ts';

/** Sends the 20 ms frames of all clients, spread evenly over the 20 ms. Resolves with the lateness of each, in ms. */
export function tickAll(
  users: readonly User[],
  startMs: number,
  endMs: number,
  stopped: () => boolean,
): Promise<Float64Array<ArrayBuffer>> {
  const lateness: number[] = [];
  const spacingMs = FRAME_MS / users.length;
  let sent = 0;
  return new Promise((resolve) => {
    const sendDue = () => {
      for (;;) {
        const nowMs = monotonicMs();
        if (nowMs >= endMs || stopped()) return resolve(Float64Array.from(lateness));
        const dueMs = startMs + sent * spacingMs;
        if (dueMs > nowMs) {
          setTimeout(sendDue, dueMs - nowMs);
          return;
        }
        users[sent % users.length]?.tick(nowMs);
        lateness.push(nowMs - dueMs);
        sent += 1;
      }
    };
    sendDue();
  });
}
