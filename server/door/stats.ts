import type { ParleyError } from '../../machines/errors.ts';

/** Counted since the start of the server, over all endpoints. */
export class DoorCounters {
  sessionsOpened = 0;
  /** The same by the name of the endpoint. */
  readonly openedAt: Record<string, number> = {};
  /** Text messages, pings and ignored messages from clients. */
  messagesIn = 0;
  audioMessagesIn = 0;
  messagesOut = 0;
  audioMessagesOut = 0;
  /** Frames dropped because their generation was already flushed. */
  staleAudio = 0;
  /** Voice stops that took effect in time. */
  stops = 0;
  /** Longest time from a stop's arrival until it took effect, ms. */
  slowestStopMs = 0;
  /** Stops that the session did not carry out in time, so that it was ended. */
  stopsFailed = 0;
  /** Sessions refused because of overload, an outage, a limit or a quota. */
  sessionsRefused = 0;
  /** Typed turns refused for the same reason, or because they arrived too fast. */
  turnsRefused = 0;
  /** Requests and connections refused before an endpoint saw them, or by their path or subprotocol. */
  refused = 0;

  /** A session has opened at the endpoint of this name. */
  opened(endpoint: string): void {
    this.sessionsOpened += 1;
    this.openedAt[endpoint] = (this.openedAt[endpoint] ?? 0) + 1;
  }

  /** A session was refused for this reason, which is returned. */
  turnedAway(refusal: ParleyError): ParleyError {
    this.sessionsRefused += 1;
    return refusal;
  }
}

export interface DoorStats extends Readonly<Omit<DoorCounters, 'opened' | 'turnedAway'>> {
  /** Current client connections. */
  readonly connections: number;
  /** Current sessions, including those that are opening or closing. */
  readonly sessions: number;
  readonly draining: boolean;
  /** Count of each WebSocket close code. */
  readonly closes: Readonly<Record<number, number>>;
}
