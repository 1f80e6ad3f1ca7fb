/** One message on the bus: a binary payload, ids in headers. */
export interface BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Where an answer is expected, if one is. */
  readonly reply?: string;
}

export interface Subscription {
  /** No message is delivered after this returns. */
  unsubscribe(): void;
}

/** Messages since the bus was made, as this process saw them. */
export interface BusCounts {
  readonly published: number;
  readonly delivered: number;
  /** Of these, the ones that were dropped because they are not what their subject carries. */
  readonly malformed: number;
}

export interface PublishOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly reply?: string;
}

/**
 * Publish and subscribe with NATS semantics: `*` and `>` wildcards, queue groups, request and reply
 * with "no responders", a payload limit, messages in order per subscription, drain.
 * Two adapters: in-process and NATS; one conformance suite (`adapters/bus/conformance.ts`).
 */
export interface Bus {
  /** Largest payload in bytes; `publish` throws BUS_PAYLOAD beyond it, BUS_CLOSED after close, BUS_SUBJECT on a bad subject. */
  readonly maxPayload: number;
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  /**
   * `handler` is called for each message, in order, never from inside `publish`. A handler that throws
   * does not stop the subscription or anybody else's. With `queue`, each message goes to one member of the group.
   */
  subscribe(
    pattern: string,
    handler: (message: BusMessage) => void,
    options?: { queue?: string },
  ): Subscription;
  /** Rejects with BUS_NO_RESPONDERS at once if nobody listens, BUS_TIMEOUT after `timeoutMs`. */
  request(
    subject: string,
    payload: Uint8Array,
    options: { timeoutMs: number; headers?: Readonly<Record<string, string>> },
  ): Promise<BusMessage>;
  /**
   * False if nobody listens to `subject` at this moment, so that what is only for observers need not be made. A bus that
   * cannot know says true, or has no such method.
   */
  listened?(subject: string): boolean;
  /** A fresh subject that nobody else uses. */
  inbox(): string;
  /** Resolves when what was published and subscribed before has reached the server. */
  flush(): Promise<void>;
  /** Delivers what is under way, then closes. Idempotent. */
  drain(): Promise<void>;
  counts?(): BusCounts;
  /** Counts and logs a message that its receiver dropped because it could not be parsed. `what`: what is wrong with it. */
  reportMalformed?(subject: string, what: string): void;
  /** True while messages can flow: false from the moment that a broker is known to be gone or to hang, until it is back. */
  connected(): boolean;
  /** Calls `onChange` when `connected()` has changed. A bus that cannot lose its connection has no such method. */
  watch?(onChange: (connected: boolean) => void): Subscription;
}
