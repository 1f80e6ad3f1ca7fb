/** Counted since the start of the server, over all endpoints. */
export interface DoorCounters {
  sessionsOpened: number;
  /** Text messages, pings and ignored messages from clients. */
  messagesIn: number;
  audioMessagesIn: number;
  messagesOut: number;
  audioMessagesOut: number;
  /** Frames dropped because their generation was already flushed. */
  staleAudio: number;
  /** Voice stops that took effect in time. */
  stops: number;
  /** Longest time from a stop's arrival until it took effect, ms. */
  slowestStopMs: number;
  /** Stops that the session did not carry out in time, so that it was ended. */
  stopsFailed: number;
  /** Sessions refused because of overload or an outage. */
  sessionsRefused: number;
  /** Turns refused for the same reason, or because they arrived too fast. */
  turnsRefused: number;
  /** Requests and connections refused before an endpoint saw them, or by their path or subprotocol. */
  refused: number;
}

export interface DoorStats extends Readonly<DoorCounters> {
  /** Current client connections. */
  readonly connections: number;
  /** Current sessions, including those that are opening or closing. */
  readonly sessions: number;
  readonly draining: boolean;
  /** Count of each WebSocket close code. */
  readonly closes: Readonly<Record<number, number>>;
}

export function newCounters(): DoorCounters {
  return {
    sessionsOpened: 0,
    messagesIn: 0,
    audioMessagesIn: 0,
    messagesOut: 0,
    audioMessagesOut: 0,
    staleAudio: 0,
    stops: 0,
    slowestStopMs: 0,
    stopsFailed: 0,
    sessionsRefused: 0,
    turnsRefused: 0,
    refused: 0,
  };
}
