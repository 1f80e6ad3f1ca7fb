import type { OutputRate } from '../../machines/audio.ts';

/** What a new session needs to know; ids and rates are decided by the gateway. */
export interface SessionRequest {
  /** Unguessable, and one token of a bus subject. */
  readonly session: string;
  /** BCP 47, such as `en`. */
  readonly language: string;
  /** Of the speech engine; its own default if absent. */
  readonly voice?: string;
  /** Rate of the audio that the session publishes, in Hz. */
  readonly outputRate: OutputRate;
}

/** Why the gateway lets go of a session: the client said so, its socket went, or the server shuts down. */
export type SessionCloseReason = 'bye' | 'lost' | 'draining';

export interface OpenSession {
  /** Resolves when nothing of the session runs any more. Called once. */
  close(reason: SessionCloseReason): Promise<void>;
}

/**
 * Starts sessions, in this process or another. The gateway knows a session by its subjects only; it has
 * subscribed to them before it calls `open`.
 */
export interface SessionHost {
  /**
   * Resolves when the session listens on its subjects. A rejection with a ParleyError (TOO_MANY, DRAINING,
   * …) is told to the client under its code; anything else as INTERNAL.
   */
  open(request: SessionRequest): Promise<OpenSession>;
}
