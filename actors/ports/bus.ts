/** One message on the bus: a binary payload, ids in headers. */
export interface BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Reply subject, if an answer is expected. */
  readonly reply?: string;
}

export interface Subscription {
  /** No message is delivered after this returns. */
  unsubscribe(): void;
}

/** Messages since the bus was made, as seen by this process. */
export interface BusCounts {
  readonly published: number;
  readonly delivered: number;
  /** Received messages that were dropped because they do not fit their subject. */
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
  /**
   * Maximum payload in bytes. `publish` throws BUS_PAYLOAD beyond it, BUS_CLOSED after close, BUS_SUBJECT on a bad
   * subject.
   */
  readonly maxPayload: number;
  publish(subject: string, payload: Uint8Array, options?: PublishOptions): void;
  /**
   * Calls `handler` for each message, in order, never from inside `publish`. A handler that throws stops neither its
   * own subscription nor another one. With `queue`, each message goes to one member of the group.
   */
  subscribe(
    pattern: string,
    handler: (message: BusMessage) => void,
    options?: { queue?: string },
  ): Subscription;
  /** Rejects at once with BUS_NO_RESPONDERS if there is no subscriber, with BUS_TIMEOUT after `timeoutMs`. */
  request(
    subject: string,
    payload: Uint8Array,
    options: { timeoutMs: number; headers?: Readonly<Record<string, string>> },
  ): Promise<BusMessage>;
  /**
   * False if `subject` has no subscriber at the moment, so that messages for observers need not be made. A bus that
   * cannot know returns true, or lacks this method.
   */
  listened?(subject: string): boolean;
  /** Returns a fresh, unique subject. */
  inbox(): string;
  /** Resolves when everything published and subscribed before has reached the server. */
  flush(): Promise<void>;
  /** Delivers what is under way, then closes. Idempotent. */
  drain(): Promise<void>;
  counts?(): BusCounts;
  /** Counts and logs a message that its receiver could not parse. `what` describes the defect. */
  reportMalformed?(subject: string, what: string): void;
  /**
   * True while messages can flow: false from the moment that a broker is known to be gone or to hang, until it is back.
   */
  connected(): boolean;
  /** Calls `onChange` when `connected()` changed. A bus that cannot lose its connection has no such method. */
  watch?(onChange: (connected: boolean) => void): Subscription;
}

/**
 * Header of the bus's answer to a request without subscribers: an empty message to the reply subject. NATS sends the
 * status line `NATS/1.0 503`; the adapters translate it into this header.
 */
export const NO_RESPONDERS_HEADERS: Readonly<Record<string, string>> = Object.freeze({ status: '503' });

/** True if `message` is the bus's notice that there is no subscriber. */
export function saysNoResponders(message: BusMessage): boolean {
  return message.payload.byteLength === 0 && message.headers.status === '503';
}
