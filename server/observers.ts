import type { LogEntry } from '../machines/log.ts';
import type { OpenSession, SessionHost, SessionRequest } from './door/session-host.ts';

/** Watches the sessions of a process: metrics, the inspector, logs. Nothing here may throw or block. */
export interface SessionObserver {
  /** A session is about to open. `onClosed` follows, even if it does not open. */
  onOpening?(request: SessionRequest): void;
  onOpened?(session: string, handle: OpenSession): void;
  /** Nothing of it runs any more. */
  onClosed?(session: string): void;
  /** Each entry of the ordered log. */
  onLog?(session: string, entry: LogEntry): void;
}

/** `host`, with all observers notified of each session. */
export function observedHost(host: SessionHost, observers: readonly SessionObserver[]): SessionHost {
  return {
    async open(request, listener) {
      const { session } = request;
      const closed = () => {
        for (const observer of observers) observer.onClosed?.(session);
      };
      for (const observer of observers) observer.onOpening?.(request);
      let handle: OpenSession;
      try {
        handle = await host.open(request, listener);
      } catch (error) {
        closed();
        throw error;
      }
      for (const observer of observers) observer.onOpened?.(session, handle);
      return { ...handle, close: (reason) => handle.close(reason).finally(closed) };
    },
  };
}

/** One listener for all observers that want the log. */
export function logTo(observers: readonly SessionObserver[]): (session: string, entry: LogEntry) => void {
  const wanted = observers.filter(({ onLog }) => onLog !== undefined);
  return (session, entry) => {
    for (const observer of wanted) observer.onLog?.(session, entry);
  };
}
