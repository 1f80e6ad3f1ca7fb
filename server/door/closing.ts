import type { Clock } from '../../machines/clock.ts';
import { errorRecord } from '../../machines/errors.ts';
import type { DoorLog } from './door.ts';
import type { OpenSession, SessionCloseReason } from './session-host.ts';

/** Closes a session; resolves when it has closed, or after `withinMs`. Never rejects. */
export function closed(
  { session, opened }: { readonly session: string; readonly opened: OpenSession },
  reason: SessionCloseReason,
  withinMs: number,
  { clock, log }: { readonly clock: Clock; readonly log: DoorLog },
): Promise<void> {
  return new Promise<void>((resolve) => {
    const timer = clock.setTimer(withinMs, () => {
      log.warn({ session }, 'a session did not close in time');
      resolve();
    });
    const settled = () => {
      timer.cancel();
      resolve();
    };
    Promise.resolve()
      .then(() => opened.close(reason))
      .then(settled, (error) => {
        log.warn({ session, ...errorRecord(error, 'INTERNAL') }, 'closing a session failed');
        settled();
      });
  });
}
