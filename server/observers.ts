import type { LogEntry } from '../machines/log.ts';
import type { OpenSession, SessionHost, SessionRequest } from './door/session-host.ts';

/** Observes the sessions of a process: metrics, the inspector, logs. Callbacks must not throw or block. */
export interface SessionObserver {
  /** A session is about to open. `onClosed` follows, even if opening fails. */
  onOpening?(request: SessionRequest): void;
  onOpened?(session: string, handle: OpenSession): void;
  /** The session has ended completely. */
  onClosed?(session: string): void;
  /** Each entry of the ordered log. */
  onLog?(session: string, entry: LogEntry): void;
}

/** `host`, with all observers notified of each session. */
export function observedHost(host: SessionHost, observers: readonly SessionObserver[]): SessionHost {
  return {
    ...host,
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

/** One log listener for all observers that have one. */
export function logTo(observers: readonly SessionObserver[]): (session: string, entry: LogEntry) => void {
  const wanted = observers.filter(({ onLog }) => onLog !== undefined);
  return (session, entry) => {
    for (const observer of wanted) observer.onLog?.(session, entry);
  };
}
