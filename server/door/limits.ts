/** Limits of the door that a deployment may want to change. Those of the protocol itself are WIRE_LIMITS. */
export interface DoorLimits {
  /** Sessions at once; the next one is refused with TOO_MANY. */
  readonly sessions: number;
  /** WebSockets that have not said hello yet; the next one is refused with TOO_MANY. */
  readonly pendingConnections: number;
  /** A connection on which nothing went either way for this long is closed. */
  readonly idleMs: number;
  /** Text messages (and ignored or control messages) a second, in the long run … */
  readonly messagesPerSecond: number;
  /** … after a burst of this many. */
  readonly messageBurst: number;
  /** Audio sent and not yet read by the client, beyond which it is a slow reader. */
  readonly unreadMs: number;
  /** Silence on the way to the client after which it is pinged. */
  readonly pingIntervalMs: number;
  /** A ping not answered for this long means that nobody reads. */
  readonly pongTimeoutMs: number;
  /** How long a session may take to open, and to close before its place is given to another. */
  readonly openMs: number;
  /** How long a closing handshake, and the last words of a session after `bye`, may take. */
  readonly closeGraceMs: number;
  /** How long live sessions may go on once the server drains. */
  readonly drainGraceMs: number;
}

export const defaultDoorLimits: DoorLimits = {
  sessions: 500,
  pendingConnections: 200,
  idleMs: 600_000,
  messagesPerSecond: 100,
  messageBurst: 500,
  unreadMs: 1_000,
  pingIntervalMs: 15_000,
  pongTimeoutMs: 10_000,
  openMs: 10_000,
  closeGraceMs: 1_000,
  drainGraceMs: 5_000,
};
