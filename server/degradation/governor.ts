import type { Economy } from '../../actors/ports/economy.ts';
import type { Clock, TimerHandle } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Gate } from '../door/admission.ts';
import type { DoorLog } from '../door/door.ts';
import { degraded, FROM_LEVEL, LEVELS, NOT_DEGRADED } from './levels.ts';
import type { Load } from './meter.ts';
import type { Newcomers } from './newcomers.ts';
import type { OverloadOptions } from './options.ts';

/** Time between two measurements, ms. */
const LOOK_MS = 500;
/** Gather time of the speech detector in an overload, ms: the length of a window, so that one run takes one of each voice. */
const LARGE_BATCH_MS = 32;

export interface GovernorOptions {
  readonly clock: Clock;
  readonly meter: () => Load;
  readonly limits: OverloadOptions;
  /** Learns from each measurement how many more sessions may begin. */
  readonly newcomers?: Pick<Newcomers, 'note'>;
  readonly log: DoorLog;
}

/** What a governor has done, for metrics. */
export interface GovernorStats {
  readonly level: number;
  /** Steps so far, by direction. */
  readonly steps: { readonly worse: number; readonly better: number };
}

/** Measures the load of this process, and publishes what its sessions do without. */
export class Governor implements Economy {
  readonly #options: GovernorOptions;
  #state = NOT_DEGRADED;
  #pressure = 0;
  #why = '';
  readonly #steps = { worse: 0, better: 0 };
  #sessions: () => number = () => 0;
  #timer: TimerHandle | undefined;

  constructor(options: GovernorOptions) {
    this.#options = options;
  }

  /** Begins to measure. Without sessions nothing is too much: what loads a process then is its own start. */
  start(sessions: () => number): void {
    this.#sessions = sessions;
    this.#options.meter();
    this.#lookLater();
  }

  get speculates(): boolean {
    return this.#state.level < FROM_LEVEL.speculation;
  }

  get partials(): boolean {
    return this.#state.level < FROM_LEVEL.partials;
  }

  /** Minimum time between two runs of the speech detector, ms. */
  get gatherMs(): number {
    return this.#state.level < FROM_LEVEL.smallBatches ? 0 : LARGE_BATCH_MS;
  }

  /** A gate of the door: no new sessions while this is the last thing left to do without. */
  readonly gate: Gate = (what) =>
    what === 'session' && this.#refuses ? new ParleyError('OVERLOADED', this.#why) : undefined;

  /** How much of what the process can bear it has to do: from 1 on it admits no sessions. */
  get load(): number {
    return this.#refuses ? Math.max(1, this.#pressure) : Math.min(0.99, this.#pressure);
  }

  get degraded(): boolean {
    return this.#state.level > 0;
  }

  stats(): GovernorStats {
    return { level: this.#state.level, steps: { ...this.#steps } };
  }

  close(): void {
    this.#timer?.cancel();
  }

  get #refuses(): boolean {
    return this.#state.level >= FROM_LEVEL.newSessions;
  }

  #lookLater(): void {
    this.#timer = this.#options.clock.setTimer(LOOK_MS, () => {
      this.#lookLater();
      this.#look();
    });
  }

  #look(): void {
    const { clock, meter, limits } = this.#options;
    const load = meter();
    const [most] = measures(load, limits).sort((a, b) => b.pressure - a.pressure);
    this.#pressure = this.#sessions() === 0 ? 0 : (most?.pressure ?? 0);
    this.#why = most?.text ?? '';
    this.#options.newcomers?.note(this.#pressure, LOOK_MS);
    const { level } = this.#state;
    this.#state = degraded(this.#state, this.#pressure, clock.nowMs(), limits);
    if (this.#state.level !== level) this.#changed(level);
  }

  #changed(before: number): void {
    const { log } = this.#options;
    const { level } = this.#state;
    const fields = { degradation: level, sessions: this.#sessions() };
    if (level > before) {
      this.#steps.worse += 1;
      log.warn(fields, `overload: from now on without ${LEVELS[level]}, because ${this.#why}`);
    } else {
      this.#steps.better += 1;
      log.info(fields, `overload: from now on with ${LEVELS[before]} again; ${this.#why}`);
    }
  }
}

function measures(load: Load, limits: OverloadOptions) {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return [
    {
      pressure: load.loopDelayMs / limits.loopDelayMs,
      text: `timers fire ${Math.round(load.loopDelayMs)} ms late`,
    },
    {
      pressure: (load.loop * 100) / limits.loopPercent,
      text: `the event loop is ${percent(load.loop)} busy`,
    },
    {
      pressure: (load.cpu * 100) / limits.cpuPercent,
      text: `its threads take ${percent(load.cpu)} of its cores`,
    },
  ];
}
