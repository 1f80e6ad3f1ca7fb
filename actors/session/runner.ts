import { type ActorRefFrom, createActor } from 'xstate';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import { type LoopClock, type TimerHandle, toMicroseconds } from '../../machines/clock.ts';
import { type ErrorCode, errorRecord, ParleyError } from '../../machines/errors.ts';
import { type KernelEvent, SessionKernel, type Step } from '../../machines/kernel.ts';
import type { EventSource, LogEntry } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/children.ts';
import type { ChildMessage, Command, SpawnCommand, TurnOutcome } from '../../machines/session/commands.ts';
import type { ChildEvent, SessionEvent } from '../../machines/session/events.ts';
import type { ListenerSample, SessionInput } from '../../machines/session/model.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { AsyncQueue } from '../async-queue.ts';
import { type ChildLogic, childLogic } from '../child.ts';
import type { RunnerJournal } from '../journal/recorder.ts';
import { childNumber, roundOf } from './child-names.ts';
import { type Received, RunnerInbox } from './runner-inbox.ts';
import { TurnShare } from './turn-share.ts';

/** What the runner needs to carry out commands. */
export interface RunnerPorts {
  readonly clock: LoopClock;
  /** Makes the real child for a spawn command. */
  readonly child: (command: SpawnCommand, generation: number) => ChildLogic;
  /** Listener's position now (ms since the session's start); undefined while a reply has no audio. */
  readonly listener?: (atMs: number) => ListenerSample | undefined;
  readonly publish: (message: SessionMessage) => void;
  readonly cancelWork: (generation: number) => void;
  /** Requests of the behaviour to the language engine. */
  readonly model?: (command: Extract<Command, { type: 'model' | 'modelStop' }>) => void;
  readonly persist: (turn: TurnOutcome) => void;
  /** Whether the ear asks for more before it reports speech. */
  readonly ear?: (strict: boolean) => void;
  /** Called when Parley's own code threw: the session cannot continue. */
  readonly onDefect: (error: Error) => void;
  /** Receives all events and commands, in order. */
  readonly log: (entry: LogEntry) => void;
  /** Called for each event before its commands run. */
  readonly journal?: RunnerJournal;
  /** Called after each step, and after the start (without an event), before its commands run. */
  readonly stepped?: (step: Step, event: KernelEvent | undefined, kernel: SessionKernel) => void;
}

interface Child {
  readonly kind: ChildKind;
  readonly name: string;
  readonly generation: number;
  readonly mailbox: AsyncQueue<ChildMessage>;
  actor?: ActorRefFrom<ChildLogic>;
  /** True once it exceeded the limit of waiting events: nothing more is accepted from it. */
  overrun?: true;
}

/** Error code of a child that threw an error outside the catalogue. */
const FAILURE_OF: Record<ChildKind, ErrorCode> = {
  stt: 'STT_FAILED',
  speculation: 'LLM_FAILED',
  memory: 'MEMORY_FAILED',
  llm: 'LLM_FAILED',
  tts: 'TTS_FAILED',
  playback: 'PLAYBACK_FAILED',
  actions: 'ACTION_FAILED',
  lasting: 'ACTION_FAILED',
  discarded: 'STT_FAILED',
};

/** Maximum delays that expire in one go: a chart that sets one again for the same moment must not stop the server. */
const MAX_EXPIRED = 1_000;
/** Maximum waiting events: far more than any reply has, at most about 10 MB. */
const MAX_WAITING = 10_000;

/**
 * Runs one session: takes one event at a time, steps the kernel, and carries out the resulting commands in order. All
 * decisions are the machine's.
 */
export class SessionRunner {
  readonly #session: string;
  readonly #kernel: SessionKernel;
  readonly #ports: RunnerPorts;
  /** When the session began, on the clock. */
  readonly startMs: number;
  readonly #inbox = new RunnerInbox<Child>();
  readonly #children = new Map<ChildKind, Child>();
  #draining = false;
  #broken = false;
  readonly #share: TurnShare;
  #resuming = false;
  #timer: TimerHandle | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #onEnded: () => void = () => {};
  /** Resolves when the machine and all children have ended. */
  readonly ended: Promise<void>;

  /** `kernel`: that of another process, to go on with. Session time stood still since its last event. */
  constructor(
    session: string,
    parameters: SessionParameters,
    input: SessionInput,
    ports: RunnerPorts,
    more: {
      readonly kernel?: SessionKernel | undefined;
      readonly behaviour?: BehaviourProgram | undefined;
    } = {},
  ) {
    const rebuilt = more.kernel;
    this.#session = session;
    this.#ports = ports;
    this.#share = new TurnShare(ports.clock);
    this.startMs = ports.clock.nowMs() - (rebuilt?.nowMs ?? 0);
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
    this.#kernel = rebuilt ?? new SessionKernel(parameters, input, { behaviour: more.behaviour });
  }

  get kernel(): SessionKernel {
    return this.#kernel;
  }

