import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { opening, recordOf } from '../../actors/failover/stores-test-util.ts';
import type { JournalBatch } from '../../actors/ports/journal-stream.ts';
import { folderOfFile } from '../../test/support/after-test.ts';
import { startNatsCluster } from '../../test/support/nats-cluster.ts';
import type { NatsServer } from '../../testing/nats-server.ts';
import { type NatsFailover, natsFailover } from './nats.ts';

const folder = folderOfFile();
let brokers: readonly NatsServer[];
let failover: NatsFailover;
beforeAll(async () => {
  brokers = await startNatsCluster(folder);
  const url = brokers.map((one) => one.url).join();
  failover = await natsFailover({ url, replicas: 3, shards: 2, keptMs: 3_600_000, streamBytes: 64 << 20 });
});
afterAll(async () => {
  await failover.close();
  for (const broker of brokers) await broker.stop();
});

let sessions = 0;
let session: string;
beforeEach(() => {
  sessions += 1;
  session = `session-${sessions}`;
});

const batch = (server: string, number: number, records: number[] = []): JournalBatch => ({
  ...{ server, epoch: 1, number, records: records.map(recordOf) },
  ...(number === 0 && { opening }),
});

describe('leases in a cluster of three', () => {
  it('are written only by who knows the last revision', async () => {
    const { leases } = failover;
    expect(await leases.read(session)).toBeUndefined();
    const a = { server: 'a', url: 'ws://a', epoch: 1, proof: 'p', machine: 'm' };
    const first = (await leases.swap(session, a, 0)) ?? 0;
    expect(first).toBeGreaterThan(0);
    expect(await leases.swap(session, a, 0)).toBeUndefined();
    expect(await leases.read(session)).toEqual({ lease: a, revision: first });
    const b = { server: 'b', url: 'ws://b', epoch: 2, proof: 'p', machine: 'm', user: 'u' };
    const second = (await leases.swap(session, b, first)) ?? 0;
    expect(second).toBeGreaterThan(first);
    expect(await leases.swap(session, a, first)).toBeUndefined();
    expect(await leases.release(session, first)).toBe(false);
    expect(await leases.read(session)).toEqual({ lease: b, revision: second });
    expect(await leases.all()).toEqual([session]);
    expect(await leases.release(session, second)).toBe(true);
    expect(await leases.all()).toEqual([]);
    expect(await leases.read(session)).toBeUndefined();
    expect(await leases.swap(session, a, 0)).toBeGreaterThan(second);
  });
});

describe('journals in a cluster of three', () => {
  it('take a batch only after the one that its server knows', async () => {
    const { stream } = failover;
    const first = (await stream.append(session, batch('a', 0, [0, 1]), 0)) ?? 0;
    expect(await stream.append(session, batch('a', 0, [0, 1]), 0)).toBeUndefined();
    expect(await stream.append('another', batch('a', 0, [0]), 0)).toBeDefined();
    const second = (await stream.append(session, batch('a', 1, [2]), first)) ?? 0;
    expect(await stream.append(session, batch('b', 0), first)).toBeUndefined();
    const all = await stream.read(session);
    expect(all.map(({ seq }) => seq)).toEqual([first, second]);
    expect(all.map((one) => one.batch)).toEqual([batch('a', 0, [0, 1]), batch('a', 1, [2])]);
    expect(await stream.last(session)).toEqual(all[1]);
  });

  it('are read whole, and leave nothing when they are deleted', async () => {
    const { stream } = failover;
    let last = 0;
    for (let i = 0; i < 1_200; i++) last = (await stream.append(session, batch('a', i, [i]), last)) ?? 0;
    const all = await stream.read(session);
    expect(all.flatMap((one) => one.batch.records.map(({ record }) => record))).toEqual(
      Array.from({ length: 1_200 }, (_, i) => i),
    );
    expect(await stream.read(session, last, all.at(-3)?.seq)).toEqual(all.slice(-3));
    await stream.delete(session);
    expect(await stream.read(session)).toEqual([]);
    expect(await stream.last(session)).toBeUndefined();
    expect(await stream.append(session, batch('a', 0, [0]), 0)).toBeGreaterThan(last);
  });

  it('keep what they acknowledged when a broker is killed', async () => {
    const { stream, leases } = failover;
    const first = (await stream.append(session, batch('a', 0, [0]), 0)) ?? 0;
    const revision = await leases.swap(
      session,
      { server: 'a', url: 'ws://a', epoch: 1, proof: 'p', machine: 'm' },
      0,
    );
    await brokers[0]?.kill();
    try {
      const again = { timeout: 30_000, interval: 200 };
      await expect.poll(() => stream.read(session).catch(() => []), again).toHaveLength(1);
      await expect.poll(() => leases.read(session).catch(() => undefined), again).toMatchObject({ revision });
      await expect
        .poll(() => stream.append(session, batch('a', 1, [1]), first).catch(() => 0), again)
        .toBeGreaterThan(first);
    } finally {
      await brokers[0]?.restart();
    }
  });
});
