/** Configurable limits of the door. Those of the protocol itself are WIRE_LIMITS. */
export interface DoorLimits {
  /** Maximum number of sessions; the next one is refused with TOO_MANY. */
  readonly sessions: number;
  /** Maximum number of WebSockets that have not sent hello yet; the next one is refused with TOO_MANY. */
  readonly pendingConnections: number;
  /**
   * Maximum number of connections of one address, with and without a session; the next one is refused with TOO_MANY.
   */
  readonly connectionsPerAddress: number;
  /** A connection without traffic in either direction for this long is closed. */
  readonly idleMs: number;
  /** Average rate of text messages (and ignored or control messages) per second … */
  readonly messagesPerSecond: number;
  /** … after a burst of this many. */
  readonly messageBurst: number;
  /** Average rate of typed turns per second in a session; more are ignored with TOO_FAST … */
  readonly turnsPerSecond: number;
  /** … after a burst of this many. */
  readonly turnBurst: number;
  /** Timer lateness, in ms, above which new sessions and turns are refused with OVERLOADED. */
  readonly loopDelayMs: number;
  /** Waiting requests for one kind of engine above which new sessions and turns are refused with OVERLOADED. */
  readonly waitingRequests: number;
  /** A client that reads no pending data for this long is a slow reader, whatever the amount. */
  readonly unreadMs: number;
  /** Time without data to the client after which it is pinged. */
  readonly pingIntervalMs: number;
  /** Maximum lag of a client: a ping not answered for this long ends the connection. */
  readonly pongTimeoutMs: number;
  /** Time limit for opening a session, and for closing it before its slot is freed. */
  readonly openMs: number;
  /** Time limit for a closing handshake, and for the last messages of a session after `bye`. */
  readonly closeGraceMs: number;
  /** Time that live sessions get to finish when the server drains. */
  readonly drainGraceMs: number;
}

export const defaultDoorLimits: DoorLimits = {
  sessions: 500,
  pendingConnections: 200,
  connectionsPerAddress: 400,
  idleMs: 600_000,
  messagesPerSecond: 100,
  messageBurst: 500,
  turnsPerSecond: 1,
  turnBurst: 10,
  // Audio is sent at most 200 ms ahead. At a median of twice that, every reply stutters.
  loopDelayMs: 400,
  waitingRequests: 32,
  // With the 340 ms of audio before the first ping of a reply, 1.8 s of a stall: a roaming Wi-Fi client takes 1 s.
  unreadMs: 1_500,
  pingIntervalMs: 15_000,
  pongTimeoutMs: 10_000,
  openMs: 10_000,
  closeGraceMs: 1_000,
  drainGraceMs: 5_000,
};
