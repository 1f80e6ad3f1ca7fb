/** Levels b and c: a path on a real session whose children follow the path. */
import { type ChildLogic, type ChildOutput, type ChildScope, childLogic } from '../../actors/child.ts';
import type { Bus, Subscription } from '../../actors/ports/bus.ts';
import { clientCommand, clientEvent } from '../../actors/session/client-command.ts';
import { SessionRunner } from '../../actors/session/runner.ts';
import { subjects } from '../../actors/subjects.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { samplesPerFrame } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type InvariantMonitor, sessionMonitor, type Violation } from '../../machines/invariants.ts';
import { canonicalJson } from '../../machines/json.ts';
import type { LogEntry } from '../../machines/log.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/children.ts';
import type { ChildEvent, EarEvent, SessionEvent } from '../../machines/session/events.ts';
import type { ListenerSample } from '../../machines/session/model.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { type Divergence, replayLog } from '../replay-log.ts';
import { listenerOf } from './children.ts';
import { compare, describePath, type SessionPath } from './kernel-level.ts';
import type { Happening, SessionModel, SessionModelState } from './session-model.ts';

/** Findings of a path's run, beyond the agreement of each step with the model. */
export interface PuppetOutcome {
  readonly violations: readonly Violation[];
  /** First difference between the session's log and its replay. */
  readonly divergence: Divergence | undefined;
  /** Events that children sent after their end: each was dropped. */
  readonly late: number;
}

interface Puppet {
  readonly kind: ChildKind;
  readonly scope: ChildScope;
  readonly finish: (output: ChildOutput) => void;
  readonly fail: (error: Error) => void;
  over: boolean;
}

/** A command to the session's ear or to a child, sent over the bus. */
interface Order {
  readonly to: 'ear' | ChildKind;
  /** The previous child of its kind, or the last one without a successor. */
  readonly late: boolean;
  readonly event: SessionEvent;
}

/** Time limit of a reaction: a session that exceeds it is stuck. */
const STUCK_MS = 20_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Runs one path on its own session over `bus`; throws where it differs from the model. */
export async function runOnSession(
  model: SessionModel,
  path: SessionPath,
  bus: Bus,
  session: string,
): Promise<PuppetOutcome> {
  const puppets = new PuppetSession(model, bus, session);
  try {
    await puppets.open();
    for (const [index, { state }] of path.steps.entries()) {
      await during(path, index, () => puppets.perform(state));
      compare(path, index, state, puppets.runner.kernel);
      puppets.compareChildren(state, describePath(path, index));
    }
    return await during(path, path.steps.length - 1, () => puppets.end(path.steps.at(-1)?.state));
  } finally {
    puppets.close();
  }
}

async function during<T>(path: SessionPath, index: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`after: ${describePath(path, index)}`, { cause });
  }
}

const OF_THE_DOOR: ReadonlySet<SessionEvent['type']> = new Set(['lost', 'away', 'back']);

class PuppetSession {
  readonly runner: SessionRunner;
  readonly #model: SessionModel;
  readonly #bus: Bus;
  readonly #session: string;
  readonly #clock = new VirtualClock();
  readonly #monitor: InvariantMonitor;
  readonly #log: LogEntry[] = [];
  readonly #events: (LogEntry & { readonly type: 'event' })[] = [];
  readonly #heard: string[] = [];
  readonly #published: string[] = [];
  readonly #puppets: Puppet[] = [];
  readonly #subscriptions: Subscription[] = [];
  #defect: Error | undefined;
  #frame = { generation: 0, seq: 0 };
  #lateTold = 0;
  /** The listener's position at each of the future events. */
  #samples: (ListenerSample | undefined)[] = [];
  #wake: () => void = () => {};

  constructor(model: SessionModel, bus: Bus, session: string) {
    this.#model = model;
    this.#bus = bus;
    this.#session = session;
    this.#monitor = sessionMonitor(model.parameters, model.input);
    this.runner = new SessionRunner(session, model.parameters, model.input, {
      clock: this.#clock,
      child: ({ child }) => this.#puppet(child),
      listener: () => this.#listen(),
      publish: (message) => this.#publish(message),
      cancelWork: () => {},
      persist: () => {},
      onDefect: (error) => {
        this.#defect = error;
        this.#wake();
      },
      log: (entry) => this.#observe(entry),
    });
  }

