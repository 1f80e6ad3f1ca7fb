import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { startTestServer } from '../../server/endpoints/inspect/inspect-test-util.ts';
import { afterTest } from '../support/after-test.ts';

const message = z.looseObject({
  type: z.string(),
  code: z.string().optional(),
  session: z.string().optional(),
  secret: z.string().optional(),
  resumed: z.boolean().optional(),
});
type Message = z.infer<typeof message>;

/** Opens a session from a loopback address. Resolves with the answer to its hello. */
async function open(url: string, from: string, hello: object = {}): Promise<Message & { leave(): void }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/session`, 'parley.v1', {
    localAddress: from,
  });
  afterTest(() => socket.terminate());
  socket.on('open', () =>
    socket.send(JSON.stringify({ type: 'hello', resume: true, input: 'text', ...hello })),
  );
  const answer = await new Promise<Message>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const parsed = message.parse(JSON.parse(String(data)));
      if (parsed.type === 'ready' || parsed.type === 'error') resolve(parsed);
    });
  });
  return { ...answer, leave: () => socket.terminate() };
}

it('a client that opens sessions without end is refused, and others, health checks and clients that return are not', async () => {
  // Sixteen places at once. How busy this machine is does not count in a test server.
  const { url } = await startTestServer({ 'limits.newSessions': 64 });
  const attacker = '127.0.0.2';
  const returning = await open(url, '127.0.0.4');
  expect(returning).toMatchObject({ type: 'ready', resumed: false });
  const { session, secret } = returning;
  returning.leave();

  const answers: string[] = [];
  for (let i = 0; i < 200 && answers.at(-1) !== 'OVERLOADED'; i++) {
    const { type, code } = await open(url, attacker);
    answers.push(code ?? type);
  }
  expect(answers.at(-1)).toBe('OVERLOADED');

  expect(await open(url, '127.0.0.3')).toMatchObject({ type: 'ready' });
  expect(await open(url, '127.0.0.4', { session, secret })).toMatchObject({ type: 'ready', resumed: true });
  expect(await open(url, attacker)).toMatchObject({ type: 'error', code: 'OVERLOADED' });
  for (const path of ['/healthz', '/readyz']) expect((await fetch(url + path)).status).toBe(200);
});
