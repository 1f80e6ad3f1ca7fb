import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { AsyncQueue } from '../../actors/async-queue.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { ScriptedHost, until } from '../door/door-test-util.ts';
import { OutputService } from './output-service.ts';
import { speakingHost } from './speaking-host.ts';

const silent = { info: () => {}, warn: () => {} };

async function meet() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const heard = new AsyncQueue<Record<string, unknown>>();
  const connected = new AsyncQueue<WebSocket>();
  server.on('connection', (socket) => {
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    connected.push(socket);
  });
  const { port } = server.address() as AddressInfo;
  const lost: string[] = [];
  const service = new OutputService({
    ...{ url: `ws://127.0.0.1:${port}`, clock: realClock, log: silent },
    onLost: (why) => lost.push(why),
  });
  afterTest(() => {
    service.close();
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const socket = await connected.take();
  await until(() => service.isConnected);
  return { service, socket, heard, lost };
}

it('sends the mouth shape of each chunk by name', async () => {
  const { service, heard } = await meet();
  const host = new ScriptedHost();
  const request = { session: 's', language: 'en', outputRate: 24_000 } as const;
  await speakingHost(host, service, () => true).open(request, { message: () => {}, audio: () => {} });
  const session = await host.opened.take();
  session.play(1, 0);
  session.say({ type: 'viseme', generation: 1, at: 0, phoneme: 'm', viseme: 21 });
  session.play(1, 1);
  session.play(1, 2);
  session.say({ type: 'viseme', generation: 1, at: 0, phoneme: 'ɑ', viseme: 2 });
  session.play(1, 3);
  const shapes = [];
  for (let i = 0; i < 4; i++) shapes.push((await heard.take()).viseme);
  expect(shapes).toEqual([{}, { M: 1 }, { M: 1 }, { AA: 1 }]);
});

it('drops the speech of a service that does not read, instead of keeping it', async () => {
  const { service, socket, heard, lost } = await meet();
  socket.pause();
  let dropped = 0;
  service.add('s', { onStop: () => {}, onDropped: () => dropped++ });
  const pcm = 'A'.repeat(65_536);
  // More than both kernels buffer.
  for (let seq = 0; seq < 400 && dropped === 0; seq++) {
    service.send({ type: 'SPEECH_CHUNK', sessionId: 's', seq, pcm, rate: 24_000 });
    await new Promise(setImmediate);
  }
  expect(dropped).toBe(1);
  expect(lost).toEqual(['slow']);
  socket.resume();
  service.send({ type: 'CONTROL', action: 'END', sessionId: 'other' });
  for (let last = await heard.take(); last.sessionId !== 'other'; last = await heard.take());
});
