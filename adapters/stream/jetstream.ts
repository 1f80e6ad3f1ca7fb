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
import { endDial, stopReconnecting } from '../nats/closing.ts';
import { connectNats, type NatsConnectOptions } from '../nats/connect.ts';
import { deadLetters, LETTER } from './dead-letters.ts';
import { migrate, type StreamSettings } from './layout.ts';
import { attempt, defaultTryLimits, type TryLimits } from './tries.ts';

export interface JetStreamOptions
  extends NatsConnectOptions,
    Pick<StreamSettings, 'replicas'>,
    Partial<TryLimits & Pick<StreamSettings, 'ackWaitMs'>> {
  readonly clock: Clock;
  /** Receives what goes wrong while consuming; it is tried again. */
  readonly onProblem: (error: ParleyError) => void;
}

/** Header with the event's id. `Nats-Msg-Id` is for the broker, which drops a second message with the same one. */
const ID = 'Parley-Event';
/** Time limit of a request to the broker, ms. */
const ANSWER_MS = 5_000;
/** Default time without a sign of life after which an event goes to another consumer, ms; there are three signs in it. */
const ACK_WAIT_MS = 10_000;
/** How long the broker holds a request for events, ms. */
const PULL_MS = 5_000;
/** Events published at once. */
const AT_ONCE = 256;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;
/** An event that was begun this many times as often as it may fail ends its consumer each time. */
const CRASHES = 4;

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
  const { connection, backoff } = await connectNats({ ...options, name: options.name ?? 'parley streams' });
  const restartListeners: (() => void)[] = [];
  const closing = new AbortController();
  let manager: Promise<JetStreamManager> | undefined;

  async function follow(): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'reconnecting') backoff.attempted();
      if (status.type !== 'reconnect') continue;
      backoff.connected();
      manager = undefined; // the broker may have come back without its streams
      for (const listener of restartListeners) listener();
    }
  }
  void follow();

  /** The streams as they should be; made again after a failure. */
  function ready(): Promise<JetStreamManager> {
    manager ??= (async () => {
      const made = await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS });
      await migrate(made, { ...options, ackWaitMs });
      return made;
    })();
    const current = manager;
    current.catch(() => {
      if (manager === current) manager = undefined;
    });
    return current;
  }

  async function send(
    stream: Role | 'dead',
    { id, body }: StreamEvent,
    more: Readonly<Record<string, string>>,
  ) {
    await ready();
    const headers = makeHeaders();
    for (const [name, value] of Object.entries({ [ID]: id, ...more })) headers.set(name, value);
    await jetstream(connection, { timeout: ANSWER_MS }).publish(
      subjectOf(stream, body.sessionId),
      encoder.encode(JSON.stringify(body)),
      { headers },
    );
  }

  async function publish(event: StreamEvent): Promise<void> {
    try {
      await send(ROLE_OF[event.body.type], event, { 'Nats-Msg-Id': event.id });
    } catch (cause) {
      manager = undefined;
      throw failed(cause);
    }
  }

  const bury = ({ event, ...letter }: DeadLetter) =>
    send('dead', event, { 'Nats-Msg-Id': `dead ${event.id} ${letter.at}`, [LETTER]: JSON.stringify(letter) });

  async function handleOne(message: JsMsg, handle: EventHandler): Promise<void> {
    const event = eventOf(message.headers, message.data);
    // Not of this server: nobody can handle it.
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

  async function pull(role: Role, handle: EventHandler, signal: AbortSignal): Promise<void> {
    await ready();
    const consumer = await jetstream(connection, { timeout: ANSWER_MS }).consumers.get(streamOf(role), role);
    const batch = await consumer.fetch({ max_messages: IN_HAND[role], expires: PULL_MS });
    const stop = () => void batch.close();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const handling: Promise<unknown>[] = [];
    try {
      // What cannot be acknowledged comes again.
      for await (const message of batch) handling.push(handleOne(message, handle).catch(report));
    } finally {
      signal.removeEventListener('abort', stop);
      await Promise.all(handling);
    }
  }

  async function consumeUntil(role: Role, handle: EventHandler, signal: AbortSignal): Promise<void> {
    const wait = new Backoff(FIRST_WAIT_MS, LONGEST_WAIT_MS);
    while (!signal.aborted) {
      try {
        await pull(role, handle, signal);
        wait.reset();
      } catch (cause) {
        if (signal.aborted) return;
        manager = undefined;
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
    publish,
    atOnce: () => AT_ONCE,
    consume(role, handle) {
      const own = new AbortController();
      const ended = consumeUntil(role, handle, AbortSignal.any([own.signal, closing.signal]));
      return {
        async close() {
          own.abort();
          await ended;
          if (!connection.isClosed()) await connection.flush().catch(() => {});
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
    onRestart: (listener) => {
      restartListeners.push(listener);
    },
    async close() {
      closing.abort();
      stopReconnecting(connection);
      if (!connection.isClosed()) await connection.close();
      endDial(connection);
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
  return new ParleyError('STREAM_FAILED', cause instanceof Error ? cause.message : String(cause), { cause });
}
