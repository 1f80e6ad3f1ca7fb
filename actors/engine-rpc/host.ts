import type { Pcm, PipelineRate } from '../../machines/audio.ts';
import type { LoopClock } from '../../machines/clock.ts';
import { errorRecord, ParleyError } from '../../machines/errors.ts';
import type { Bus, BusMessage, Subscription } from '../ports/bus.ts';
import { type EngineKind, queueOf, subjects } from '../subjects.ts';
import { Job, type JobContext } from './job.ts';
import { type WorkOptions, workOptions } from './options.ts';
import { PING } from './presence.ts';
import {
  cancelledGeneration,
  errorBytes,
  FAILED,
  isInbox,
  NO_PAYLOAD,
  numberIn,
  type RpcScope,
} from './protocol.ts';

/** A worker's registration for one engine. */
export interface EngineHost {
  /**
   * Takes no new requests, gives the running ones `graceMs` to end, then ends them with ENGINE_LOST. Idempotent. The
   * engine stays open.
   */
  close(): Promise<void>;
  /** Number of running requests. */
  active(): number;
}

/** What differs between kinds of engines. */
export interface HostedEngine<Event> {
  readonly kind: EngineKind;
  readonly name: string;
  /** Parses a request and returns the function that starts the engine. Throws ENGINE_PROTOCOL. */
  prepare(
    payload: Uint8Array,
  ): (audio: AsyncIterable<Pcm<PipelineRate>>, signal: AbortSignal) => AsyncIterable<Event>;
  send(event: Event, job: Job): void;
}

/** Serves the requests to one engine that arrive over the bus. */
export function hostEngine<Event>(
  bus: Bus,
  clock: LoopClock,
  engine: HostedEngine<Event>,
  options?: Partial<WorkOptions>,
): EngineHost {
  return new Host(bus, clock, engine, workOptions(options));
}

class Host<Event> implements EngineHost {
  readonly #context: JobContext;
  readonly #engine: HostedEngine<Event>;
  readonly #inbox: string;
  /** By the last token of the uplink subject. */
  readonly #jobs = new Map<string, Job>();
  readonly #replies = new Set<string>();
  readonly #work: Subscription;
  readonly #others: readonly Subscription[];
  #accepted = 0;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(bus: Bus, clock: LoopClock, engine: HostedEngine<Event>, options: WorkOptions) {
    const { kind, name } = engine;
    this.#context = { bus, clock, options, kind };
    this.#engine = engine;
    this.#inbox = bus.inbox();
    this.#others = [
      bus.subscribe(`${this.#inbox}.*`, (message) =>
        this.#jobs.get(lastToken(message.subject))?.receive(message),
      ),
      bus.subscribe(subjects.cancelOfAll, (message) => this.#cancel(message)),
    ];
    this.#work = bus.subscribe(subjects.work(kind, name), (message) => this.#take(message), {
      queue: queueOf(kind, name),
    });
  }

  active(): number {
    return this.#jobs.size;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #take(message: BusMessage): void {
    const { reply } = message;
    // Results go only to an inbox, whatever subject the request names.
    if (reply === undefined || !isInbox(reply)) {
      this.#context.bus.reportMalformed?.(message.subject, 'a request without an inbox');
      return;
    }
    // A duplicate of a running request.
    if (this.#replies.has(reply)) return;
    if (message.headers.type === PING) {
      this.#publish(reply, NO_PAYLOAD, { type: 'pong' });
      return;
    }
    try {
      const { maxActive, withinTrace } = this.#context.options;
      if (this.#jobs.size >= maxActive) {
        throw new ParleyError(
          'ENGINE_OVERLOADED',
          `all ${maxActive} slots of this worker are in use; add workers`,
        );
      }
      const scope = scopeOf(message);
      const start = this.#engine.prepare(message.payload);
      const token = String(this.#accepted++);
      const job = new Job(this.#context, scope, reply, `${this.#inbox}.${token}`, () =>
        this.#forget(token, reply),
      );
      this.#jobs.set(token, job);
      this.#replies.add(reply);
      void withinTrace(message.headers.traceparent, () => job.run(start, this.#engine.send));
    } catch (error) {
      const record = errorRecord(error, FAILED[this.#engine.kind]);
      if (record.code === 'ENGINE_PROTOCOL')
        this.#context.bus.reportMalformed?.(message.subject, record.message);
      this.#publish(reply, errorBytes(record), { type: 'error', seq: '0' });
    }
  }

  #publish(subject: string, payload: Uint8Array, headers: Readonly<Record<string, string>>): void {
    try {
      this.#context.bus.publish(subject, payload, { headers });
    } catch {
      // The bus is closed: the client will time out.
    }
  }

  #forget(token: string, reply: string): void {
    this.#jobs.delete(token);
    this.#replies.delete(reply);
    if (this.#jobs.size === 0) this.#onIdle?.();
  }

  #cancel(message: BusMessage): void {
    const session = lastToken(message.subject);
    let generation: number;
    try {
      generation = cancelledGeneration(message);
    } catch {
      this.#context.bus.reportMalformed?.(message.subject, 'no generation to cancel');
      return;
    }
    for (const job of [...this.#jobs.values()]) {
      if (job.scope.session !== session || job.scope.generation > generation) continue;
      job.abort(new ParleyError('CANCELLED', `generation ${generation} and older`));
    }
  }

  async #close(): Promise<void> {
    this.#work.unsubscribe();
    if (this.#jobs.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#context.clock.setTimer(this.#context.options.graceMs, resolve);
        this.#onIdle = () => {
          timer.cancel();
          resolve();
        };
      });
      for (const job of [...this.#jobs.values()])
        job.abort(new ParleyError('ENGINE_LOST', 'the worker shuts down'));
    }
    for (const subscription of this.#others) subscription.unsubscribe();
  }
}

function scopeOf(message: BusMessage): RpcScope {
  const session = message.headers.session;
  const generation = numberIn(message, 'generation');
  if (!session || generation === undefined) {
    throw new ParleyError('ENGINE_PROTOCOL', 'the request lacks its session or generation');
  }
  return { session, generation };
}

function lastToken(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
