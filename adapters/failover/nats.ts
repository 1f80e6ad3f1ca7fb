import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  DiscardPolicy,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { z } from 'zod';
import {
  LEASES,
  JOURNAL_SUBJECTS as SUBJECTS,
  journalStream as streamName,
} from '../../actors/broker-names.ts';
import type { JournalStream, StreamedBatch } from '../../actors/ports/journal-stream.ts';
import type { LeaseStore } from '../../actors/ports/lease.ts';
import { ParleyError } from '../../machines/errors.ts';
import { parseJson } from '../../machines/json.ts';
import { atBroker } from '../nats/at-broker.ts';
import { connectNats, type NatsConnectOptions } from '../nats/connect.ts';
import { watchQuorum } from '../nats/quorum.ts';
import { settleStream } from '../nats/stream-settings.ts';
import { isWrongSequence } from '../nats/wrong-sequence.ts';
import { parseBatch } from './batch.ts';
import { readSubject, readTail, STEP_MS, type StoredMessage } from './reader.ts';

export interface NatsFailoverOptions extends NatsConnectOptions {
  /** Copies of the leases and of each stream, on as many brokers of a cluster. */
  readonly replicas: number;
  /** Streams among which sessions are divided. All servers must have the same number. */
  readonly shards: number;
  /** How long a lease that is not renewed, and a batch, are kept, ms. */
  readonly keptMs: number;
  /** Maximum size of each stream, bytes; beyond it the oldest batches go. */
  readonly streamBytes: number;
}

export interface NatsFailover {
  readonly leases: LeaseStore;
  readonly stream: JournalStream;
  /** Resolves when all of them are there and take what they are sent: right after it was made, one in a cluster loses it. Rejects with BUS_UNREACHABLE. */
  proven(): Promise<void>;
  /** Whether the broker can be reached, as far as is known. */
  connected(): boolean;
  /** Whether nothing can be stored, because most brokers of the cluster are missing. */
  isStuck(): boolean;
  /** Calls `listener` when a lost connection is back: the broker may have lost its memory. */
  onBack(listener: () => void): void;
  close(): Promise<void>;
}

/** Time limit of a request to the broker, ms. What got no answer is asked again, so it must not be long. */
const ANSWER_MS = 2_000;
const MS = 1_000_000; // nanoseconds
const LEASE_BYTES = 64 << 20;
/** How often a start tries to make everything, and sends a proof, which is answered within this time, ms. */
const STARTS = 5;
const PROOF_MS = 250;
const PROOFS = 20;
/** In the place of a session: what is sent only to see that it is stored. */
const PROOF = 'proof';

const leaseSchema = z.object({
  server: z.string(),
  url: z.string(),
  epoch: z.int().positive(),
  proof: z.string(),
  machine: z.string(),
  user: z.string().exactOptional(),
});

const encoder = new TextEncoder();

interface Opened {
  readonly manager: JetStreamManager;
  /** For reading whole journals. */
  readonly readers: JetStreamManager;
  readonly bucket: KV;
}

/**
 * Leases in a key-value bucket, and journals in streams, of NATS JetStream, both in the memory of the brokers: what users say is
 * never on their disks. Makes them, and brings them to these settings. Rejects with BUS_UNREACHABLE if the broker cannot be
 * reached now; later it always reconnects.
 */
