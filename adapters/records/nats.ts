import { setTimeout as wait } from 'node:timers/promises';
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import { z } from 'zod';
import { RECORDS } from '../../actors/broker-names.ts';
import type {
  RecordChange,
  SessionRecord,
  SessionRecordHead,
  SessionRecords,
} from '../../actors/ports/session-records.ts';
import { ParleyError } from '../../machines/errors.ts';
import { parseJson } from '../../machines/json.ts';
import { atBroker } from '../nats/at-broker.ts';
import { connectNats, type NatsConnectOptions } from '../nats/connect.ts';
import { watchQuorum } from '../nats/quorum.ts';
import { settleStream } from '../nats/stream-settings.ts';
import { isWrongSequence } from '../nats/wrong-sequence.ts';

export interface NatsRecordsOptions extends NatsConnectOptions {
  /** Copies of each record, on as many brokers of a cluster. */
  readonly replicas: number;
  /** How long a record that is not written is kept, ms. */
  readonly keptMs: number;
}

export interface NatsRecords extends SessionRecords {
  /** Resolves when the bucket is there and takes what it is sent: right after it was made, one in a cluster loses it. Rejects with BUS_UNREACHABLE. */
  proven(): Promise<void>;
  /** Whether the broker can be reached, as far as is known. */
  connected(): boolean;
  /** Whether nothing can be stored, because most brokers of the cluster are missing. */
  isStuck(): boolean;
  /** Calls `listener` when a lost connection is back: the broker may have lost its files. */
  onBack(listener: () => void): void;
  close(): Promise<void>;
}

/** Time limit of a request to the broker, ms. */
const ANSWER_MS = 2_000;
const MS = 1_000_000; // nanoseconds
/** How often a start tries to make the bucket, and sends a proof, which is answered within this time, ms. */
const STARTS = 5;
const PROOF_MS = 250;
const PROOFS = 20;
/** In the place of a session: what is sent only to see that it is stored. */
const PROOF = `$KV.${RECORDS}.proof`;

const headSchema = z.object({
  owner: z.string(),
  epoch: z.int().nonnegative(),
  leaseUntilMs: z.number().nonnegative(),
  contextVersion: z.int().positive(),
  opening: z.object({
    startedAt: z.string(),
    language: z.string(),
    user: z.string().exactOptional(),
    proof: z.string(),
  }),
});

/**
 * Session records in a key-value bucket of NATS JetStream, in files of the brokers. Rejects with BUS_UNREACHABLE if no broker can be
 * reached now; later it always reconnects.
 */
