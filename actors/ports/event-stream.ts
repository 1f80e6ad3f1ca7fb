import type { JsonObject } from '../../machines/json.ts';

/** The consumers of a server's events. Each has a stream of its own, `events.<role>`, and is a group: one member gets each event. */
export const STREAM_ROLES = ['ltm', 'analytics', 'plugins'] as const;
export type Role = (typeof STREAM_ROLES)[number];
/** Those that Parley works itself. The events of `plugins` are for workers of others. */
export const ROLES = ['ltm', 'analytics'] as const satisfies readonly Role[];
export type OwnRole = (typeof ROLES)[number];

/** Which role an event is for. */
export const ROLE_OF = {
  LtmWriteRequested: 'ltm',
  TurnEnded: 'analytics',
  PluginTurnEnded: 'plugins',
} as const satisfies Record<string, Role>;
export type EventType = keyof typeof ROLE_OF;

/** Maximum number of events that one process handles at once. */
export const IN_HAND: Readonly<Record<Role, number>> = { ltm: 8, analytics: 128, plugins: 128 };

/** What an event says, as JSON on the wire. */
export interface EventBody {
  /** `<session>#<turn>`. */
  readonly correlationId: string;
  readonly sessionId: string;
  readonly turn: number;
  readonly type: EventType;
  readonly payload: JsonObject;
  /** Wall-clock time, ISO 8601. */
  readonly ts: string;
}

/** An event of a session's turn. It may be delivered several times, and counts once by its id. */
export interface StreamEvent {
  readonly id: string;
  readonly body: EventBody;
}

/**
 * Handles an event. It resolves once what it wrote is durable; a rejection means another try. It gets an event again
 * after a crash, so it must write by the event's id.
 */
export type EventHandler = (event: StreamEvent) => Promise<void>;

/** An event that its consumer could not handle. */
export interface DeadLetter {
  readonly event: StreamEvent;
  /** Of the last try. */
  readonly error: string;
  readonly tries: number;
  /** Wall-clock time, ISO 8601. */
  readonly at: string;
}

export interface DeadLetters {
  /** The oldest first. */
  list(limit: number): Promise<readonly DeadLetter[]>;
  /** Gives the event to its consumer again. Returns false for an unknown id. */
  retry(id: string): Promise<boolean>;
  /** Returns false for an unknown id. */
  drop(id: string): Promise<boolean>;
}

/** The streams between the outbox and the consumers of its events. */
export interface EventStreams {
  /** Resolves when the event no longer needs the outbox. Rejects with STREAM_FAILED; it may have arrived then. */
  publish(event: StreamEvent): Promise<void>;
  /** Maximum number of a role's events that are published at once. */
  atOnce(role: Role): number;
  /** Joins the group of a role until closed; `close` waits for the events that are being handled. */
  consume(role: Role, handle: EventHandler): { close(): Promise<void> };
  /** Events whose consumer failed too often: `events.dead`. */
  readonly dead: DeadLetters;
  /** Erases the events of these sessions from all streams. */
  forget(sessions: readonly string[]): Promise<void>;
  /** Called whenever a lost broker is back. `mayHaveLost`: acknowledged events, as it was restarted and had the only copy. */
  onBack(listener: (mayHaveLost: boolean) => void): void;
  /** Whether the broker takes no events, because most brokers of its cluster are missing. */
  isStuck(): boolean;
  close(): Promise<void>;
}