  /** ms since the session's start, to the microsecond, now or when the clock was at `clockMs`. */
  nowMs(clockMs = this.#ports.clock.nowMs()): number {
    return toMicroseconds(clockMs - this.startMs);
  }

  /** Carries out the commands of the start. Call once, when all listeners are attached. */
  start(): void {
    this.#ports.journal?.start(this.#kernel, this.#kernel.initial);
    this.#ports.stepped?.(this.#kernel.initial, undefined, this.#kernel);
    this.#execute(this.#kernel.initial);
  }

  /**
   * In place of `start`, with a kernel of another process. `listener`: where it was in the reply of that time; `after`: number of the last
   * event that its snapshot includes, if it was made of one.
   */
  resume(listener: ListenerSample | undefined, after?: number): void {
    if (after !== undefined) this.#ports.journal?.restored(this.#kernel, after);
    this.#step({ type: 'resumed', ...(listener && { listener }) }, 'server', this.#kernel.nowMs);
    this.#armTimer();
  }

  /** Ends this process's part of the session: its children stop, and nothing is handled any more. */
  leave(): void {
    this.#broken = true;
    this.#armTimer();
    for (const kind of [...this.#children.keys()]) this.#stop(kind);
    this.#onEnded();
  }

  /**
   * Takes an event from outside. It is handled before this returns, unless another one is being handled or the session
   * has used up its share of this turn of the event loop. A stop goes ahead of everything that waits and ignores the
   * share.
   * A hint of speech means something while a reply sounds; elsewhere it is dropped, so that it does not fill the journal.
   */
  receive(event: SessionEvent, source: EventSource): void {
    if (event.type === 'speech.hint' && this.#kernel.state !== 'speaking') return;
    if (event.type === 'halt' || event.type === 'stop.confirmed')
      this.#ports.log({ type: 'halt.arrived', atMs: this.nowMs() });
    this.#enqueue({ event, source });
  }

  #enqueue(received: Received<Child>): void {
    this.#inbox.put(received);
    this.#drain();
  }

  #drain(): void {
    if (this.#draining || this.#broken) return;
    this.#draining = true;
    try {
      this.#fireTimers(this.nowMs());
      for (let next = this.#next(); next; next = this.#next()) this.#handle(next);
    } catch (thrown) {
      this.#break(thrown);
    } finally {
      this.#draining = false;
    }
    this.#armTimer();
  }

  /**
   * The event to handle now; undefined if none waits, if it must wait for the next turn, or if the session has ended: its
   * journal is complete then, and an ended machine changes no more.
   */
  #next(): Received<Child> | undefined {
    if (this.#kernel.ended) return undefined;
    if (this.#inbox.urgent) return this.#inbox.take();
    if (this.#inbox.size === 0) return undefined;
    if (this.#share.use(this.#inbox.hasCommand ? 'command' : 'other')) return this.#inbox.take();
    this.#resumeLater();
    return undefined;
  }

  #resumeLater(): void {
    if (this.#resuming) return;
    this.#resuming = true;
    this.#ports.clock.setTimer(0, () => {
      this.#resuming = false;
      this.#drain();
    });
  }

  /** Handles a defect: this session and its children end; other sessions are not affected. */
  #break(thrown: unknown): void {
    this.#broken = true;
    for (const kind of [...this.#children.keys()]) this.#stop(kind);
    this.#ports.onDefect(thrown instanceof Error ? thrown : new Error(String(thrown)));
    this.#onEnded();
  }

  #handle({ event, source, from }: Received<Child>): void {
    const atMs = this.nowMs();
    this.#fireTimers(atMs);
    if (from && this.#children.get(from.kind) !== from) {
      this.#ports.journal?.stale(event, source, from.generation, atMs);
      this.#ports.log({ type: 'stale', atMs, child: from.name, generation: from.generation, event });
      return;
    }
    if (from && isEnd(event)) this.#bury(from, event.type.startsWith('xstate.done') ? 'done' : 'error');
    this.#step(event, source, atMs);
  }

  /** Delays that expired before `atMs` come first, each at its own time. */
  #fireTimers(atMs: number): void {
    let expired = 0;
    // None after the end, as `#next` has it.
    while (!this.#kernel.ended) {
      const timer = this.#kernel.popTimer(atMs);
      if (!timer) return;
      expired += 1;
      if (expired > MAX_EXPIRED) throw new Error(`${timer.event.type} expires again and again`);
      this.#step(timer.event, 'timer', timer.dueMs);
    }
  }

  #step(happened: KernelEvent, source: EventSource, atMs: number): void {
    const listener = this.#ports.listener?.(atMs);
    const event = listener ? { ...happened, listener } : happened;
    const step = this.#kernel.step(event, atMs);
    this.#ports.journal?.step(this.#kernel, step, event, source);
    this.#ports.stepped?.(step, event, this.#kernel);
    this.#ports.log({
      type: 'event',
      seq: step.seq,
      atMs: step.atMs,
      source,
      event,
      state: this.#kernel.state,
    });
    this.#execute(step);
    if (this.#kernel.ended) this.#onEnded();
  }

  #execute(step: Step): void {
    for (const command of step.commands) {
      this.#ports.log({ type: 'command', seq: step.seq, atMs: this.nowMs(), command });
      this.#carryOut(command);
    }
  }

