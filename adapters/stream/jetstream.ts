import { type JetStreamManager, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type MsgHdrs, headers as makeHeaders } from '@nats-io/transport-node';
import { Backoff } from '../../actors/backoff.ts';
import { streamOf, subjectOf } from '../../actors/broker-names.ts';
import { pause } from '../../actors/cancellation.ts';
import {
  type DeadLetter,
  type EventHandler,
  type EventStreams,
  IN_HAND,
  ROLE_OF,
  type Role,
  STREAM_ROLES,
  type StreamEvent,
} from '../../actors/ports/event-stream.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { parseJson } from '../../machines/json.ts';
import { eventBody } from '../event-body.ts';
import { atBroker } from '../nats/at-broker.ts';
import { connectNats, type NatsConnectOptions } from '../nats/connect.ts';
import { watchQuorum } from '../nats/quorum.ts';
import { deadLetters, LETTER } from './dead-letters.ts';
import { migrate, type StreamSettings } from './layout.ts';
import { MESSAGE_ID, storeOnce } from './store-once.ts';
import { attempt, defaultTryLimits, type TryLimits } from './tries.ts';

export interface JetStreamOptions
  extends NatsConnectOptions,
    Pick<StreamSettings, 'replicas'>,
    Partial<TryLimits & Pick<StreamSettings, 'ackWaitMs'>> {
  readonly clock: Clock;
  /** Receives what goes wrong while consuming; it is tried again. */
  readonly onProblem: (error: ParleyError) => void;
}

/** Header with the event's id. */
const ID = 'Parley-Event';
/** Time limit of a request to the broker, ms. */
const ANSWER_MS = 5_000;
/** Default time without a sign of life after which an event goes to another consumer, ms; there are three signs in it. */
const ACK_WAIT_MS = 10_000;
/** How long the broker holds a request for events, ms. */
const PULL_MS = 5_000;
/** How long the end of a consumer waits for a broker, ms. */
const FLUSH_MS = 1_000;
/** Events published at once. */
const AT_ONCE = 256;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;
/** An event that was begun this many times as often as it may fail ends its consumer each time. */
const CRASHES = 4;

