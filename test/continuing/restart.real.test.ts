import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../adapters/store/sha256.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import { tables } from '../server/store-scene.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { freePort } from '../support/free-port.ts';
import { startServer } from './restart.ts';

/** What is stored of a session, after checking that its journal replays. */
async function stored(dataDir: string, session: string) {
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  try {
    const [journal, turns, sessions] = [
      await store.readJournal(session),
      await store.turns(session),
      await store.sessions(),
    ];
    const { header, records, footer } = journal;
    const kernel = new SessionKernel(header.parameters, header.input);
    const { fault, difference } = replayJournal(journal, { kernel, sha256 });
    expect({ fault, difference }).toEqual({});
    const events = records.map(({ event }): { type?: string } => JSON.parse(event) ?? {});
    return {
      turns,
      footer,
      events: events.map(({ type }) => type),
      session: sessions.find((one) => one.session === session),
    };
  } finally {
    await store.close();
  }
}

async function scene() {
  const dataDir = await temporaryFolder();
  const port = await freePort();
  let server = await startServer(dataDir, port);
  afterTest(() => server.kill());
  const client = new ParleyClient({ url: server.url });
  afterTest(() => client.close());
  const heard: SessionMessage[] = [];
  client.on('message', (message) => heard.push(message as SessionMessage));
  const ready = await client.connect();
  return {
    ...{ dataDir, client, heard, session: ready.session },
    async restart(how: 'kill' | 'stop', awayMs?: number) {
      await server[how]();
      server = await startServer(dataDir, port, { awayMs });
    },
    stop: () => server.stop(),
  };
}

describe('a session whose server is ended', () => {
  it('goes on after a kill and after an upgrade in the middle of replies, and runs nothing twice', async () => {
    const { dataDir, client, heard, session, restart, stop } = await scene();
    client.settings({ tools: [{ name: 'drive', description: 'Drives.', parameters: { type: 'object' } }] });
    client.text('drive');
    await client.next('played', ({ samples }) => samples > 12_000);

    const [first, action, driven] = await Promise.all([
      client.next('ready'),
      client.next('action'),
      client.next('reply.end'),
      restart('kill'),
    ]);
    expect(first).toMatchObject({ session, epoch: 3, resumed: true });
    expect(action).toMatchObject({
      ...{ id: '1-d1', status: 'failed', message: 'the server was restarted: it may have been done' },
    });
    expect(driven.reason).toBe('interrupted');

    client.text('tell me a story');
    await client.next('played', ({ samples }) => samples > 24_000);
    const [second, ended] = await Promise.all([
      client.next('ready'),
      client.next('reply.end'),
      restart('stop'),
    ]);
    expect(second).toMatchObject({ session, epoch: 5, resumed: true });
    expect(ended.reason).toBe('interrupted');
    expect(ended.heard).toMatch(/^Once upon/u);
    expect(ended.heard).not.toMatch(/listener/u);

    client.text('what did I say?');
    const said = await client.next('reply.end');
    expect(said.reason).toBe('completed');
    expect(said.heard).toContain(`user: drive | assistant: ${driven.heard}`);
    expect(said.heard).toContain(`user: tell me a story | assistant: ${ended.heard}`);
    client.close();
    await stop();

    const ends = heard.flatMap((message) => (message.type === 'reply.end' ? [message.generation] : []));
    expect(new Set(ends).size).toBe(ends.length);
    const kept = await stored(dataDir, session);
    expect(kept.turns.map(({ generation }) => generation)).toEqual(ends);
    expect(kept.events.filter((type) => type === 'resumed')).toHaveLength(2);
    expect(kept.footer.status).toBe('ended');
    expect(await readFile(join(dataDir, 'ran.txt'), 'utf8')).toBe('1-d1\n');
  }, 180_000);

  it('is lost if no client comes back, and ends with what was heard', async () => {
    const { dataDir, client, session, restart, stop } = await scene();
    client.text('tell me a story');
    await client.next('played', ({ samples }) => samples > 24_000);
    // The connection would come back by itself.
    const gone = restart('kill', 1);
    client.close();
    await gone;
    await expect
      .poll(async () => (await stored(dataDir, session)).footer.status, { timeout: 20_000 })
      .toBe('ended');
    await stop();
    const { turns, events, session: row } = await stored(dataDir, session);
    expect(events.slice(-2)).toEqual(['resumed', 'lost']);
    expect(turns).toMatchObject([{ reason: 'interrupted', userText: 'tell me a story' }]);
    expect(row?.endedAt).toBeDefined();
    // Its last turn caused the same events as any other.
    const published = tables(dataDir, (db) =>
      db.prepare('SELECT type FROM outbox_events WHERE session = ?').pluck().all(session),
    );
    expect(published).toContain('TurnEnded');
  }, 180_000);
});
