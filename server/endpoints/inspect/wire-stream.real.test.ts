import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { afterTest } from '../../../test/support/after-test.ts';
import { ask, startTestServer, User } from './inspect-test-util.ts';
import { INSPECT_SESSIONS_PATH } from './wire.ts';

/** What goes over the wire of a session from now on; complete when the session has ended. */
async function watch(
  url: string,
  session: string,
): Promise<{ ended(): Promise<{ from: string; text: string }[]> }> {
  const response = await fetch(`${url}${INSPECT_SESSIONS_PATH}/${session}/wire`);
  expect(response.status).toBe(200);
  return {
    ended: async () =>
      (await response.text())
        .trim()
        .split('\n')
        .map((line) => {
          const [, from = '', text = ''] = /^\d+ (client|server) (.*)$/u.exec(line) ?? [];
          return { from, text };
        }),
  };
}

it('shows both directions of a native session to who asks, audio as lengths, until it ends', async () => {
  const { url } = await startTestServer();
  const user = await User.connect(url);
  user.client.microphone.close();
  const wire = await watch(url, user.session);
  await user.ask('hello');
  await user.client.close();
  const lines = await wire.ended();
  // A last frame of the microphone may still have been on its way.
  const client = lines.filter(({ from, text }) => from === 'client' && !/^<\d+ bytes>$/u.test(text));
  expect(client[0]?.text).toBe('{"type":"text","text":"hello"}');
  const server = lines.filter(({ from }) => from === 'server').map(({ text }) => text);
  expect(server).toContainEqual(expect.stringContaining('"type":"reply.end"'));
  expect(server).toContainEqual(expect.stringMatching(/^<\d+ bytes>$/u));
});

it('shows events of Realtime with the base64 left out', async () => {
  const { url } = await startTestServer();
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/realtime`, 'realtime');
  afterTest(() => socket.terminate());
  const types: string[] = [];
  const id = await new Promise<string>((resolve) => {
    socket.on('message', (data) => {
      const event = JSON.parse(String(data));
      types.push(event.type);
      if (event.type === 'session.created') resolve(event.session.id.slice('sess_'.length));
      if (event.type === 'response.done') socket.close();
    });
  });
  const wire = await watch(url, id);
  socket.send(JSON.stringify({ type: 'response.create' }));
  const lines = (await wire.ended()).map(({ text }) => JSON.parse(text));
  expect(lines[0]).toEqual({ type: 'response.create' });
  expect(lines.slice(1).map(({ type }) => type)).toEqual(types.slice(-(lines.length - 1)));
  const audio = lines.find(({ type }) => type === 'response.output_audio.delta');
  expect(audio.delta).toMatch(/^<\d+ characters of base64>$/u);
});

it('has nothing of a session that does not live here', async () => {
  const { url } = await startTestServer();
  expect((await ask(url, '/unknown/wire')).status).toBe(404);
});