export async function natsFailover(options: NatsFailoverOptions): Promise<NatsFailover> {
  const { shards } = options;
  const link = await connectNats({ ...options, name: options.name ?? 'parley failover' });
  const { connection } = link;
  const client = jetstream(connection, { timeout: ANSWER_MS });
  const backListeners: (() => void)[] = [];
  const { within, connected, close } = atBroker<Opened>(link, {
    ...{ make: open, failed },
    onBack: () => {
      for (const listener of backListeners) listener();
    },
  });

  const journals = Array.from({ length: shards }, (_, shard) => streamName(shard));
  const quorum = watchQuorum(connection, [`KV_${LEASES}`, ...journals]);

  async function open(): Promise<Opened> {
    const managerIn = (timeout: number) => jetstreamManager(connection, { checkAPI: false, timeout });
    const manager = await managerIn(ANSWER_MS);
    const { replicas, keptMs, streamBytes } = options;
    const changeable = { num_replicas: replicas, max_age: keptMs * MS, max_bytes: streamBytes };
    const journal = (shard: number) =>
      settleStream(
        manager,
        {
          ...{ name: streamName(shard), subjects: [`${SUBJECTS}.${shard}.*`], ...changeable },
          ...{ storage: StorageType.Memory, discard: DiscardPolicy.Old, allow_direct: false },
        },
        changeable,
      );
    const [bucket] = await Promise.all([
      new Kvm(client).create(LEASES, {
        ...{ storage: StorageType.Memory, replicas, max_bytes: LEASE_BYTES, ttl: keptMs },
        // From the leader of the bucket, which has the newest revision.
        allow_direct: false,
      }),
      ...Array.from({ length: shards }, (_, shard) => journal(shard)),
    ]);
    return { manager, bucket, readers: await managerIn(STEP_MS) };
  }

  /** Sends an empty message to `subject` until it is stored. */
  async function prove(subject: string): Promise<void> {
    for (let left = PROOFS; ; left--)
      try {
        await client.publish(subject, '', { timeout: PROOF_MS });
        return;
      } catch (cause) {
        if (left === 0 || !connected()) throw cause;
        // A stream without a leader is answered for at once.
        await wait(PROOF_MS);
      }
  }

  const place = (session: string) => {
    const shard = shardOf(session, shards);
    return { name: streamName(shard), subject: `${SUBJECTS}.${shard}.${session}` };
  };
  async function last(
    manager: JetStreamManager,
    session: string,
    known = 1,
  ): Promise<StreamedBatch | undefined> {
    const { name, subject } = place(session);
    const look = () => manager.streams.getMessage(name, { last_by_subj: subject });
    let message = await look();
    if ((message?.seq ?? 0) < known) message = await afterWrite(proofOf(subject), look);
    return message === null ? undefined : streamed(message);
  }

  /** Looks again after a write: a broker that has just become the leader may not know yet what it has, but then it does. */
  async function afterWrite<Found>(subject: string, look: () => Promise<Found>): Promise<Found> {
    await client.publish(subject, '', { timeout: ANSWER_MS });
    return look();
  }

  return {
    async proven() {
      const subjects = Array.from({ length: shards }, (_, shard) => `${SUBJECTS}.${shard}`);
      // Servers that start together make the same things, and a cluster does not answer each of them.
      for (let left = STARTS; ; left--)
        try {
          await within(() =>
            Promise.all([`$KV.${LEASES}`, ...subjects].map((one) => prove(proofOf(`${one}.`)))),
          );
          return;
        } catch (error) {
          if (left === 0 || !connected()) throw error;
        }
    },
    connected,
    isStuck: () => quorum.lost(),
    onBack: (listener) => void backListeners.push(listener),
    leases: {
      read: (session) =>
        within(async ({ bucket }) => {
          const look = () => bucket.get(session);
          const entry = (await look()) ?? (await afterWrite(proofOf(`$KV.${LEASES}.${session}`), look));
          if (entry?.operation !== 'PUT') return undefined;
          const parsed = leaseSchema.safeParse(parseJson(entry.string()));
          return parsed.success ? { lease: parsed.data, revision: entry.revision } : undefined;
        }),
      swap: (session, lease, revision) =>
        within(async ({ bucket }) => {
          const text = JSON.stringify(lease);
          try {
            // `create` also succeeds after a deletion.
            if (revision === 0) return await bucket.create(session, text);
            return await bucket.put(session, text, { previousSeq: revision });
          } catch (error) {
            if (isWrongSequence(error)) return undefined;
            throw error;
          }
        }),
      all: () =>
        within(async ({ bucket }) => {
          const sessions: string[] = [];
          for await (const session of await bucket.keys()) if (session !== PROOF) sessions.push(session);
          return sessions;
        }),
      release: (session, revision) =>
        within(async ({ bucket }) => {
          try {
            await bucket.purge(session, { previousSeq: revision });
            return true;
          } catch (error) {
            if (isWrongSequence(error)) return false;
            throw error;
          }
        }),
    },
    stream: {
      maxBatch: Math.floor((connection.info?.max_payload ?? 1 << 20) / 4),
      append: (session, batch, lastSeq) =>
        within(async () => {
          const { subject } = place(session);
          const bytes = encoder.encode(JSON.stringify(batch));
          try {
            const expect = { lastSubjectSequence: lastSeq };
            return (await client.publish(subject, bytes, { expect, timeout: ANSWER_MS })).seq;
          } catch (error) {
            if (isWrongSequence(error)) return undefined;
            throw error;
          }
        }),
      last: (session, known) => within(({ manager }) => last(manager, session, known)),
      read: (session, upTo, from = 1) =>
        within(async ({ manager, readers }) => {
          const end = upTo ?? (await last(manager, session))?.seq;
          if (end === undefined) return [];
          const { name, subject } = place(session);
          const options = { client, manager: readers, stream: name, subject };
          const found = from > 1 ? await readTail(options, from, end) : await readSubject(options, end);
          return found.map(streamed);
        }),
      delete: (session) =>
        within(async ({ manager }) => {
          const { name, subject } = place(session);
          await manager.streams.purge(name, { filter: subject });
        }),
    },
    close() {
      quorum.close();
      return close();
    },
  };
}

/** Subject beside this one, of a session, that takes empty messages as proofs. */
function proofOf(subject: string): string {
  return subject.replace(/[^.]*$/u, PROOF);
}

/** The stream among `shards` that has the journal of a session. */
export function shardOf(session: string, shards: number): number {
  return createHash('sha256').update(session).digest().readUInt32LE() % shards;
}

function streamed({ seq, data, timestamp }: StoredMessage): StreamedBatch {
  const batch = parseBatch(data);
  if (!batch) throw new ParleyError('JOURNAL_FORMAT', 'a batch of another version');
  return { batch, seq, atMs: Date.parse(timestamp) };
}

function failed(cause: unknown): ParleyError {
  if (cause instanceof ParleyError) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ParleyError('BUS_UNREACHABLE', `failover: ${detail}`, { cause });
}
