/** A stop behind 2,000 tool calls of one reply: a real server, asked by a real client, with a model that is out of control. */

import { expect, it } from 'vitest';
import { realClock } from '../../../adapters/real-clock.ts';
import { type ServerMessage, STOP_IN_FORCE_MS } from '../../../machines/wire.ts';
import { VoiceClient } from '../../../server/client/voice-client.ts';
import { chatReply, openaiServer } from '../../../testing/loopback/mod.ts';
import { afterTest, temporaryFolder } from '../../support/after-test.ts';
import { parley } from '../../support/processes.ts';

const PATIENCE_MS = 30_000;
const CALLS = 2_000;

it('is in force within 50 ms, after 16 actions at most, and no action starts after it', async () => {
  const toolCalls = Array.from({ length: CALLS }, (_, i) => ({
    ...{ id: `call-${i}`, name: i === 0 ? 'rm -rf /' : 'turn', arguments: '{}' },
  }));
  const model = await openaiServer({
    chat: () => chatReply(['As you wish, and at great length. '], { toolCalls }),
  });
  afterTest(() => model.close());
  const dataDir = await temporaryFolder();
  const engine = ['--engines.llm', 'openai', '--llm.openai.base-url', model.baseURL, '--llm.tools', '*'];
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...engine], { OPENAI_API_KEY: 'x' });
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  while (!(await fetch(`${url}/readyz`)).ok) await new Promise<void>((next) => realClock.setTimer(50, next));
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
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const reading = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'mu').exec(metrics)?.[1]);
  expect(reading('parley_stops_total')).toBe(1);
  expect(reading('parley_slowest_stop_seconds')).toBeLessThan(STOP_IN_FORCE_MS / 1_000);

  await client.wait(1_000);
  const messages = client.arrivals.map(({ message }) => message);
  const after = messages.slice(messages.findLastIndex((message) => message.type === 'state') + 1);
  expect(after.filter(isAction('started'))).toEqual([]);
  expect(messages.filter(isAction('started')).length).toBeLessThanOrEqual(16);
  expect(messages).toContainEqual(expect.objectContaining({ type: 'error', code: 'ACTION_UNKNOWN' }));
  expect(messages.filter(isAction('started'))).not.toContainEqual(
    expect.objectContaining({ name: 'rm -rf /' }),
  );
  // Every server watches the invariants of its sessions and logs what breaks one.
  expect(server.lines.filter((line) => line.includes('invariant'))).toEqual([]);
});

function isAction(status: string) {
  return (message: ServerMessage) => message.type === 'action' && message.status === status;
}
