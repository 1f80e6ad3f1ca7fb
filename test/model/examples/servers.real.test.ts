import { expect, it } from 'vitest';
import { natsBus, openaiServer, startNatsServer } from '../../../testing/mod.ts';

it('asks an engine server that answers from a script', async () => {
  const server = await openaiServer();
  const answer = await fetch(`${server.baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'any', stream: true, messages: [{ role: 'user', content: 'hi' }] }),
  });

  expect(await answer.text()).toContain('there.');
  expect(server.requests[0]?.json).toMatchObject({ model: 'any' });
  await server.close();
});

it('hears a message over a real NATS server', async () => {
  const server = await startNatsServer();
  const bus = await natsBus({ url: server.url });
  const heard = new Promise<string>((resolve) => {
    bus.subscribe('greetings.*', ({ payload }) => resolve(new TextDecoder().decode(payload)));
  });

  bus.publish('greetings.robot', new TextEncoder().encode('hello'));

  expect(await heard).toBe('hello');
  await bus.drain();
  await server.stop();
});
