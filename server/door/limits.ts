/** Limits of the door that a deployment may want to change. Those of the protocol itself are WIRE_LIMITS. */
export interface DoorLimits {
  /** Sessions at once; the next one is refused with TOO_MANY. */
  readonly sessions: number;
  /** WebSockets that have not said hello yet; the next one is refused with TOO_MANY. */
  readonly pendingConnections: number;
  /** Connections of one address at once, with and without a session; the next one is refused with TOO_MANY. */
  readonly connectionsPerAddress: number;
  /** A connection on which nothing went either way for this long is closed. */
  readonly idleMs: number;
  /** Text messages (and ignored or control messages) a second, in the long run … */
  readonly messagesPerSecond: number;
  /** … after a burst of this many. */
  readonly messageBurst: number;
  /** Typed turns of a session a second, in the long run; more are ignored with TOO_FAST … */
  readonly turnsPerSecond: number;
  /** … after a burst of this many. */
  readonly turnBurst: number;
  /** How late timers may come, in ms, before new sessions and turns are refused with OVERLOADED. */
  readonly loopDelayMs: number;
  /** Requests that may wait for one kind of engine before new sessions and turns are refused with OVERLOADED. */
  readonly waitingRequests: number;
  /** How long a client may read nothing of what was sent before it is a slow reader, however much that is. */
  readonly unreadMs: number;
  /** Silence on the way to the client after which it is pinged. */
  readonly pingIntervalMs: number;
  /** How far a client may be behind: a ping not answered for this long ends the connection. */
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
  connectionsPerAddress: 400,
  idleMs: 600_000,
  messagesPerSecond: 100,
  messageBurst: 500,
  turnsPerSecond: 1,
  turnBurst: 10,
  // Audio is sent at most 200 ms ahead: at twice that every reply stutters, and it is not a passing moment.
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
