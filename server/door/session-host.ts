import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { OutputRate } from '../../machines/audio.ts';
import type { SessionMessage } from '../../machines/wire.ts';

/** What a new session needs to know. */
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

/** Why the door closes a session: the client said so, its connection went, or the server shuts down. */
export type SessionCloseReason = 'bye' | 'lost' | 'draining';

/**
 * Where a session sends what its client gets, in order. Called from inside the session's step: it must not block, and what
 * it throws does not reach the session.
 */
export interface SessionListener {
  message(message: SessionMessage): void;
  /** One frame of PCM16LE at the output rate; never written again. */
  audio(generation: number, seq: number, pcm: Uint8Array): void;
}

/** A session as the door holds it: called directly, so that control needs neither a bus nor a queue. */
export interface OpenSession {
  /** When this returns from a stop, the session is in `stopped` and the listener has its messages. */
  command(command: ClientCommand): void;
  /** PCM16LE at the pipeline rate; `sample` counts from the session's first. */
  audio(pcm: Uint8Array, sample: number): void;
  /** Resolves when nothing of the session runs any more. Called once. */
  close(reason: SessionCloseReason): Promise<void>;
}

/** Starts sessions in this process. */
export interface SessionHost {
  /**
   * Resolves when the session takes commands; the listener may be called before. A rejection with a ParleyError
   * (TOO_MANY, DRAINING, …) reaches the client under its code; anything else as INTERNAL.
   */
  open(request: SessionRequest, listener: SessionListener): Promise<OpenSession>;
}