  #carryOut(command: Command): void {
    switch (command.type) {
      case 'spawn':
        this.#spawn(command);
        break;
      case 'stop':
        this.#stop(command.child);
        break;
      case 'send':
        this.#children.get(command.child)?.mailbox.push(command.message);
        break;
      case 'publish':
        this.#ports.publish(command.message);
        break;
      case 'cancelWork':
        this.#ports.cancelWork(command.generation);
        break;
      case 'ear':
        this.#ports.ear?.(command.strict);
        break;
      case 'model':
      case 'modelStop':
        this.#ports.model?.(command);
        break;
      case 'persist':
        this.#ports.persist(command.turn);
        break;
      case 'behaviour':
      case 'delay':
      case 'cancelDelay':
        break; // the kernel keeps the delays itself; they are commands so that the log shows them
    }
  }

  #spawn(command: SpawnCommand): void {
    const kind = command.child;
    const { turn, generation } = this.#kernel.context;
    const ofNextTurn = kind === 'stt' || kind === 'speculation';
    const number = childNumber(command, generation);
    const child: Child = {
      kind,
      name: `${this.#session}/${ofNextTurn ? turn + 1 : turn}/${kind}/${number}${roundOf(command)}`,
      generation: number,
      mailbox: new AsyncQueue(),
    };
    this.#children.set(kind, child);
    this.#ports.log({ type: 'child.start', atMs: this.nowMs(), child: child.name, kind, generation: number });
    const actor = createActor(this.#logic(command, generation), {
      id: kind,
      input: { mailbox: child.mailbox },
    });
    child.actor = actor;
    const forward = (event: SessionEvent) => this.#hear(child, event);
    actor.on('*', (event: ChildEvent) => forward(event));
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.status === 'done')
          forward({ type: `xstate.done.actor.${kind}`, output: snapshot.output } as SessionEvent);
      },
      error: (thrown) =>
        forward({ type: `xstate.error.actor.${kind}`, error: errorRecord(thrown, FAILURE_OF[kind]) }),
    });
    actor.start();
  }

  /** A child that is faster than the machine fails, because its events must not fill the memory. */
  #hear(child: Child, event: SessionEvent): void {
    if (child.overrun) return;
    const { kind } = child;
    if (this.#inbox.size < MAX_WAITING) {
      this.#enqueue({ event, source: kind, from: child });
      return;
    }
    child.overrun = true;
    const error = errorRecord(
      new ParleyError('ENGINE_OVERLOADED', `more than ${MAX_WAITING} events of this session are waiting`),
      FAILURE_OF[kind],
    );
    this.#enqueue({ event: { type: `xstate.error.actor.${kind}`, error }, source: kind, from: child });
    child.actor?.stop();
  }

  /** A child that cannot be created fails like one that fails at once. */
  #logic(command: SpawnCommand, generation: number): ChildLogic {
    try {
      return this.#ports.child(command, generation);
    } catch (thrown) {
      return childLogic(() => Promise.reject(thrown));
    }
  }

  #stop(kind: ChildKind): void {
    const child = this.#children.get(kind);
    if (!child) return; // it has ended by itself
    this.#bury(child, 'cancelled');
    child.actor?.stop();
  }

  /** Handles a child's only end. */
  #bury(child: Child, how: 'done' | 'error' | 'cancelled'): void {
    this.#children.delete(child.kind);
    child.mailbox.close();
    this.#ports.log({
      type: 'child.end',
      atMs: this.nowMs(),
      child: child.name,
      kind: child.kind,
      generation: child.generation,
      how,
    });
  }

  /** A timer that fires too early is kept: a deadline that is extended again and again sets no new timer. */
  #armTimer(): void {
    const dueMs = this.#kernel.ended || this.#broken ? undefined : this.#kernel.nextTimerAtMs();
    if (dueMs !== undefined && dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    if (dueMs === undefined) return;
    this.#timerDueMs = dueMs;
    // At least the resolution of the clock, so that it has moved beyond `dueMs` by then.
    const delayMs = Math.ceil(Math.max(0, dueMs - this.nowMs()) * 1_000) / 1_000;
    this.#timer = this.#ports.clock.setTimer(delayMs, this.#onTimer);
  }

  readonly #onTimer = (): void => {
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    this.#drain();
  };
}

function isEnd(event: SessionEvent): boolean {
  return CHILD_KINDS.some(
    (kind) => event.type === `xstate.done.actor.${kind}` || event.type === `xstate.error.actor.${kind}`,
  );
}
