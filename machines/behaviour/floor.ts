import type { BehaviourRequest } from '../session/events.ts';
import type { Command, SessionContext } from '../session/model.ts';

/** What the task sees of its session and does to it. */
export interface Floor {
  readonly context: SessionContext;
  /** The conversation rests, with its client: a text may begin. */
  readonly isFree: boolean;
  /** A turn is offered. */
  readonly isOffering: boolean;
  readonly isStopped: boolean;
  readonly isAway: boolean;
  /** The session is over. */
  readonly isEnded: boolean;
  /** The user has the floor: no text may begin, not even an urgent one. */
  readonly isTaken: boolean;
  /** The commands of this step so far. */
  readonly commands: readonly Command[];
  /** Steps the conversation. */
  converse(request: BehaviourRequest): void;
  emit(command: Command): void;
  setTimer(id: string, delayMs: number): void;
  cancelTimer(id: string): void;
  cancelTimers(): void;
}
