import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { realClock } from '../../adapters/real-clock.ts';
import { SUBPROTOCOL } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { openaiServer } from '../../testing/loopback/mod.ts';
import { type ParleyProcess, parley } from '../support/processes.ts';

const PATIENCE_MS = 30_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startServer(...args: string[]): Promise<{ url: string; port: number; server: ParleyProcess }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-overload-'));
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
  const server = parley(['serve', '--port', '0', '--data-dir', dataDir, ...args]);
  cleanups.push(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { url, port: Number(new URL(url).port), server };
}

/** Connections that send `head` and then nothing. */
async function hold(port: number, count: number, head: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}); // the server drops most of them
    socket.resume();
    cleanups.push(() => socket.destroy());
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) if (head !== '') socket.write(head);
  return sockets;
}

async function enter(url: string): Promise<VoiceClient> {
  const client = await VoiceClient.connect({ url, clock: realClock });
  cleanups.push(() => client.close());
  return client;
}

/** One attempt: a connection that is dropped is a failure. */
async function probe(url: string): Promise<number> {
  return (await fetch(`${url}/healthz`)).status;
}

describe('a server process under attack', { timeout: 90_000 }, () => {
  it('answers health checks and opens sessions while 2,000 connections send nothing', async () => {
    const { url, port } = await startServer();
    const talking = await enter(url);
    await hold(port, 2_000, '');

    expect(await probe(url)).toBe(200);
    await enter(url);
    talking.send({ type: 'text', text: 'hello' });
    const end = await talking.waitFor(({ type }) => type === 'reply.end', { timeoutMs: PATIENCE_MS });
    expect(end?.message).toMatchObject({ reason: 'completed' });
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

  it('asks the language engine no faster than its sessions may take turns, whatever five clients type', async () => {
    const openai = await openaiServer();
    cleanups.push(() => openai.close());
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
        for (let i = 0; i < 90; i++) client.send({ type: 'text', text: `flood ${second} ${i}` });
      await later(1_000);
    }
    const seconds = (performance.now() - startedMs) / 1_000;

    const { requests } = openai;
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.length).toBeLessThanOrEqual(5 * (5 + Math.ceil(seconds)));
    const errors = clients.flatMap(({ arrivals }) =>
      arrivals.flatMap(({ message }) => (message.type === 'error' ? [message] : [])),
    );
    expect(errors.length).toBeGreaterThan(1_000);
    expect(new Set(errors.map(({ code, fatal }) => `${code} ${fatal}`))).toEqual(new Set(['TOO_FAST false']));
  });

  it('refuses new turns with a code when its engines cannot keep up, and finishes the replies that it began', async () => {
    const { url, server } = await startServer('--limits.waiting-requests=4', '--limits.loop-delay-ms=60000');
    const clients = await Promise.all(Array.from({ length: 24 }, () => enter(url)));
    const sentence = 'tell me a story';
    for (const client of clients) client.send({ type: 'text', text: sentence });
    const outcomes = await Promise.all(
      clients.map((client) =>
        client.waitFor((message) => message.type === 'reply.end' || message.type === 'error', {
          timeoutMs: PATIENCE_MS,
        }),
      ),
    );
    const kinds = outcomes.map((arrival) => {
      const message = arrival?.message;
      if (message?.type === 'reply.end') return message.reason;
      return message?.type === 'error' ? message.code : 'nothing';
    });
    expect(new Set(kinds)).toEqual(new Set(['completed', 'OVERLOADED']));
    await server.line(/new sessions and turns are refused/u);
    expect(server.lines.filter((line) => line.includes('a reply failed'))).toEqual([]);
  });
});
