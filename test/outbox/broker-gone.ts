/** Takes the broker away for a while, in which clients talk on. */
import { join } from 'node:path';
import { realClock } from '../../adapters/real-clock.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { startServer } from '../journal/kill-round.ts';
import { CLIENTS, end, eventsOf, handledIn, killScene, startWorker, userOf } from './kill-round.ts';

const PATIENCE_MS = 60_000;

export interface BrokerGone {
  /** Turns that ended while the broker was gone, and the longest of them, ms. */
  readonly turns: number;
  readonly slowestMs: number;
  /** Events that waited when the broker came back, and the age of the oldest, ms. */
  readonly waiting: number;
  readonly ageMs: number;
  /** From the start of the broker until everything had arrived, ms. */
  readonly drainMs: number;
  readonly lost: readonly string[];
}

export async function brokerGone(folder: string, goneMs: number): Promise<BrokerGone> {
  const { broker } = await killScene(folder);
  const dataDir = join(folder, 'server');
  const server = await startServer(dataDir, broker.url);
  const worker = await startWorker(folder, broker.url);
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) =>
      VoiceClient.connect({ url: server.url, clock: realClock, user: userOf(i) }),
    ),
  );
  try {
    let until = performance.now();
    let turns = 0;
    let slowestMs = 0;
    /** Client after client says something, until the time is over. */
    const talk = (client: VoiceClient) => async () => {
      do {
        const fromMs = performance.now();
        const since = client.arrivals.length;
        client.send({ type: 'text', text: `thing number ${turns}` });
        await client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: PATIENCE_MS });
        turns += 1;
        slowestMs = Math.max(slowestMs, performance.now() - fromMs);
      } while (performance.now() < until);
    };
    const talkAll = () => Promise.all(clients.map((client) => talk(client)()));
    await talkAll();
    await broker.kill();
    [turns, slowestMs, until] = [0, 0, performance.now() + goneMs];
    await talkAll();
    const { events: waiting, ageMs } = await store.outbox.backlog();
    await broker.restart();
    const backMs = performance.now();
    const missing = () => {
      const handled = handledIn(folder);
      return server.acknowledged.flatMap(eventsOf).filter((id) => !handled.has(id));
    };
    while (missing().length > 0 && performance.now() - backMs < PATIENCE_MS)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const drainMs = Math.round(performance.now() - backMs);
    return { turns, slowestMs: Math.round(slowestMs), waiting, ageMs, drainMs, lost: missing() };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await store.close();
    await end(server.child);
    await end(worker);
    await broker.stop();
  }
}
