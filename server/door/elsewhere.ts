/** Where a session lives that is not in this process. */
export interface Owner {
  /** Its session endpoint: `ws:`, `wss:` or, on this machine, `ws+unix:`. */
  readonly url: string;
}

/**
 * Why a client could not be passed on:
 * - `unreachable`: the owner did not answer in time, left before it said anything, or cannot write to its store
 * - `slow`: it answers, and has not continued the session in time; it may have many to continue
 * - `unknown`: it answers, and does not have the session, or not for this client
 */
export type RelayFailure = 'unreachable' | 'slow' | 'unknown';

/** Sessions of other processes and servers. */
export interface Elsewhere {
  /**
   * Who runs a session. Undefined: no server does, or it cannot be found out, so that the client gets what this process can
   * offer: if it has taken the session over by then, `SessionHost.waitsFor` knows the proof. `failed`: why the owner that was
   * found last is of no use. Must resolve in a few seconds; never rejects.
   */
  find(wanted: {
    readonly session: string;
    readonly proof: string;
    readonly failed?: RelayFailure | undefined;
  }): Promise<Owner | undefined>;
}

/** {@link Elsewhere} for the session of one client. */
export type Seek = (failed?: RelayFailure) => Promise<Owner | undefined>;
