/** Speech of `/chat/stream` at an output service: a real server, and the service as its author would write it, with `ws`. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { AsyncQueue } from '../../actors/async-queue.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { asking, ChatAnswer } from '../../server/endpoints/chat-stream/chat-test-util.ts';
import { type Scene, startServer } from '../realtime/scene.ts';
import { afterTest } from '../support/after-test.ts';

interface Heard {
  readonly type: string;
  readonly action?: string;
  readonly sessionId: string;
  readonly seq?: number;
  readonly pcm?: string;
  readonly viseme?: object;
  readonly ts?: number;
  readonly reason?: string;
  readonly atMs: number;
}

/** An output service on a free port, or on `port`. */
class Service {
  readonly heard: Heard[] = [];
  readonly sockets = new AsyncQueue<WebSocket>();
  readonly tokens: (string | undefined)[] = [];
  readonly #server: WebSocketServer;
  readonly #next = new AsyncQueue<Heard>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      this.tokens.push(request.headers.authorization);
      socket.on('message', (data) => {
        const message: Heard = { ...JSON.parse(String(data)), atMs: realClock.nowMs() };
        this.heard.push(message);
        this.#next.push(message);
      });
      this.sockets.push(socket);
    });
  }

  static async start(port = 0): Promise<Service> {
    const server = new WebSocketServer({ port, host: '127.0.0.1' });
    await once(server, 'listening');
    const service = new Service(server);
    afterTest(() => service.stop());
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next message of this kind: a type, or the action of a control. */
  async next(kind: string): Promise<Heard> {
    for (;;) {
      const message = await this.#next.take();
      if (message.type === kind || message.action === kind) return message;
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function meet(scene: Scene = {}) {
  const service = await Service.start();
  const url = `ws://127.0.0.1:${service.port}/ws/ingest/tts`;
  const flags = { 'ingest.url': url, 'ingest.token': 'for the service', ...scene.flags };
  const { server, asked } = await startServer({ ...scene, flags });
  const socket = await service.sockets.take();
  const post = (body: object) => ChatAnswer.post(server.url, body);
  return { service, socket, asked, post, native: server.url };
}

const END = { type: 'CONTROL', action: 'END', sessionId: 'robot-1' };

describe('an output service', () => {
  it('gets the speech of an answer in order, as the text streams to the client, and its end', async () => {
    const { service, post } = await meet();
    const answer = await post(asking('what is here', { turn: 1 }));
    await answer.all();
    expect(answer.text).toBe('There are two chairs.');
    const { atMs: _, ...last } = await service.next('END');
    expect(last).toEqual(END);
    const chunks = service.heard.filter(({ type }) => type === 'SPEECH_CHUNK');
    expect(chunks.map(({ seq }) => seq)).toEqual(chunks.map((_chunk, index) => index));
    expect(new Set(chunks.map(({ sessionId }) => sessionId))).toEqual(new Set(['robot-1']));
    // 21 characters of 10 ms, in whole frames of 24 kHz.
    const bytes = chunks.reduce((sum, { pcm = '' }) => sum + Buffer.from(pcm, 'base64').byteLength, 0);
    expect(bytes / 48).toBeGreaterThanOrEqual(210);
    expect(bytes / 48).toBeLessThan(250);
    expect(service.tokens).toEqual(['Bearer for the service']);
  });

  it('stops a speech: nothing more comes but the answer to the stop, and the history holds what was heard', async () => {
    const { service, socket, post, asked } = await meet({
      reply: () => ({ text: 'One two three four five six seven eight nine ten.' }),
      voice: { msPerChar: 100 },
    });
    const answer = await post(asking('count', { turn: 1 }));
    for (let i = 0; i < 40; i++) await service.next('SPEECH_CHUNK');
    const stoppedAtMs = realClock.nowMs();
    socket.send(JSON.stringify({ type: 'CONTROL', action: 'STOP', sessionId: 'robot-1' }));
    const { atMs } = await service.next('STOP_ACK');
    expect(atMs - stoppedAtMs).toBeLessThan(100);
    expect((await answer.all()).at(-1)).toMatchObject({ event: 'error', data: { code: 'CANCELLED' } });
    await (await post(asking('and?', { turn: 2 }))).next();
    const after = service.heard.slice(service.heard.findIndex(({ action }) => action === 'STOP_ACK') + 1);
    // The next speech begins anew.
    expect(after[0]?.seq ?? 0).toBe(0);
    expect(asked[1]?.messages[1]?.content).toMatch(/^One( two)?$/u);
  });

  it('gets an end with its reason when the next turn interrupts a speech', async () => {
    const { service, post } = await meet({ voice: { msPerChar: 100 } });
    await post(asking('what is here', { turn: 1 }));
    await service.next('SPEECH_CHUNK');
    await post(asking('wait', { turn: 2 }));
    expect(await service.next('END')).toMatchObject({ ...END, reason: 'interrupted' });
    expect(await service.next('SPEECH_CHUNK')).toMatchObject({ seq: 0 });
  });

  it('that goes away and comes back does not disturb the conversation, and gets the next speech', async () => {
    const { service, post } = await meet();
    const { port } = service;
    await service.stop();
    const alone = await post(asking('what is here', { turn: 1 }));
    await alone.all();
    expect(alone.events.at(-1)?.event).toBe('done');
    const back = await Service.start(port);
    await back.sockets.take();
    await (await post(asking('and there', { turn: 2 }))).all();
    expect(await back.next('SPEECH_CHUNK')).toMatchObject({ seq: 0 });
  });

  it('gets the speech of native sessions too, if it is asked for', async () => {
    const { service, native } = await meet({ flags: { 'ingest.sessions': 'all' } });
    const client = await VoiceClient.connect({ url: native, clock: realClock });
    afterTest(() => client.close());
    client.send({ type: 'text', text: 'hello' });
    const { sessionId } = await service.next('SPEECH_CHUNK');
    expect(await service.next('END')).toMatchObject({ sessionId });
  });

  it('that does not read delays no conversation, and misses speech', async () => {
    const { socket, post } = await meet();
    socket.pause();
    for (let turn = 1; turn <= 3; turn++) {
      const answer = await post(asking('what is here', { turn }));
      await answer.all();
      expect(answer.text).toBe('There are two chairs.');
    }
  });

  it('that sends garbage, or stops whom it does not know, is not a danger', async () => {
    const { service, socket, post } = await meet();
    for (const garbage of [
      '{',
      '[]',
      '{"type":"CONTROL","action":"END","sessionId":"robot-1"}',
      Buffer.alloc(9),
    ])
      socket.send(garbage);
    socket.send(JSON.stringify({ type: 'CONTROL', action: 'STOP', sessionId: 'unknown' }));
    expect(await service.next('STOP_ACK')).toMatchObject({ sessionId: 'unknown' });
    const answer = await post(asking('what is here', { turn: 1 }));
    await answer.all();
    expect(answer.events.at(-1)?.event).toBe('done');
  });

  it('that sends too much at once is left and connected anew', async () => {
    const { service, socket } = await meet();
    socket.send('x'.repeat(10_000));
    await once(socket, 'close');
    await service.sockets.take();
  });
});
