import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOfFile } from '../../test/support/after-test.ts';
import { type NatsServer, startNatsServer } from '../../testing/nats-server.ts';
import { recordsConformance } from './conformance-test-util.ts';
import { type NatsRecords, natsRecords } from './nats.ts';

const folder = folderOfFile();
let broker: NatsServer;
let both: readonly [NatsRecords, NatsRecords];
beforeAll(async () => {
  broker = await startNatsServer({ args: ['-js', '-sd', folder] });
  const open = () => natsRecords({ url: broker.url, replicas: 1, keptMs: 3_600_000 });
  both = [await open(), await open()];
});
afterAll(async () => {
  for (const records of both) await records.close();
  await broker.stop();
});

describe('session records in JetStream', () => {
  recordsConformance(async () => both);

  it('are there when the broker was killed and started again', async () => {
    const [own] = both;
    const opening = { startedAt: '2026-01-02T03:04:05.000Z', language: 'en', proof: 'p' };
    const record = { owner: 'a', epoch: 1, leaseUntilMs: 0, contextVersion: 1, snapshot: '{}', opening };
    const revision = await own.save('kept', record, 0);
    await broker.restart();
    // Each has a connection of its own, which finds the broker again at its own time.
    for (const records of both)
      await expect.poll(() => records.load('kept').catch(() => 'away')).toEqual({ record, revision });
    expect(await own.save('kept', { ...record, epoch: 2 }, revision)).toBeGreaterThan(revision);
  });
});
