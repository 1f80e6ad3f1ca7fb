import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { realClock } from '../../../adapters/real-clock.ts';
import { loadSqlite } from '../../../adapters/store/sqlite-binding.ts';
import type { ServerMessage } from '../../../machines/wire.ts';
import { VoiceClient } from '../../../server/client/voice-client.ts';
import { afterTest, temporaryFolder } from '../../support/after-test.ts';
import { type DatabaseLock, lockDatabase, ONLY_TYPED, parley } from '../../support/processes.ts';

const PATIENCE_MS = 30_000;

let dataDir: string;
let url: string;
let client: VoiceClient;
let lock: DatabaseLock;
beforeEach(async () => {
  dataDir = await temporaryFolder();
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...ONLY_TYPED]);
  afterTest(() => server.stop());
  [, url = ''] = await server.line(/listens on (\S+)/u);
  client = await VoiceClient.connect({ url, clock: realClock });
  afterTest(() => client.close());
  client.send({ type: 'text', text: 'hello' });
  await client.waitFor(({ type }) => type === 'reply.end', { timeoutMs: PATIENCE_MS });
  lock = await lockDatabase(join(dataDir, 'parley.db'));
  afterTest(() => lock.release());
});

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'mu').exec(text)?.[1]);
}

const isState = (value: string) => (message: ServerMessage) =>
  message.type === 'state' && message.value === value;
const isAction = (message: ServerMessage) => message.type === 'action';

/** Types a turn whose reply moves the robot, and waits until it is spoken while its record waits for the disk. */
async function goForward(): Promise<void> {
  const since = client.arrivals.length;
  client.send({ type: 'text', text: 'go forward' });
  await client.waitFor(isState('speaking'), { since, timeoutMs: PATIENCE_MS });
  expect(await metric('parley_store_waiting_records')).toBeGreaterThan(0);
}

function actions(): ServerMessage[] {
  return client.arrivals.map(({ message }) => message).filter(isAction);
}

it('a stop is in force while the journal waits, and the action that waits with it never starts', async () => {
  await goForward();
  const since = client.arrivals.length;
  client.send({ type: 'halt' });
  const stopped = await client.waitFor(isState('stopped'), { since, timeoutMs: PATIENCE_MS });
  expect(stopped?.message).toMatchObject({ value: 'stopped' });
  const frames = client.frames.length;
  expect(await metric('parley_stops_total')).toBe(1);
  expect(await metric('parley_store_waiting_records')).toBeGreaterThan(0);

  await lock.release();
  while ((await metric('parley_store_waiting_records')) > 0);
  await client.wait(500);
  expect(client.frames.length).toBe(frames);
  expect(actions()).not.toContainEqual(expect.objectContaining({ status: 'started' }));
});

it('an action starts only when its command is on disk', async () => {
  let recorded: unknown;
  client.onMessage(({ message }) => {
    if (message.type !== 'action' || message.status !== 'started') return;
    const db = new (loadSqlite())(join(dataDir, 'parley.db'), { readonly: true });
    const found = db.prepare('SELECT count(*) FROM journal WHERE commands LIKE ?').pluck();
    recorded = found.get(`%"${message.id}"%`);
    db.close();
  });
  await goForward();
  await client.wait(500);
  expect(actions()).toEqual([]);
  await lock.release();
  const started = await client.waitFor(isAction, { timeoutMs: PATIENCE_MS });
  expect(started?.message).toMatchObject({ status: 'started' });
  expect(recorded).toBeGreaterThan(0);
});
