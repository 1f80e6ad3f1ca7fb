import type { z } from 'zod';
import { constant, count, group, ms } from '../../machines/options.ts';

/** Configurable limits of the door. Those of the protocol itself are WIRE_LIMITS. */
export const doorLimits = group({
  sessions: count(500, 'Maximum number of sessions; further ones are refused with TOO_MANY.'),
  pendingConnections: count(200, 'Maximum number of connections that have not sent hello yet.'),
  connectionsPerAddress: count(
    400,
    'Maximum number of connections from one address. Behind a proxy all clients have the address of the proxy, unless it is one of `trustedProxies`.',
  ),
  sessionsPerUser: count(
    0,
    'Maximum number of sessions at once of one user, of the holder of one JSON Web Token, or of the network address of a client that is neither; further ones are refused with QUOTA_EXCEEDED. 0 for no limit. Each process counts its own; the holder of the server’s token counts as the user that it names. Behind a proxy see `trustedProxies`.',
    0,
  ),
  turnsPerMinutePerUser: count(
    0,
    'Turns of theirs that may begin within a minute, typed or spoken; an utterance counts even if nothing is understood. 0 for no limit.',
    0,
  ),
  idleMs: ms(600_000, 'A connection without traffic in either direction for this long is closed.'),
  messagesPerSecond: count(100, 'Text messages per second that one client may send, on average.'),
  messageBurst: count(500, 'Text messages that one client may send at once.'),
  turnsPerSecond: count(1, 'Typed turns per second in one session, on average.'),
  // A user who pastes a few lines is not refused.
  turnBurst: count(10, 'Typed turns that one session accepts at once.'),
  // Audio is sent at most 200 ms ahead. At a median of twice that, every reply stutters.
  loopDelayMs: ms(400, 'Timer lateness above which new sessions and turns are refused with OVERLOADED.'),
  waitingRequests: count(
    32,
    'Number of requests waiting for one kind of engine above which new sessions and turns are refused with OVERLOADED; at most as many turns begin within a second. Raise it for engines that answer many requests in parallel.',
  ),
  newSessions: count(
    32,
    'Most sessions that may begin within 8 s, the time in which their load shows; more are refused with OVERLOADED. A process begins with a quarter of them.',
  ),
  replyChars: constant(
    count(
      5_000,
      'Longest reply of a language engine, in UTF-16 units, which is about five minutes of English speech. A longer one ends there, and its request is closed.',
    ),
  ),
  // With the 340 ms of audio before the first ping of a reply, 1.8 s of a stall: a roaming Wi-Fi client takes 1 s.
  unreadMs: constant(ms(1_500, 'A client that reads no pending data for this long counts as a slow reader.')),
  // Half of the 30 s after which common proxies close a silent connection.
  pingIntervalMs: constant(ms(15_000, 'Maximum time between two pings of a client.')),
  // Longer than a roaming Wi-Fi client is away.
  pongTimeoutMs: constant(
    ms(10_000, 'A ping not answered for this long ends the connection: the client is too far behind.'),
  ),
  awayMs: ms(
    30_000,
    'Time that a session waits for its client after a lost connection, if the client asks for it; 0 for none.',
  ),
  // The start of an engine's process fits into it.
  openMs: constant(ms(10_000, 'Time limit for opening a session.')),
  // One round trip over any network that a conversation bears.
  closeGraceMs: constant(ms(1_000, 'Time limit for a closing handshake.')),
  // The longest replies, and the silence after them, end within a minute.
  rollGraceMs: constant(
    ms(
      60_000,
      'Time that the sessions of a process get to come to rest when another process replaces it; see docs/how-to/scale.md.',
    ),
  ),
  drainGraceMs: ms(5_000, 'Time that live sessions get to finish when the server shuts down.'),
});

export type DoorLimits = Readonly<z.output<typeof doorLimits>>;

export const defaultDoorLimits: DoorLimits = doorLimits.parse({});
