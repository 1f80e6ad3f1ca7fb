import type { DeadLetter, EventType, StreamEvent } from './event-stream.ts';
import type { TurnRecord } from './store.ts';

/** Events that wait. */
export interface Backlog {
  readonly events: number;
  /** Age of the oldest one, ms; 0 if there is none. */
  readonly ageMs: number;
}

/** Events stored together with the turn that caused them, until a stream has them. */
export interface OutboxStore {
  /** Saves a turn and its events in one transaction. Rejects like `Store.saveTurn`. */
  saveTurn(turn: TurnRecord, events: readonly StreamEvent[]): Promise<void>;
  /** The oldest events that wait, of these types: first those that were never delivered. */
  waiting(types: readonly EventType[], limit: number): Promise<readonly StreamEvent[]>;
  delivered(ids: readonly string[]): Promise<void>;
  backlog(): Promise<Backlog>;
  /** Makes events wait again that were delivered during the last `ms`. Returns their number. */
  again(ms: number): Promise<number>;
  /** Deletes events that were delivered longer ago than `ms`. */
  prune(ms: number): Promise<void>;
  /** Dead letters of consumers in this process. */
  bury(letter: DeadLetter): Promise<void>;
  buried(limit: number): Promise<readonly DeadLetter[]>;
  /** Removes a dead letter; with `again` its event waits in the outbox again. Returns false for an unknown id. */
  exhume(id: string, again: boolean): Promise<boolean>;
}
