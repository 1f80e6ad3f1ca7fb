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
import { settleStream } from '../nats/stream-settings.ts';
import { isWrongSequence } from '../nats/wrong-sequence.ts';

export interface NatsRecordsOptions extends NatsConnectOptions {
  /** Copies of each record, on as many brokers of a cluster. */
  readonly replicas: number;
  /** How long a record that is not written is kept, ms. */
  readonly keptMs: number;
}

export interface NatsRecords extends SessionRecords {
  close(): Promise<void>;
}

/** Time limit of a request to the broker, ms. */
const ANSWER_MS = 2_000;
const MS = 1_000_000; // nanoseconds

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
  const { within, close } = atBroker<KV>(link, { make: open, failed });

  async function open(): Promise<KV> {
    const { replicas, keptMs } = options;
    const client = jetstream(link.connection, { timeout: ANSWER_MS });
    const manager = await jetstreamManager(link.connection, { checkAPI: false, timeout: ANSWER_MS });
    const bucket = await new Kvm(client).create(RECORDS, {
      ...{ storage: StorageType.File, replicas, ttl: keptMs },
      // From the leader, which has the newest revision.
      allow_direct: false,
    });
    const changeable = { num_replicas: replicas, max_age: keptMs * MS };
    await settleStream(manager, { name: `KV_${RECORDS}`, ...changeable }, changeable);
    return bucket;
  }

  /** Rejects with the reason why a record of another revision was not written. */
  async function refuse(bucket: KV, session: string, revision: number, cause: unknown): Promise<never> {
    if (!isWrongSequence(cause)) throw cause;
    const found = await bucket.get(session);
    const isGone = revision > 0 && found?.operation !== 'PUT';
    throw new ParleyError(isGone ? 'SESSION_DELETED' : 'EPOCH_SUPERSEDED', session, { cause });
  }

  return {
    load: (session) =>
      within(async (bucket) => {
        const entry = await bucket.get(session);
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
          return refuse(bucket, session, revision, error);
        }
      }),
    delete: (session, revision) =>
      within(async (bucket) => {
        try {
          await bucket.purge(session, { previousSeq: revision });
        } catch (error) {
          await refuse(bucket, session, revision, error);
        }
      }),
    watch: (onChange) => within((bucket) => watch(bucket, onChange)),
    close,
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