  /** Resolves when the bus has delivered everything that was sent to the session. */
  async open(): Promise<void> {
    const { out, cmd } = subjects;
    this.#subscriptions.push(
      this.#bus.subscribe(out(this.#session), ({ payload }) => {
        this.#heard.push(decoder.decode(payload));
        this.#wake();
      }),
      this.#bus.subscribe(cmd(this.#session), ({ payload }) => {
        const command = clientCommand.parse(JSON.parse(decoder.decode(payload)));
        if (command.type !== 'played') this.runner.receive(clientEvent(command, 0), 'client');
      }),
      this.#bus.subscribe(ordersTo(this.#session), ({ payload }) => {
        // Only this class publishes here.
        this.#obey(JSON.parse(decoder.decode(payload)) as Order);
      }),
    );
    await this.#bus.flush();
    this.runner.start();
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  /** Causes one event of the model, and waits until the session has handled it. */
  async perform({ happenings, atMs }: SessionModelState): Promise<void> {
    const before = this.#events.length;
    this.#samples = happenings.map(({ event }) => event.listener);
    await this.#clock.advance(Math.max(0, atMs - this.#clock.nowMs()));
    for (const { event, source } of happenings) {
      // They have left before the client's command arrives.
      if (source === 'client') this.#send(event.listener);
      if (source === 'timer') continue; // the clock has fired it
      if (source === 'client') this.#command(event as SessionEvent);
      else if (source === 'server') this.runner.receive(event as SessionEvent, 'server');
      else this.#order({ to: source, late: false, event: event as SessionEvent });
    }
    await this.#until(() => this.#events.length >= before + happenings.length, 'the event did not arrive');
    const got = this.#events.slice(before).map(({ event, source }) => ({ event: plain(event), source }));
    const wanted = happenings.map(({ event, source }) => ({ event: plain(event), source }));
    if (canonicalJson(got) !== canonicalJson(wanted))
      throw new Error(`the session took ${canonicalJson(got)} for ${canonicalJson(wanted)}`);
  }

  /** Checks that the running children are those of the model. */
  compareChildren({ alive }: SessionModelState, after: string): void {
    const living = CHILD_KINDS.filter((kind) => this.#puppets.some((one) => one.kind === kind && !one.over));
    const expected = CHILD_KINDS.filter((kind) => alive.includes(kind));
    if (living.join() !== expected.join())
      throw new Error(`${living.join()} live, and not ${expected.join()}, after: ${after}`);
  }

  /** Sends late events of ended children, ends the session, and returns the findings. */
  async end(last: SessionModelState | undefined): Promise<PuppetOutcome> {
    this.#samples = [last && listenerOf(last)];
    const events = this.#events.length;
    const late = CHILD_KINDS.filter((kind) => this.#dead(kind)).map((kind) => ({
      to: kind,
      late: true,
      event: LATE_EVENTS[kind],
    }));
    for (const order of late) this.#order(order);
    await this.#until(() => this.#lateTold >= late.length, 'a late order did not arrive');
    if (this.#events.length !== events) throw new Error('a late event reached the machine');
    if (!this.runner.kernel.ended) this.runner.receive({ type: 'lost' }, 'client');
    await this.runner.ended;
    await this.#until(() => this.#heard.length >= this.#published.length, 'the client did not hear all');
    if (this.#heard.join('\n') !== this.#published.join('\n'))
      throw new Error('the client received messages in another order than published');
    const { parameters, input } = this.#model;
    return {
      violations: this.#monitor.end(),
      divergence: replayLog(this.#log, parameters, input),
      late: late.length,
    };
  }

  #puppet(kind: ChildKind): ChildLogic {
    return childLogic(
      (scope) =>
        new Promise((resolve, reject) => {
          const puppet: Puppet = { kind, scope, finish: resolve, fail: reject, over: false };
          this.#puppets.push(puppet);
          scope.signal.addEventListener('abort', () => {
            puppet.over = true;
          });
        }),
    );
  }

  #alive(kind: ChildKind): Puppet | undefined {
    return this.#puppets.findLast((one) => one.kind === kind && !one.over);
  }

  #dead(kind: ChildKind): Puppet | undefined {
    return this.#puppets.findLast((one) => one.kind === kind && one.over);
  }

  #obey({ to, late, event }: Order): void {
    if (to === 'ear') {
      this.runner.receive(event as EarEvent, 'ear');
      return;
    }
    const puppet = late ? this.#dead(to) : this.#alive(to);
    if (!puppet) throw new Error(`there is no ${to} for ${event.type}`);
    if (late) {
      puppet.scope.emit(event as ChildEvent);
      this.#lateTold++;
      this.#wake();
      return;
    }
    if (event.type.startsWith('xstate.done.')) {
      puppet.over = true;
      puppet.finish('output' in event ? event.output : null);
    } else if ('error' in event && event.type.startsWith('xstate.error.')) {
      puppet.over = true;
      puppet.fail(new ParleyError(event.error.code, 'as scripted'));
    } else puppet.scope.emit(event as ChildEvent);
  }

  /** The next sample. */
  #listen(): ListenerSample | undefined {
    const listener = this.#samples.shift();
    this.#send(listener);
    return listener;
  }

  /** Sends the frames that a real playback has sent by now. */
  #send(listener: ListenerSample | undefined): void {
    const { generation } = this.runner.kernel.context;
    if (this.#frame.generation !== generation) this.#frame = { generation, seq: 0 };
    const samples = samplesPerFrame(this.#model.input.outputRate);
    while (this.#frame.seq * samples < (listener?.sent ?? 0)) {
      const seq = this.#frame.seq++;
      this.#observe({ type: 'frame', atMs: this.runner.nowMs(), generation, seq, samples });
    }
  }

  #publish(message: SessionMessage): void {
    const text = JSON.stringify(message);
    this.#published.push(text);
    this.#bus.publish(subjects.out(this.#session), encoder.encode(text));
  }

  #command(event: SessionEvent): void {
    // A closed connection sends nothing: the door reports it. The session itself adds the position in the input.
    if (OF_THE_DOOR.has(event.type) || 'sample' in event) this.runner.receive(event, 'client');
    else this.#bus.publish(subjects.cmd(this.#session), encoder.encode(JSON.stringify(event)));
  }

  #order(order: Order): void {
    this.#bus.publish(ordersTo(this.#session), encoder.encode(JSON.stringify(order)));
  }

  #observe(entry: LogEntry): void {
    this.#log.push(entry);
    if (entry.type === 'event') this.#events.push(entry);
    this.#monitor.observe(entry);
    this.#wake();
  }

  async #until(happened: () => boolean, otherwise: string): Promise<void> {
    const untilMs = realClock.nowMs() + STUCK_MS;
    while (!happened()) {
      if (this.#defect) throw this.#defect;
      if (realClock.nowMs() > untilMs) throw new Error(otherwise);
      await new Promise<void>((resolve) => {
        const timer = realClock.setTimer(STUCK_MS, resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    if (this.#defect) throw this.#defect;
  }
}

/** Events of a child that did not notice its end. */
const LATE_EVENTS: Record<ChildKind, SessionEvent> = {
  stt: { type: 'transcript.partial', text: 'too late' },
  speculation: { type: 'llm.delta', text: 'too late' },
  memory: { type: 'llm.delta', text: 'too late' },
  llm: { type: 'llm.delta', text: 'too late' },
  tts: { type: 'segment.started', segment: 0 },
  playback: { type: 'playout.started' },
  actions: { type: 'action.done', id: 'a0', result: null },
  lasting: { type: 'action.done', id: 'a0', result: null },
  discarded: { type: 'discarded.words', utterance: 0, output: { text: 'too late' } },
};

function ordersTo(session: string): string {
  return `parley.test.${session}`;
}

/** The runner gives every finished child an output; the machine's types have it only on some. */
function plain(event: Happening['event']): object {
  if (!('output' in event) || event.output !== null) return event;
  const { output: _output, ...rest } = event;
  return rest;
}
