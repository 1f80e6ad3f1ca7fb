import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { ActionReport, SessionMessage } from '../../machines/wire.ts';
import type { EngineWorld } from './engines.ts';
import { actionPlan, LONGER } from './plans.ts';

export interface HandOptions extends Pick<EngineWorld, 'faults' | 'random'> {
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly report: (id: string, report: ActionReport) => void;
}

/** A client that executes actions and reports their results: once and in time, except for faults. */
export class Hand {
  readonly #options: HandOptions;
  readonly #running = new Set<string>();
  readonly #timers: TimerHandle[] = [];

  constructor(options: HandOptions) {
    this.#options = options;
  }

  message(message: SessionMessage): void {
    if (message.type !== 'action' || message.status === 'progress' || message.runs) return;
    if (message.status === 'started') this.#start(message.id, message.name);
    else this.#running.delete(message.id);
  }

  /** The client has gone: nothing more is reported. */
  close(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  #later(afterMs: number, act: () => void): void {
    this.#timers.push(this.#options.clock.setTimer(afterMs, act));
  }

  #start(id: string, name: string): void {
    const { faults, random, report } = this.#options;
    const { afterMs, end } = actionPlan(faults, random, name);
    const late = faults.does('action.resultLate');
    const twice = faults.does('action.resultTwice');
    const result: ActionReport = {
      status: end === 'ACTION_FAILED' ? 'failed' : random.weighted({ done: 8, refused: 1 }),
      ...(random.chance(0.5) && { message: 'as planned', data: { afterMs } }),
    };
    const progresses = random.chance(0.3);
    this.#running.add(id);
    if (faults.does('action.resultUnknown')) report(`${id}-of-another`, result);
    if (end === 'hang') return;
    if (progresses)
      this.#later(afterMs / 2, () => {
        if (this.#running.has(id)) report(id, { status: 'progress' });
      });
    const finish = () => {
      if (this.#running.delete(id) || late) report(id, result);
    };
    this.#later(late ? afterMs + LATE_MS * (LONGER[name] ?? 1) : afterMs, finish);
    if (twice) this.#later(afterMs + random.ms(0, 500), () => report(id, result));
  }
}

/** Longer than the deadline of an action in the simulation. */
const LATE_MS = 6_000;
