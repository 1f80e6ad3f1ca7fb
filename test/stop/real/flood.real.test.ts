/** A stop behind 2,000 tool calls of one reply: a real server, asked by a real client. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { realClock } from '../../../adapters/real-clock.ts';
import { sqliteStore } from '../../../adapters/store/sqlite.ts';
import type { ServerMessage } from '../../../machines/wire.ts';
import { VoiceClient } from '../../../server/client/voice-client.ts';
import { chatReply, openaiServer } from '../../../testing/loopback/mod.ts';
import { afterTest, temporaryFolder } from '../../support/after-test.ts';
import { ONLY_TYPED, parley } from '../../support/processes.ts';

const PATIENCE_MS = 30_000;
const CALLS = 2_000;

it('comes after 16 actions at most, and nothing that is handled after it starts an action, nor after its end', async () => {
  const toolCalls = Array.from({ length: CALLS }, (_, i) => ({
    ...{ id: `call-${i}`, name: i === 0 ? 'rm -rf /' : 'turn', arguments: '{"direction":"left","angle":90}' },
  }));
  const model = await openaiServer({
    chat: () => chatReply(['As you wish, and at great length. '], { toolCalls }),
  });
  afterTest(() => model.close());
  const dataDir = await temporaryFolder();
  const engine = ['--engines.llm', 'openai', '--llm.openai.base-url', model.baseURL, '--llm.tools', '*'];
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...engine, ...ONLY_TYPED], {
    OPENAI_API_KEY: 'x',
  });
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const client = await VoiceClient.connect({ url, clock: realClock });
  afterTest(() => client.close());

  client.send({ type: 'text', text: 'hello' });
  const started = await client.waitFor(isAction('started'), { timeoutMs: PATIENCE_MS });
  expect(started?.message).toMatchObject({ name: 'turn' });
  client.send({ type: 'halt' });
  const stopped = await client.waitFor((message) => message.type === 'state' && message.value === 'stopped', {
    timeoutMs: PATIENCE_MS,
  });
  expect(stopped?.message).toMatchObject({ value: 'stopped' });
  const since = client.arrivals.length;
  client.send({ type: 'rearm' });
  await client.waitFor((message) => message.type === 'state' && message.value === 'idle', {
    ...{ since, timeoutMs: PATIENCE_MS },
  });
  await client.close();
  await server.stop();

  const records = await journalOf(join(dataDir, 'parley.db'));
  const halt = records.findIndex(({ event }) => event?.type === 'halt');
  const runs = ({ commands }: (typeof records)[number]) => commands.includes('"type":"run"');
  expect(records.slice(0, halt).filter(runs)).not.toEqual([]);
  expect(records.slice(halt).filter(runs)).toEqual([]);
  const messages = client.arrivals.map(({ message }) => message);
  const isStopped = (message: ServerMessage) => message.type === 'state' && message.value === 'stopped';
  expect(messages.slice(messages.findIndex(isStopped)).filter(isAction('started'))).toEqual([]);
  expect(messages.filter(isAction('started')).length).toBeLessThanOrEqual(16);
  expect(messages).toContainEqual(expect.objectContaining({ type: 'error', code: 'ACTION_UNKNOWN' }));
  expect(messages.filter(isAction('started'))).not.toContainEqual(
    expect.objectContaining({ name: 'rm -rf /' }),
  );
  // Every server watches the invariants of its sessions and logs what breaks one.
  expect(server.lines.filter((line) => line.includes('invariant'))).toEqual([]);
});

const recorded = z.object({ type: z.string() }).nullable();

/** What the only session handled, in this order, and what each event led to. */
async function journalOf(path: string) {
  const store = sqliteStore({ path });
  afterTest(() => store.close());
  const [first] = await store.journals();
  const { records } = await store.readJournal(first?.session ?? '');
  return records.map(({ event, commands }) => ({ event: recorded.parse(JSON.parse(event)), commands }));
}

function isAction(status: string) {
  return (message: ServerMessage) => message.type === 'action' && message.status === status;
}
