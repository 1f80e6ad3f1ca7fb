import { type JetStreamManager, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { z } from 'zod';
import { bucketOf, FILES } from '../../actors/broker-names.ts';
import {
  SHARED_AREAS,
  type SharedArea,
  type SharedEntry,
  type SharedFiles,
  type SharedKey,
  type SharedStore,
} from '../../actors/ports/shared-store.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Json, parseJson } from '../../machines/json.ts';
import { atBroker } from '../nats/at-broker.ts';
import { connectNats, type NatsConnectOptions } from '../nats/connect.ts';
import { settleStream } from '../nats/stream-settings.ts';
import { isWrongSequence } from '../nats/wrong-sequence.ts';
import { areaOf, nameOf } from './keys.ts';

export interface NatsSharedOptions extends NatsConnectOptions {
  /** Copies of each bucket, on as many brokers of a cluster. */
  readonly replicas: number;
  /** Maximum size of all files together, bytes. */
  readonly fileBytes: number;
  readonly nowMs: () => number;
  /** Receives what goes wrong while watching; it is tried again at the next connection. */
  readonly onProblem: (error: ParleyError) => void;
}

/** Time limit of a request to the broker, ms. */
const ANSWER_MS = 5_000;
const MS = 1_000_000; // nanoseconds
/** Maximum size of an area, bytes. When it is full, writing fails until values are over. */
const AREA_BYTES = 32 << 20;
/** A file that no server has written for this long is deleted, ms. */
const FILE_KEPT_MS = 30 * 86_400_000;
/** `untilMs`: absent for a value without an end of its own. */
const stored = z.object({ value: z.json(), untilMs: z.number().exactOptional() });

/** Each is opened when it is first used: a worker needs the files only, and may have no right to the rest. */
interface Buckets {
  area(area: SharedArea): Promise<KV>;
  files(): Promise<ObjectStore>;
}

/**
 * Shared state in NATS JetStream: a bucket for each area and one for files, which it makes and migrates. Rejects with
 * BUS_UNREACHABLE if the broker cannot be reached now; later it always reconnects.
 */
export async function natsShared(
  options: NatsSharedOptions,
): Promise<{ readonly store: SharedStore; readonly files: SharedFiles }> {
  const { nowMs, onProblem, fileBytes } = options;
  const link = await connectNats({ ...options, name: options.name ?? 'parley shared' });
  const { connection } = link;
  const watches = new Set<() => void>();
  const { within, close } = atBroker<Buckets>(link, {
    ...{ make: open, failed },
    onBack: () => {
      for (const begin of watches) begin();
    },
  });

  async function open(): Promise<Buckets> {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: ANSWER_MS });
    const client = jetstream(connection, { timeout: ANSWER_MS });
    const areas = new Map<SharedArea, Promise<KV>>();
    const openFiles = async () => {
      const [num_replicas, max_bytes, max_age] = [options.replicas, fileBytes, FILE_KEPT_MS * MS];
      const made = await new Objm(client).create(FILES, {
        ...{ storage: StorageType.File, replicas: num_replicas, max_bytes, ttl: max_age },
      });
      await settleStream(manager, { name: `OBJ_${FILES}` }, { num_replicas, max_bytes, max_age });
      return made;
    };
    let files: Promise<ObjectStore> | undefined;
    return {
      area(area) {
        const opened = areas.get(area) ?? openArea(new Kvm(client), manager, area, options);
        areas.set(area, opened);
        return opened;
      },
      files() {
        files ??= openFiles();
        return files;
      },
    };
  }

  const inArea = <Result>(area: SharedArea, work: (bucket: KV) => Promise<Result>) =>
    within(async (opened) => work(await opened.area(area)));

  const liveValue = (entry: KvEntry | null): SharedEntry | undefined => {
    if (entry?.operation !== 'PUT') return undefined;
    const parsed = stored.safeParse(parseJson(entry.string()));
    if (!parsed.success || (parsed.data.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs()) return undefined;
    return { value: parsed.data.value, revision: entry.revision };
  };
  const envelope = (value: Json, ttlMs?: number) =>
    JSON.stringify({ value, ...(ttlMs !== undefined && { untilMs: nowMs() + ttlMs }) });
  const get = (key: SharedKey) =>
    inArea(areaOf(key), async (bucket) => liveValue(await bucket.get(nameOf(key))));
  const keys = (area: SharedArea) =>
    inArea(area, async (bucket) => {
      const found: SharedKey[] = [];
      for await (const name of await bucket.keys()) found.push(`${area}:${name}`);
      return found;
    });

  const store: SharedStore = {
    get,
    put: (key, value, ttlMs) =>
      inArea(areaOf(key), async (bucket) => {
        await bucket.put(nameOf(key), envelope(value, ttlMs));
      }),
    swap: (key, value, revision, ttlMs) =>
      inArea(areaOf(key), async (bucket) => {
        // A value that is over, or deleted, still has a revision at the broker.
        const before = revision === 0 ? await bucket.get(nameOf(key)) : undefined;
        if (before && liveValue(before)) return false;
        const previousSeq = before?.revision ?? revision;
        try {
          await bucket.put(nameOf(key), envelope(value, ttlMs), { previousSeq });
          return true;
        } catch (error) {
          if (isWrongSequence(error)) return false;
          throw error;
        }
      }),
    delete: (key) => inArea(areaOf(key), (bucket) => bucket.purge(nameOf(key))),
    async keys(area) {
      const all = await keys(area);
      const values = await Promise.all(all.map(get));
      return all.filter((_, i) => values[i]);
    },
    async clear(area) {
      const all = await keys(area);
      await inArea(area, (bucket) => Promise.all(all.map((key) => bucket.purge(nameOf(key)))));
    },
    watch(area, onChange) {
      const seen = new Map<SharedKey, number>();
      let end = () => {};
      let ended = false;
      const listen = async () => {
        const entries = await inArea(area, (bucket) => bucket.watch());
        if (ended) return entries.stop();
        end = () => entries.stop();
        for await (const entry of entries) {
          const key: SharedKey = `${area}:${entry.key}`;
          // After a new connection all values come again.
          if (seen.get(key) === entry.revision || ended) continue;
          seen.set(key, entry.revision);
          onChange(key, liveValue(entry)?.value);
        }
      };
      const begin = () => {
        end();
        listen().catch((error) => onProblem(failed(error)));
      };
      watches.add(begin);
      begin();
      return () => {
        ended = true;
        watches.delete(begin);
        end();
      };
    },
    async close() {
      watches.clear();
      await close();
    },
  };

  return {
    store,
    files: {
      has: (name) =>
        within(async (opened) => {
          const info = await (await opened.files()).info(name);
          return info !== null && !info.deleted;
        }),
      get: (name) => within(async (opened) => (await (await opened.files()).getBlob(name)) ?? undefined),
      put: (name, bytes) =>
        within(async (opened) => {
          const files = await opened.files();
          await makeRoom(files, bytes.length, fileBytes);
          await files.putBlob({ name }, bytes);
        }),
    },
  };
}

