import { expect, it } from 'vitest';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { startTestServer, User } from '../../server/endpoints/inspect/inspect-test-util.ts';
import { startNatsServer } from '../../testing/nats-server.ts';
import { afterTest } from '../support/after-test.ts';

it('a server without room names another, and a client gets its session there', async () => {
  const broker = await startNatsServer();
  afterTest(() => broker.stop());
  const flags = { 'bus.natsUrl': broker.url, 'shared.phraseMegabytes': 0, 'outbox.roles': [] };
  const full = await startTestServer({ ...flags, 'limits.sessions': 1 });
  const free = await startTestServer(flags);
  await User.connect(full.url);
  const refusal = async () => {
    const response = await fetch(`${full.url}/chat/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sessionId: 'one', turn: 1, type: 'TEXT', content: 'hello' }),
    });
    return {
      status: response.status,
      after: response.headers.get('retry-after'),
      body: await response.json(),
    };
  };
  const server = free.url.replace('http', 'ws');
  await expect.poll(refusal).toMatchObject({
    status: 429,
    after: '5',
    body: { error: { code: 'TOO_MANY', retryAfterMs: 5_000, server } },
  });
  const client = new ParleyClient({ url: full.url.replace('http', 'ws') });
  afterTest(() => client.close());
  await client.connect();
  expect(free.stats().sessions).toBe(1);
  expect(full.stats().sessions).toBe(1);
});
