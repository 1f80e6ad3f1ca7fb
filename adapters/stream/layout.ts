import {
  AckPolicy,
  type ConsumerConfig,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { streamOf, subjectOf } from '../../actors/broker-names.ts';
import { type Role, STREAM_ROLES } from '../../actors/ports/event-stream.ts';
import { has, known, settleStream } from '../nats/stream-settings.ts';

const MS = 1_000_000; // nanoseconds
const DAY_MS = 86_400_000;

/** How long the broker recognises an event that is published again, ms. The relay sends again what is newer than half of it. */
export const DUPLICATE_WINDOW_MS = 1_200_000;
/** Events that all members of a group together may have at once. */
const GROUP_IN_HAND = 4_096;

export interface StreamSettings {
  /** Copies of each stream, on as many brokers of a cluster. */
  readonly replicas: number;
  /** Time without a sign of life from the consumer of an event after which another member of its group gets it, ms. */
  readonly ackWaitMs: number;
}

function streamConfig(name: Role | 'dead', { replicas }: StreamSettings) {
  return {
    name: streamOf(name),
    subjects: [subjectOf(name, '*')],
    storage: StorageType.File,
    num_replicas: replicas,
    duplicate_window: DUPLICATE_WINDOW_MS * MS,
    // An event leaves its stream when its consumer has acknowledged it; dead letters stay until an operator decides.
    retention: name === 'dead' ? RetentionPolicy.Limits : RetentionPolicy.Workqueue,
    max_age: (name === 'dead' ? 90 : 30) * DAY_MS * MS,
  } satisfies Partial<StreamConfig>;
}

function consumerConfig(role: Role, { ackWaitMs }: StreamSettings) {
  return {
    durable_name: role,
    ack_policy: AckPolicy.Explicit,
    ack_wait: ackWaitMs * MS,
    max_ack_pending: GROUP_IN_HAND,
    // The consumer counts the tries itself: the broker would only forget the event.
    max_deliver: -1,
  } satisfies Partial<ConsumerConfig>;
}

/** Makes the streams and consumers that are absent, and brings others to this version's settings. Repeating it changes nothing. */
export async function migrate(manager: JetStreamManager, settings: StreamSettings): Promise<void> {
  await Promise.all(
    ([...STREAM_ROLES, 'dead'] as const).map(async (name) => {
      const config = streamConfig(name, settings);
      const { retention: _fixed, storage: _too, ...changeable } = config;
      await settleStream(manager, config, changeable);
      if (name !== 'dead') await settleConsumer(manager, name, settings);
    }),
  );
}

async function settleConsumer({ consumers }: JetStreamManager, role: Role, settings: StreamSettings) {
  const config = consumerConfig(role, settings);
  const { ack_policy: _fixed, durable_name: _name, ...changeable } = config;
  const found = await known(() => consumers.info(streamOf(role), role));
  if (!found) await consumers.add(streamOf(role), config);
  else if (!has(found.config, changeable)) await consumers.update(streamOf(role), role, changeable);
}
