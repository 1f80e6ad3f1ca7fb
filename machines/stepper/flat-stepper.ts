import type { AnyStateNode } from 'xstate';
import type { SessionContext, SessionInput } from '../session/context.ts';
import type { MachineEvent } from '../session/effects.ts';
import type { SessionMachine } from '../session/machine.ts';
import { Configuration } from './configuration.ts';
import { type FlatNode, type FlatTransition, flatNodes } from './nodes.ts';
import { Run } from './run.ts';
import type { EffectSink, Stepper, StepperState } from './stepper.ts';
import { XStateStepper } from './xstate-stepper.ts';

const ERROR = 'xstate.error.actor';

/** Where a session is in a flat chart. */
class FlatState implements StepperState {
  readonly configuration: Configuration;
  readonly context: SessionContext;
  /** Children that were started and not stopped since, oldest first. */
  readonly children: readonly string[];
  readonly ended: boolean;

  constructor(
    configuration: Configuration,
    context: SessionContext,
    children: readonly string[],
    ended: boolean,
  ) {
    this.configuration = configuration;
    this.context = context;
    this.children = children;
    this.ended = ended;
  }

  get value() {
    return this.configuration.value;
  }

  get state() {
    return this.configuration.state;
  }
}

/**
 * The chart as XState has built it, stepped by tables: which states a transition leaves and enters is worked out once
 * for each configuration, and not anew for each event. What it does is what XState's own `transition` does; tests
 * compare the two over every path of the model, every golden journal, and simulated conversations.
 */
export class FlatStepper implements Stepper {
  readonly #reference: XStateStepper;
  readonly #nodes: ReadonlyMap<AnyStateNode, FlatNode>;
  readonly #configurations = new Map<string, Configuration>();
  readonly #maxMicrosteps: number;
  #run: Run | undefined;

  /** Throws Unsupported. */
  constructor(machine: SessionMachine) {
    this.#reference = new XStateStepper(machine);
    this.#nodes = flatNodes(machine);
    this.#maxMicrosteps = machine.options.maxIterations ?? Number.POSITIVE_INFINITY;
  }

  /** How many configurations have been met. */
  get size(): number {
    return this.#configurations.size;
  }

  /** The start, which comes once a session, is XState's own. */
  start(input: SessionInput, sink: EffectSink): FlatState {
    const { snapshot } = this.#reference.start(input, sink);
    const nodes = snapshot._nodes.flatMap((node) => this.#nodes.get(node) ?? []);
    return new FlatState(
      this.#intern(nodes),
      snapshot.context,
      Object.keys(snapshot.children),
      snapshot.status !== 'active',
    );
  }

  step(state: StepperState, context: SessionContext, event: MachineEvent, sink: EffectSink): FlatState {
    if (!(state instanceof FlatState)) throw new TypeError('a state of another stepper');
    this.#run ??= new Run(state.configuration, context, event);
    const run = this.#run;
    run.begin(state, context, event, sink);
    const enabled: FlatTransition[] = [];
    run.configuration.select(run, enabled);
    // XState's own rule: a failure that no state expects ends the machine.
    if (enabled.length === 0 && event.type.startsWith(ERROR)) run.finish();
    run.take(enabled);
    let changed = true;
    for (let microsteps = 1; !run.ended; microsteps++) {
      if (microsteps > this.#maxMicrosteps) throw new Error('the machine does not come to rest');
      enabled.length = 0;
      if (changed) run.configuration.selectAlways(run, enabled);
      const eventless = enabled.length > 0;
      if (!eventless) {
        const raised = run.queue.shift();
        if (!raised) break;
        run.event = raised;
        run.configuration.select(run, enabled);
      }
      run.take(enabled);
      // What needs no event and changes nothing would be taken for ever.
      changed = !eventless || run.changed;
    }
    return new FlatState(run.configuration, run.context, run.children, run.ended);
  }

  #intern(nodes: readonly FlatNode[]): Configuration {
    const key = nodes.map(({ order }) => order).join();
    let configuration = this.#configurations.get(key);
    if (!configuration) {
      configuration = new Configuration(nodes, (next) => this.#intern(next));
      this.#configurations.set(key, configuration);
    }
    return configuration;
  }
}
