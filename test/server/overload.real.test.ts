import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SUBPROTOCOL } from '../../machines/wire.ts';
import { TestClient } from '../../server/door/door-test-util.ts';
import { answer, chatReply, openaiServer } from '../../testing/loopback/mod.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { ONLY_TYPED, type ParleyProcess, parley } from '../support/processes.ts';

async function startServer(...args: string[]): Promise<{ url: string; port: number; server: ParleyProcess }> {
  const dataDir = await temporaryFolder();
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...ONLY_TYPED, ...args]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { url, port: Number(new URL(url).port), server };
}

/** Opens connections that send `head` and then nothing. */
async function hold(port: number, count: number, head: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}); // the server drops most of them
    socket.resume();
    afterTest(() => socket.destroy());
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) if (head !== '') socket.write(head);
  return sockets;
}

/** A client that only types, without a real-time microphone. */
async function enter(url: string): Promise<TestClient> {
  const client = await new TestClient(url).opened();
  afterTest(() => client.socket.terminate());
  client.say({ type: 'hello' });
  const first = await client.json();
  if (first.type !== 'ready') throw new Error(`refused: ${JSON.stringify(first)}`);
  return client;
}

/** The result of a turn: the reason why its reply ended, or an error code. */
async function outcome(client: TestClient): Promise<unknown> {
  for (;;) {
    const { type, reason, code } = await client.json();
    if (type === 'reply.end') return reason;
    if (type === 'error') return code;
  }
}

/** One attempt: a dropped connection is a failure. */
async function probe(url: string): Promise<number> {
  return (await fetch(`${url}/healthz`)).status;
}

describe('a server process under attack', () => {
  it('answers health checks and opens sessions while 2,000 connections send nothing', async () => {
    const { url, port } = await startServer();
    await hold(port, 2_000, '');

    expect(await probe(url)).toBe(200);
    const talking = await enter(url);
    talking.say({ type: 'text', text: 'hello' });
    expect(await outcome(talking)).toBe('completed');
    expect(await probe(url)).toBe(200);
  });

  it('answers health checks and opens sessions while 500 WebSockets never say hello', async () => {
    const { url, port } = await startServer();
    const upgrade = [
      'GET /v1/session HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
      '\r\n',
    ].join('\r\n');
    await hold(port, 500, upgrade);

    expect(await probe(url)).toBe(200);
    await enter(url);
  });

  it('limits requests to the language engine to the turn rate of its sessions while five clients flood it', async () => {
    const openai = await openaiServer();
    afterTest(() => openai.close());
    const { url } = await startServer(
      '--engines.llm=openai',
      `--llm.openai.base-url=${openai.baseURL}`,
      '--limits.turn-burst=5',
      '--limits.turns-per-second=1',
    );
    const clients = await Promise.all(Array.from({ length: 5 }, () => enter(url)));
    const startedMs = performance.now();
    for (let second = 0; second < 3; second++) {
      for (const client of clients)
        for (let i = 0; i < 90; i++) client.say({ type: 'text', text: `flood ${second} ${i}` });
      await later(1_000);
    }
    const seconds = (performance.now() - startedMs) / 1_000;

    const { requests } = openai;
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.length).toBeLessThanOrEqual(5 * (5 + Math.ceil(seconds)));
    const errors = () =>
      clients.flatMap(({ received }) =>
        received.unread.flatMap((one) =>
          one.kind === 'json' && one.message.type === 'error' ? [one.message] : [],
        ),
      );
    await expect.poll(() => errors().length).toBeGreaterThan(100);
    expect(new Set(errors().map(({ code, fatal }) => `${code} ${fatal}`))).toEqual(
      new Set(['TOO_FAST false']),
    );
  });

  it('refuses new turns with a code when its engines are overloaded, and finishes running replies', async () => {
    const openai = await openaiServer({ chat: () => chatReply(['Yes', '.'], { firstMs: 1_000 }) });
    afterTest(() => openai.close());
    const { url, server } = await startServer(
      '--engines.llm=openai',
      `--llm.openai.base-url=${openai.baseURL}`,
      '--limits.waiting-requests=4',
    );
    const clients = await Promise.all(Array.from({ length: 24 }, () => enter(url)));
    for (const client of clients) {
      client.say({ type: 'text', text: 'are you there' });
      await later(10);
    }
    const outcomes = await Promise.all(clients.map(outcome));

    expect(new Set(outcomes)).toEqual(new Set(['completed', 'OVERLOADED']));
    expect(openai.requests.length).toBeLessThan(clients.length / 2);
    await server.line(/new sessions and turns are refused/u);
    expect(server.lines.filter((line) => line.includes('a reply failed'))).toEqual([]);
  });

  it('logs every reply that failed, with the code of its error', async () => {
    const openai = await openaiServer({ chat: () => [answer(401, 'application/json', '{}')].flat() });
    afterTest(() => openai.close());
    const { url, server } = await startServer(
      '--engines.llm=openai',
      `--llm.openai.base-url=${openai.baseURL}`,
    );
    const client = await enter(url);
    client.say({ type: 'text', text: 'are you there' });
    const code = await outcome(client);

    expect(code).toMatch(/^ENGINE_/u);
    const [line] = await server.line(/.*a reply failed.*/u);
    expect(line).toContain(code);
  });
});