interface Consumption {
  readonly role: Role;
  readonly handle: EventHandler;
  readonly signal: AbortSignal;
  /** Events that are being handled. */
  readonly hands: Set<Promise<void>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Streams in NATS JetStream, which it makes and migrates. Rejects with BUS_UNREACHABLE if the broker cannot be reached
 * now; later it always reconnects.
 */
export async function jetStreams(options: JetStreamOptions): Promise<EventStreams> {
  const { clock, onProblem } = options;
  const limits = { ...defaultTryLimits, ...options };
  const { ackWaitMs = ACK_WAIT_MS } = options;
  const link = await connectNats({ ...options, name: options.name ?? 'parley streams' });
  const { connection } = link;
  const client = jetstream(connection, { timeout: ANSWER_MS });
  const backListeners: ((mayHaveLost: boolean) => void)[] = [];
  let brokerId = connection.info?.server_id;
  const closing = new AbortController();
  const broker = atBroker<JetStreamManager>(link, {
    ...{ make: open, failed },
    onBack: () => {
      const before = brokerId;
      // New with each start of a broker.
      brokerId = connection.info?.server_id;
      // With copies, most of the brokers had an event before it was acknowledged.
      const mayHaveLost = options.replicas === 1 && brokerId !== before;
      for (const listener of backListeners) listener(mayHaveLost);
    },
  });

  const quorum = watchQuorum(connection, [...STREAM_ROLES, 'dead' as const].map(streamOf));

  /** The streams as they should be. */
  async function open(): Promise<JetStreamManager> {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS });
    await migrate(manager, { ...options, ackWaitMs });
    return manager;
  }

  const ready = () => broker.within(async (manager) => manager);

  async function send(
    stream: Role | 'dead',
    { id, body }: StreamEvent,
    more: Readonly<Record<string, string>>,
  ) {
    const headers = makeHeaders();
    for (const [name, value] of Object.entries({ [ID]: id, ...more })) headers.set(name, value);
    const bytes = encoder.encode(JSON.stringify(body));
    await broker.within(() => storeOnce(client, subjectOf(stream, body.sessionId), bytes, headers));
  }

  const bury = ({ event, ...letter }: DeadLetter) =>
    send('dead', event, { [MESSAGE_ID]: `dead ${event.id} ${letter.at}`, [LETTER]: JSON.stringify(letter) });

  async function handleOne(message: JsMsg, handle: EventHandler): Promise<void> {
    const event = eventOf(message.headers, message.data);
    // Not of this server, so no role can handle it.
    if (!event) return message.term();
    const tries = message.info.deliveryCount;
    let beat = clock.setTimer(ackWaitMs / 3, alive);
    function alive(): void {
      if (connection.isClosed()) return;
      message.working();
      beat = clock.setTimer(ackWaitMs / 3, alive);
    }
    try {
      const result =
        tries > CRASHES * limits.maxTries
          ? crashed(event, tries)
          : await attempt(event, tries, handle, limits);
      if (typeof result === 'number') return message.nak(result);
      if (result) await bury(result);
      message.ack();
    } finally {
      beat.cancel();
    }
  }

  const report = (cause: unknown) => onProblem(failed(cause));

  async function pull({ role, handle, signal, hands }: Consumption): Promise<void> {
    const batch = await broker.within(async () => {
      const consumer = await client.consumers.get(streamOf(role), role);
      return consumer.fetch({ max_messages: IN_HAND[role], expires: PULL_MS });
    });
    const stop = () => void batch.close();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const message of batch) {
        // Another member gets it.
        if (signal.aborted) message.nak();
        else {
          // What cannot be acknowledged comes again.
          const handling = handleOne(message, handle).catch(report);
          hands.add(handling);
          void handling.then(() => hands.delete(handling));
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await Promise.all(hands);
    }
  }

  async function consumeUntilAborted(consumption: Consumption): Promise<void> {
    const { signal } = consumption;
    const wait = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
    while (!signal.aborted) {
      try {
        await pull(consumption);
        wait.reset();
      } catch (cause) {
        if (signal.aborted) return;
        report(cause);
        const again = await pause(clock, wait.nextMs(), signal).then(
          () => true,
          () => false,
        );
        if (!again) return;
      }
    }
  }

  return {
    publish: (event) => send(ROLE_OF[event.body.type], event, { [MESSAGE_ID]: event.id }),
    atOnce: () => AT_ONCE,
    consume(role, handle) {
      const own = new AbortController();
      const hands = new Set<Promise<void>>();
      const signal = AbortSignal.any([own.signal, closing.signal]);
      void consumeUntilAborted({ role, handle, signal, hands });
      return {
        async close() {
          own.abort();
          // A request to a broker that does not answer is not waited for.
          await Promise.all(hands);
          // So that the broker has the acknowledgements. Those that it does not get in time come again.
          const sent = connection.isClosed() ? Promise.resolve() : connection.flush().catch(() => {});
          const late = new AbortController();
          await Promise.race([sent, pause(clock, FLUSH_MS, late.signal).catch(() => {})]);
          late.abort();
        },
      };
    },
    dead: deadLetters(ready, eventOf, (event) => send(ROLE_OF[event.body.type], event, {})),
    async forget(sessions) {
      const { streams } = await ready();
      // One by one: a purge by subject leaves bytes on the disk, and nats-server 2.9 then skips other events.
      for (const name of [...STREAM_ROLES, 'dead'] as const)
        for (const session of sessions) {
          const of = { last_by_subj: subjectOf(name, session) };
          for (let last = await streams.getMessage(streamOf(name), of); last; ) {
            await streams.deleteMessage(streamOf(name), last.seq, true);
            last = await streams.getMessage(streamOf(name), of);
          }
        }
    },
    onBack: (listener) => {
      backListeners.push(listener);
    },
    isStuck: () => quorum.lost(),
    async close() {
      closing.abort();
      quorum.close();
      await broker.close();
    },
  };
}

function eventOf(headers: MsgHdrs | undefined, data: Uint8Array): StreamEvent | undefined {
  const id = headers?.get(ID);
  const body = eventBody.safeParse(parseJson(decoder.decode(data)));
  return id && body.success ? { id, body: body.data } : undefined;
}

function crashed(event: StreamEvent, tries: number): DeadLetter {
  return { event, error: 'its consumer ended while handling it', tries, at: new Date().toISOString() };
}

function failed(cause: unknown): ParleyError {
  if (cause instanceof ParleyError) return cause;
  return new ParleyError('STREAM_FAILED', cause instanceof Error ? cause.message : String(cause), { cause });
}
