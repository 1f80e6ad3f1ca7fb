import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ERRORS, type ErrorCode, type ErrorRecord } from '../../machines/errors.ts';
import type { ChildMessage } from '../../machines/session/commands.ts';
import type { SessionEvent } from '../../machines/session/events.ts';
import type { Faults } from './faults.ts';
import type { ModelDraft } from './model-children.ts';
import type { Plan } from './plans.ts';
import type { Random } from './random.ts';
import type { Voiced } from './user.ts';

export interface ModelScope {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly random: Random;
  readonly rate: number;
  /** What the user has said so far, in ms of the session. */
  readonly spoken: readonly Voiced[];
  readonly nowMs: () => number;
  /** Counts replies, for the ids of their actions. */
  readonly nextReply: () => number;
  readonly frame: (seq: number, samples: number) => void;
  readonly track: ModelTrack;
  /** What the reply takes over; undefined if it was not prepared. */
  readonly draft?: ModelDraft;
}

/** The audio of one reply. */
export class ModelTrack {
  written = 0;
  ended = false;
  onWrite: () => void = () => {};
}

export abstract class ModelChild {
  protected readonly scope: ModelScope;
  readonly #tell: (event: SessionEvent) => void;
  /** True for one that goes on after it was stopped. */
  protected late = false;
  protected stopped = false;

  constructor(scope: ModelScope, tell: (event: SessionEvent) => void) {
    this.scope = scope;
    this.#tell = tell;
  }

  abstract start(): void;
  take(_message: ChildMessage): void {}

  stop(): void {
    this.stopped = true;
  }

  protected tell(event: SessionEvent): void {
    this.#tell(event);
  }

  protected after(ms: number, then: () => void): TimerHandle {
    return this.scope.clock.setTimer(ms, () => {
      if (!this.stopped || this.late) then();
    });
  }

  /** Goes through a plan; `onEnd` when it ends by itself. */
  protected follow<Event>(
    plan: Plan<Event>,
    onEvent: (event: Event) => void,
    onEnd: (error: ErrorRecord | null) => void,
  ): void {
    this.late = plan.late;
    const next = (index: number) => {
      const step = plan.steps[index];
      if (step) {
        this.after(step.afterMs, () => {
          onEvent(step.event);
          if (!this.stopped || this.late) next(index + 1);
        });
      } else if (plan.end !== 'hang') {
        const { end } = plan;
        this.after(plan.endMs, () => onEnd(end === 'done' ? null : errorOf(end)));
      }
    };
    next(0);
  }
}

export function errorOf(code: ErrorCode): ErrorRecord {
  return { code, message: ERRORS[code].message };
}
