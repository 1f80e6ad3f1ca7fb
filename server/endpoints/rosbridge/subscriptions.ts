import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import type { JsonObject } from '../../../machines/json.ts';
import type { OpId, OpOf } from './client-ops.ts';
import { globalName } from './interfaces.ts';

/** Subscriptions of one client to one topic. */
const MAX_PER_TOPIC = 64;
/** Messages that wait because of `throttle_rate`. */
const MAX_QUEUE = 1_000;

export const COMPRESSIONS = ['none', 'cbor', 'png'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** A message: text, bytes, or a whole message of another type. */
export interface Fields {
  readonly data: string | Uint8Array | JsonObject;
}

export interface Form {
  readonly compression: Compression;
  /** Longer messages are cut into fragments of this length, in UTF-16 units. */
  readonly fragmentSize: number | undefined;
  /** Of the messages, as the client named it. */
  readonly type: string | undefined;
}

interface Wishes extends Form {
  /** Minimum time between two messages, ms. */
  readonly throttleMs: number;
  readonly queueLength: number;
}

/** All subscriptions of a client to one topic under one spelling: it gets each message once. */
class Subscription {
  readonly wishes = new Map<OpId, Wishes>();
  readonly #clock: Clock;
  readonly #send: (fields: Fields, form: Form) => void;
  #queue: Fields[] = [];
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, send: (fields: Fields, form: Form) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  publish(fields: Fields): void {
    const { throttleMs, queueLength } = this.#strictest();
    const waitMs = this.#sentAtMs + throttleMs - this.#clock.nowMs();
    if (waitMs <= 0 && this.#queue.length === 0) this.#deliver(fields);
    else if (queueLength > 0 || fields.data instanceof Uint8Array) {
      this.#wait(fields, queueLength);
      this.#timer ??= this.#clock.setTimer(Math.max(0, waitMs), () => this.#next());
    }
  }

  /** Drops what waits. */
  clear(): void {
    this.#queue = [];
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Waiting audio becomes one message, so that none of it is lost; of texts the oldest is dropped. */
  #wait({ data }: Fields, queueLength: number): void {
    const [before] = this.#queue;
    if (data instanceof Uint8Array && before?.data instanceof Uint8Array)
      this.#queue = [{ data: Buffer.concat([before.data, data]) }];
    else this.#queue.push({ data });
    if (this.#queue.length > Math.max(1, queueLength)) this.#queue.shift();
  }

  #next(): void {
    this.#timer = undefined;
    const [fields] = this.#queue.splice(0, 1);
    if (fields) this.#deliver(fields);
    if (this.#queue.length > 0)
      this.#timer = this.#clock.setTimer(this.#strictest().throttleMs, () => this.#next());
  }

  #deliver(fields: Fields): void {
    this.#sentAtMs = this.#clock.nowMs();
    this.#send(fields, this.#strictest());
  }

  /** As the protocol combines several: lowest rate and fragment size, highest queue. */
  #strictest(): Wishes {
    const all = [...this.wishes.values()];
    const sizes = all.flatMap(({ fragmentSize }) => fragmentSize ?? []);
    return {
      throttleMs: Math.min(...all.map(({ throttleMs }) => throttleMs)),
      queueLength: Math.max(...all.map(({ queueLength }) => queueLength)),
      fragmentSize: sizes.length > 0 ? Math.min(...sizes) : undefined,
      compression: all.find(({ compression }) => compression !== 'none')?.compression ?? 'none',
      type: all.find(({ type }) => type !== undefined)?.type,
    };
  }
}

/** The topics that one client reads. */
export class Subscriptions {
  readonly #clock: Clock;
  readonly #send: (topic: string, fields: Fields, form: Form) => void;
  /** By the topic's name in the client's spelling, with or without a leading slash: it listens to that name. */
  readonly #topics = new Map<string, Subscription>();

  constructor(clock: Clock, send: (topic: string, fields: Fields, form: Form) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  has(topic: string): boolean {
    return [...this.#topics.keys()].some((name) => globalName(name) === topic);
  }

  /** Returns why there is no subscription. `latched`: a message that each new subscriber gets. */
  add(op: OpOf<'subscribe'>, compression: Compression, latched?: Fields): string | undefined {
    const { topic, id, throttle_rate, queue_length, qos, fragment_size, type } = op;
    const subscription =
      this.#topics.get(topic) ??
      new Subscription(this.#clock, (fields, form) => this.#send(topic, fields, form));
    const { wishes } = subscription;
    const key = id ?? '';
    if (wishes.size >= MAX_PER_TOPIC && !wishes.has(key))
      return `more than ${MAX_PER_TOPIC} subscriptions to ${topic}`;
    const form = { compression, fragmentSize: fragment_size ?? undefined, type: type ?? undefined };
    const queueLength = Math.min(MAX_QUEUE, qos?.depth ?? queue_length ?? 0);
    wishes.set(key, { ...form, throttleMs: throttle_rate ?? 0, queueLength });
    this.#topics.set(topic, subscription);
    if (latched) this.#send(topic, latched, form);
    return undefined;
  }

  /** Without an id removes all. Returns false if there was none. */
  remove(topic: string, id: OpId | null | undefined): boolean {
    const subscription = this.#topics.get(topic);
    if (!subscription) return false;
    const removed = id === null || id === undefined || subscription.wishes.delete(id);
    if (id === null || id === undefined) subscription.wishes.clear();
    if (subscription.wishes.size > 0) return removed;
    subscription.clear();
    this.#topics.delete(topic);
    return removed;
  }

  publish(topic: string, fields: Fields): void {
    for (const [name, subscription] of this.#topics)
      if (globalName(name) === topic) subscription.publish(fields);
  }

  /** Drops messages of the topic that wait because of their rate. */
  clear(topic: string): void {
    for (const [name, subscription] of this.#topics) if (globalName(name) === topic) subscription.clear();
  }

  close(): void {
    for (const subscription of this.#topics.values()) subscription.clear();
    this.#topics.clear();
  }
}
