/** Which server runs a session. */
export interface Lease {
  /** Id of its process; never used again. */
  readonly server: string;
  /** Where clients and other servers reach it, such as `ws://10.0.0.2:7400`. */
  readonly url: string;
  /** Counts the servers of the session, from 1. */
  readonly epoch: number;
  /** A client that gives it may have the session. The secret itself does not follow from it. */
  readonly proof: string;
  /** Machine hash of the server: one with another cannot go on with the session. */
  readonly machine: string;
  /** Digest of the user, so that a user's sessions can be found. */
  readonly user?: string;
}

export interface LeaseEntry {
  readonly lease: Lease;
  /** Grows with each write of any lease. It is the fencing token. */
  readonly revision: number;
}

/**
 * Leases of sessions, common to all servers. Every call may reject with BUS_UNREACHABLE; a write may have arrived
 * nevertheless.
 */
export interface LeaseStore {
  /** Undefined if no server has the session. May be out of date: only a write says for sure. */
  read(session: string): Promise<LeaseEntry | undefined>;
  /**
   * Writes only if the lease is still at `revision` (0: there is none). Resolves with the new revision, or with undefined
   * if it is at another.
   */
  swap(session: string, lease: Lease, revision: number): Promise<number | undefined>;
  /** The sessions that have leases, for those who search among them. */
  all(): Promise<readonly string[]>;
  /** Deletes a lease at `revision`; another one stays. Resolves with whether it was at that. */
  release(session: string, revision: number): Promise<boolean>;
}
