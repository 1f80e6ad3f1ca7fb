import type { StateValue } from 'xstate';
import type { Json } from './json.ts';
import type { Command, SpawnCommand } from './session/commands.ts';
import type { SessionContext, SessionInput } from './session/context.ts';
import type { MachineEvent } from './session/effects.ts';
import { CHILD_KINDS, type ChildKind, type SessionEvent } from './session/events.ts';
import type { SessionMachine } from './session/machine.ts';
import type { EffectSink, Stepper, StepperState } from './stepper/stepper.ts';
import { stepperOf } from './stepper/stepper-of.ts';
import type { PublicState } from './wire.ts';

/** A delay of the chart that has run out. Firing it is an event like any other. */
export interface TimerEvent {
  readonly type: `xstate.after.${string}`;
}

export type KernelEvent = SessionEvent | TimerEvent;

/** What one event did. */
export interface Step {
  /** Counts the events of the session from 1; 0 is the start. */
  readonly seq: number;
  readonly atMs: number;
  readonly commands: readonly Command[];
}

interface Timer {
  readonly id: string;
  readonly dueMs: number;
  readonly order: number;
  readonly event: TimerEvent;
}

/**
 * One session's machine, stepped as XState's own pure transition does: an event in, commands out, nothing done. Time is
 * the time of the event in hand; delays wait in a queue ordered by (time, sequence) that the caller empties.
 */
export class SessionKernel {
  readonly #stepper: Stepper;
  readonly #sink: EffectSink;
  #at: StepperState;
  #commands: Command[] = [];
  #seq = 0;
  #order = 0;
  #atMs = 0;
  #timers: Timer[] = [];

  /** `initial` holds the commands of the start itself. */
  readonly initial: Step;

  /** `stepper`: how the machine is stepped. */
  constructor(machine: SessionMachine, input: SessionInput, stepper: Stepper = stepperOf(machine)) {
    this.#stepper = stepper;
    this.#sink = {
      command: (command) => this.#commands.push(command),
      // The chart types each input where it is made; XState hands it back untyped.
      spawn: (id, given) =>
        this.#commands.push({ type: 'spawn', child: childKind(id), input: given } as SpawnCommand),
      stop: (id) => this.#commands.push({ type: 'stop', child: childKind(id) }),
      delay: (id, delayMs) => this.#delay(id, delayMs),
      cancel: (id) => this.#cancel(id),
    };
    this.#at = stepper.start(input, this.#sink);
    this.#commands.push(this.#stateMessage());
    this.initial = { seq: 0, atMs: 0, commands: this.#commands };
  }

  get context(): SessionContext {
    return this.#at.context;
  }

  get value(): StateValue {
    return this.#at.value;
  }

  get state(): PublicState {
    return this.#at.state;
  }

  get ended(): boolean {
    return this.#at.ended;
  }

  get nowMs(): number {
    return this.#atMs;
  }

  /** All that decides what happens next, as plain data. */
  plain(): Json {
    return JSON.parse(
      JSON.stringify({
        value: this.#at.value,
        context: this.#at.context,
        ended: this.#at.ended,
        timers: this.#timers,
      }),
    );
  }

  /** When the next delay runs out; undefined if none waits. */
  nextTimerAtMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  /** Takes the next delay that is due at `nowMs` out of the queue. The caller steps it at its `dueMs`. */
  takeTimer(nowMs: number): { readonly event: TimerEvent; readonly dueMs: number } | undefined {
    const timer = this.#timers[0];
    if (!timer || timer.dueMs > nowMs) return undefined;
    this.#timers.shift();
    return timer;
  }

  /**
   * Takes one event at `atMs` (ms since the session's start; never before the last one) and gives back what is to be
   * done, in order. A change of the public state comes last, as a `state` message.
   */
  step(event: KernelEvent, atMs: number): Step {
    this.#atMs = Math.max(this.#atMs, atMs);
    this.#seq += 1;
    if (this.ended) return { seq: this.#seq, atMs: this.#atMs, commands: [] };
    const { state, context } = this.#at;
    this.#commands = [];
    const now = { ...context, nowMs: this.#atMs };
    this.#at = this.#stepper.step(this.#at, now, event as MachineEvent, this.#sink);
    if (this.state !== state || this.context.generation !== context.generation)
      this.#commands.push(this.#stateMessage());
    return { seq: this.#seq, atMs: this.#atMs, commands: this.#commands };
  }

  #stateMessage(): Command {
    const { turn, generation } = this.context;
    return {
      type: 'publish',
      message: { type: 'state', value: this.state, turn, generation, seq: this.#seq, at: this.#atMs },
    };
  }

  #delay(id: string, delayMs: number): void {
    const timer: Timer = {
      id,
      dueMs: this.#atMs + delayMs,
      order: this.#order++,
      event: { type: id as TimerEvent['type'] },
    };
    const at = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(at < 0 ? this.#timers.length : at, 0, timer);
    this.#commands.push({ type: 'delay', id, delayMs });
  }

  #cancel(id: string): void {
    const at = this.#timers.findIndex((timer) => timer.id === id);
    if (at < 0) return;
    this.#timers.splice(at, 1);
    this.#commands.push({ type: 'cancelDelay', id });
  }
}

function childKind(id: string): ChildKind {
  const kind = CHILD_KINDS.find((one) => one === id);
  if (!kind) throw new Error(`the machine named an unknown child: ${id}`);
  return kind;
}