/** Makes an area's bucket, or brings it to this version's settings. */
async function openArea(
  manager: Kvm,
  streams: JetStreamManager,
  area: SharedArea,
  { replicas }: Pick<NatsSharedOptions, 'replicas'>,
): Promise<KV> {
  const { keptMs, private: inMemory } = SHARED_AREAS[area];
  const bucket = await manager.create(bucketOf(area), {
    storage: inMemory ? StorageType.Memory : StorageType.File,
    replicas,
    max_bytes: AREA_BYTES,
    ...(keptMs !== undefined && { ttl: keptMs }),
    // From the leader of the bucket, which has the newest revision.
    allow_direct: false,
  });
  const max_age = (keptMs ?? 0) * MS;
  await settleStream(
    streams,
    { name: `KV_${bucketOf(area)}` },
    { num_replicas: replicas, max_bytes: AREA_BYTES, max_age },
  );
  return bucket;
}

/** Deletes the oldest files until a new one has room, with its description. */
async function makeRoom(files: ObjectStore, bytes: number, maxBytes: number): Promise<void> {
  const { size } = await files.status();
  let excess = size + bytes + 4_096 - maxBytes;
  if (excess <= 0) return;
  const all = (await files.list()).toSorted((a, b) => a.mtime.localeCompare(b.mtime));
  for (const { name, size } of all) {
    if (excess <= 0) return;
    await files.delete(name);
    excess -= size;
  }
}

function failed(cause: unknown): ParleyError {
  if (cause instanceof ParleyError) return cause;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ParleyError('BUS_UNREACHABLE', `shared state: ${detail}`, { cause });
}
