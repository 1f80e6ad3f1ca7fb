import type { Clock, TimerHandle } from '../../machines/clock.ts';
import type { PublicState } from '../../machines/wire.ts';
import type { UserAct, UserStep } from './script.ts';

/** Time that a session has to react to an act: before that, `idle` does not count. */
const NOTICE_MS = 50;
/** Silence after the user's own words before `idle` counts. */
const AFTER_SPEECH_MS = 400;

/** A simulated user: follows a script and waits for what the session shows. */
export class User {
  readonly #clock: Clock;
  readonly #steps: readonly UserStep[];
  readonly #act: (act: UserAct, step: number) => void;
  readonly #onDone: () => void;
  #state: PublicState = 'idle';
  #next = 0;
  #waiting: UserStep | undefined;
  #timer: TimerHandle | undefined;
  #quietUntilMs = 0;

  constructor(
    clock: Clock,
    steps: readonly UserStep[],
    act: (act: UserAct, step: number) => void,
    onDone: () => void,
  ) {
    this.#clock = clock;
    this.#steps = steps;
    this.#act = act;
    this.#onDone = onDone;
  }

  start(): void {
    this.#take();
  }

  /** Notifies the user of the session's messages. */
  sees(state: PublicState): void {
    this.#state = state;
    if (this.#waiting) this.#tryGo(this.#waiting);
  }

  #take(): void {
    const step = this.#steps[this.#next++];
    if (!step) {
      this.#onDone();
      return;
    }
    this.#waiting = step;
    this.#timer = this.#clock.setTimer(step.atMostMs, () => this.#go(step));
    this.#tryGo(step);
  }

  #tryGo(step: UserStep): void {
    if (step.waitFor === 'anything' || (step.waitFor === this.#state && step.waitFor !== 'idle'))
      this.#go(step);
    else if (step.waitFor === this.#state) {
      const leftMs = this.#quietUntilMs - this.#clock.nowMs();
      if (leftMs <= 0) this.#go(step);
      else this.#lookAgain(step, leftMs);
    }
  }

  #looking: TimerHandle | undefined;
  #lookAgain(step: UserStep, afterMs: number): void {
    this.#looking?.cancel();
    this.#looking = this.#clock.setTimer(afterMs, () => {
      if (this.#waiting === step) this.#tryGo(step);
    });
  }

  #go(step: UserStep): void {
    this.#waiting = undefined;
    this.#timer?.cancel();
    this.#looking?.cancel();
    this.#clock.setTimer(step.thenMs, () => {
      const lastsMs = lasts(step.act);
      this.#quietUntilMs = this.#clock.nowMs() + (lastsMs === 0 ? NOTICE_MS : lastsMs + AFTER_SPEECH_MS);
      this.#act(step.act, step.id);
      this.#take();
    });
  }
}

function lasts(act: UserAct): number {
  if (act.type === 'speak') return act.durationMs + act.pauseMs;
  return act.type === 'mumble' ? act.durationMs : 0;
}

/** One stretch of sound from a user, in ms from the beginning of the act; `text` is empty if it has no words. */
export interface Voiced {
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
}

export function voiced(act: UserAct & { type: 'speak' | 'mumble' }): readonly Voiced[] {
  if (act.type === 'mumble') return [{ fromMs: 0, toMs: act.durationMs, text: '' }];
  const { durationMs, pauseMs, text } = act;
  if (pauseMs === 0) return [{ fromMs: 0, toMs: durationMs, text }];
  const half = Math.round(durationMs / 2);
  const words = text.split(' ');
  const middle = Math.ceil(words.length / 2);
  return [
    { fromMs: 0, toMs: half, text: words.slice(0, middle).join(' ') },
    { fromMs: half + pauseMs, toMs: durationMs + pauseMs, text: words.slice(middle).join(' ') },
  ];
}

/** Samples that a client reports as played: the truth (`lie` 1), less, or far more than possible. */
export function claim(truth: number, lie: number): number {
  return lie > 1 ? Math.floor(truth * lie) + 1_000_000 : Math.floor(truth * lie);
}
