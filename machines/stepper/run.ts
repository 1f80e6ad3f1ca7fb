import type { Command } from '../session/commands.ts';
import type { SessionContext } from '../session/context.ts';
import type { MachineEvent } from '../session/effects.ts';
import type { Configuration } from './configuration.ts';
import type { FlatTransition } from './nodes.ts';
import { asFunction, type Enqueue, type Operation, type Scope } from './operations.ts';
import type { EffectSink } from './stepper.ts';

interface Begin {
  readonly configuration: Configuration;
  readonly children: readonly string[];
}

const NOWHERE: EffectSink = {
  command: () => {},
  spawn: () => {},
  stop: () => {},
  delay: () => {},
  cancel: () => {},
};

/** One step while it is made. It is used again for the next one: a step makes as little garbage as it can. */
export class Run implements Scope {
  context: SessionContext;
  event: MachineEvent;
  configuration: Configuration;
  /** Children that were started and not stopped since, oldest first. */
  children: readonly string[] = [];
  /** Events that the chart has raised to itself. */
  readonly queue: MachineEvent[] = [];
  /** Whether the last transitions changed anything, as XState sees it. */
  changed = false;
  ended = false;
  readonly enqueue: Enqueue;
  #sink: EffectSink = NOWHERE;

  constructor(configuration: Configuration, context: SessionContext, event: MachineEvent) {
    this.configuration = configuration;
    this.context = context;
    this.event = event;
    this.enqueue = Object.assign(
      (action: { readonly type: string; readonly params?: unknown }) => this.#command(action),
      {
        assign: (patch: Partial<SessionContext>) => this.#assign(patch),
        spawnChild: (_src: string, { id, input }: { readonly id: string; readonly input?: unknown }) =>
          this.#spawn(id, asFunction(input)(this)),
        stopChild: (id: string) => this.#stop(id),
      },
    );
  }

  begin(
    { configuration, children }: Begin,
    context: SessionContext,
    event: MachineEvent,
    sink: EffectSink,
  ): void {
    this.configuration = configuration;
    this.children = children;
    this.context = context;
    this.event = event;
    this.queue.length = 0;
    this.ended = false;
    this.#sink = sink;
  }

  /** Takes transitions that are enabled together. */
  take(enabled: readonly FlatTransition[]): void {
    if (enabled.length === 0) return;
    const plan = this.configuration.planOf(enabled);
    this.changed = plan.moves;
    for (const operation of plan.operations) this.#do(operation);
    this.configuration = plan.next;
    if (plan.ends) this.finish();
  }

  /** The machine is at its end: whatever still lives is stopped. */
  finish(): void {
    for (const id of this.children) this.#sink.stop(id);
    this.children = [];
    this.ended = true;
  }

  #do(operation: Operation): void {
    switch (operation.kind) {
      case 'collect':
        operation.collect(this);
        return;
      case 'raise':
        this.queue.push(operation.event);
        return;
      case 'delay':
        this.#sink.delay(operation.id, operation.delayMs(this));
        return;
      case 'cancel':
        this.#sink.cancel(operation.id);
        return;
      case 'spawn':
        this.#spawn(operation.id, operation.input(this));
        return;
      case 'stop':
        this.#stop(operation.id);
        return;
    }
  }

  #command({ type, params }: { readonly type: string; readonly params?: unknown }): void {
    if (type !== 'command') throw new Error(`the machine asked for an unknown action: ${type}`);
    // The chart types each command where it is made.
    this.#sink.command(params as Command);
  }

  #assign(patch: Partial<SessionContext>): void {
    this.context = { ...this.context, ...patch };
    this.changed = true;
  }

  #spawn(id: string, input: unknown): void {
    if (!this.children.includes(id)) this.children = [...this.children, id];
    this.changed = true;
    this.#sink.spawn(id, input);
  }

  #stop(id: string): void {
    this.changed = true;
    // One that was stopped before is not stopped again.
    if (!this.children.includes(id)) return;
    this.children = this.children.filter((child) => child !== id);
    this.#sink.stop(id);
  }
}
