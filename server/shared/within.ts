import type { Clock } from '../../machines/clock.ts';

/** What `work` resolves with; `otherwise` if it fails, or takes longer than `ms`. */
export function within<Result>(
  clock: Clock,
  ms: number,
  work: Promise<Result>,
  otherwise: Result,
): Promise<Result> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, () => resolve(otherwise));
    work
      .catch(() => otherwise)
      .then((result) => {
        timer.cancel();
        resolve(result);
      });
  });
}