export async function natsRecords(options: NatsRecordsOptions): Promise<NatsRecords> {
  const link = await connectNats({ ...options, name: options.name ?? 'parley records' });
  const { connection } = link;
  const client = jetstream(connection, { timeout: ANSWER_MS });
  const backListeners: (() => void)[] = [];
  const { within, connected, close } = atBroker<KV>(link, {
    ...{ make: open, failed },
    onBack: () => {
      for (const listener of backListeners) listener();
    },
  });
  const quorum = watchQuorum(connection, [`KV_${RECORDS}`]);

  async function open(): Promise<KV> {
    const { replicas, keptMs } = options;
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS });
    const bucket = await new Kvm(client).create(RECORDS, {
      ...{ storage: StorageType.File, replicas, ttl: keptMs },
      // From the leader, which has the newest revision.
      allow_direct: false,
    });
    const changeable = { num_replicas: replicas, max_age: keptMs * MS };
    await settleStream(manager, { name: `KV_${RECORDS}`, ...changeable }, changeable);
    return bucket;
  }

  /** Sends an empty message until it is stored. */
  async function prove(): Promise<void> {
    for (let left = PROOFS; ; left--)
      try {
        await client.publish(PROOF, '', { timeout: PROOF_MS });
        return;
      } catch (cause) {
        if (left === 0 || !connected()) throw cause;
        // A stream without a leader is answered for at once.
        await wait(PROOF_MS);
      }
  }

  /** What the bucket has of a session, also if that is its deletion. */
  async function entryOf(bucket: KV, session: string): Promise<KvEntry | null> {
    const found = await bucket.get(session);
    if (found) return found;
    // A broker that has just become the leader may not know yet what it has; after a write it does.
    await client.publish(PROOF, '', { timeout: ANSWER_MS });
    return bucket.get(session);
  }

  /** Writes a record that was refused at this revision, if the brokers have lost it. Else rejects with the reason. */
  async function refused(
    bucket: KV,
    session: string,
    revision: number,
    cause: unknown,
    text?: string,
  ): Promise<number> {
    if (!isWrongSequence(cause)) throw cause;
    const found = await entryOf(bucket, session);
    if (found === null && text !== undefined && revision > 0)
      return bucket.create(session, text).catch((error) => refused(bucket, session, 0, error));
    const isGone = revision > 0 && found?.operation !== 'PUT';
    throw new ParleyError(isGone ? 'SESSION_DELETED' : 'EPOCH_SUPERSEDED', session, { cause });
  }

  return {
    async proven() {
      // Servers that start together make the same bucket, and a cluster does not answer each of them.
      for (let left = STARTS; ; left--)
        try {
          await within(prove);
          return;
        } catch (error) {
          if (left === 0 || !connected()) throw error;
        }
    },
    connected,
    isStuck: () => quorum.lost(),
    onBack: (listener) => void backListeners.push(listener),
    load: (session) =>
      within(async (bucket) => {
        const entry = await entryOf(bucket, session);
        if (entry?.operation !== 'PUT') return undefined;
        const [head, snapshot] = partsOf(entry);
        return head && { record: { ...head, snapshot }, revision: entry.revision };
      }),
    save: (session, record, revision) =>
      within(async (bucket) => {
        const text = textOf(record);
        try {
          // `create` also succeeds after a deletion.
          if (revision === 0) return await bucket.create(session, text);
          return await bucket.put(session, text, { previousSeq: revision });
        } catch (error) {
          return refused(bucket, session, revision, error, text);
        }
      }),
    delete: (session, revision) =>
      within(async (bucket) => {
        try {
          await bucket.purge(session, { previousSeq: revision });
        } catch (error) {
          await refused(bucket, session, revision, error);
        }
      }),
    watch: (onChange) => within((bucket) => watch(bucket, onChange)),
    close() {
      quorum.close();
      return close();
    },
  };
}

async function watch(bucket: KV, onChange: (change: RecordChange) => void): Promise<() => void> {
  // Those that are present are read, not awaited: an empty bucket says nothing.
  const present = new Set<string>();
  for await (const session of await bucket.keys()) present.add(session);
  const entries = await bucket.watch();
  await new Promise<void>((resolve) => {
    const follow = async () => {
      if (present.size === 0) resolve();
      for await (const entry of entries) {
        const { key, revision, operation } = entry;
        if (operation !== 'PUT') onChange({ session: key, revision, head: undefined });
        else {
          const [head] = partsOf(entry);
          if (head) onChange({ session: key, revision, head });
        }
        present.delete(key);
        if (present.size === 0) resolve();
      }
    };
    void follow();
  });
  return () => entries.stop();
}

/** The head as a line, then the snapshot: its JSON is not escaped again. */
function textOf({ snapshot, ...head }: SessionRecord): string {
  return `${JSON.stringify(head)}\n${snapshot}`;
}

function partsOf(entry: KvEntry): [SessionRecordHead | undefined, string] {
  const text = entry.string();
  const end = text.indexOf('\n');
  return [headSchema.safeParse(parseJson(text.slice(0, end))).data, text.slice(end + 1)];
}

function failed(cause: unknown): ParleyError {
  if (cause instanceof ParleyError) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ParleyError('BUS_UNREACHABLE', `session records: ${detail}`, { cause });
}
