import { describe, expect, it } from 'vitest';
import { answer, type HttpStep } from '../../testing/loopback/http-script.ts';
import { type OpenAiServer, openaiServer } from '../../testing/loopback/openai-server.ts';
import { closeAfterEach } from '../engine-test-util.ts';
import { httpTransport, type Transport } from './transport.ts';

let server: OpenAiServer;
let transport: Transport;

closeAfterEach(() => ({ engine: transport, server }));

async function start(chat: (n: number) => readonly HttpStep[], maxConnections = 8) {
  server = await openaiServer({ chat: ({ n }) => chat(n) });
  transport = httpTransport({ maxResponseBytes: 1_000, maxConnections });
}

const post = (init: RequestInit = {}) =>
  transport.fetch(`${server.baseURL}/chat/completions`, {
    method: 'POST',
    body: '{"a":1}',
    headers: { 'content-type': 'application/json' },
    ...init,
  });
const textOf = (response: Response) => transport.body(response).text();
const good = () => answer(200, 'text/plain', 'hi');

describe('httpTransport', () => {
  it('sends the same requests and returns the same responses as fetch', async () => {
    await start(() => [
      { do: 'head', status: 418, headers: { 'x-kind': 'pot', 'content-type': 'text/plain' } },
      { do: 'send', bytes: 'tea' },
      { do: 'end' },
    ]);
    const response = await post({ headers: { 'content-type': 'application/json', 'x-me': 'you' } });
    expect([response.status, response.headers.get('x-kind'), await response.text()]).toEqual([
      418,
      'pot',
      'tea',
    ]);
    expect(server.requests[0]).toMatchObject({ method: 'POST', json: { a: 1 }, headers: { 'x-me': 'you' } });
  });

  it.each([204, 205, 304])('gives no body for status %i, and frees the connection', async (status) => {
    await start(() => [{ do: 'head', status }, { do: 'end' }]);
    for (let i = 0; i < 2; i++) expect((await post()).body).toBeNull();
    expect(server.sockets.opened).toBe(1);
  });

  it('retries once if an idle connection breaks when it is used', async () => {
    // given a server that answers the first request of a connection only
    await start((n) => (n === 1 ? [{ do: 'reset' }] : good()));
    await textOf(await post());
    // when
    const response = await post();
    // then
    expect(await textOf(response)).toBe('hi');
    expect(server.requests.length).toBe(3);
    expect(transport.stats()).toEqual({ opened: 2, requests: 2 });
  });

  it('does not retry if a new connection breaks', async () => {
    await start(() => [{ do: 'reset' }]);
    await expect(post()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(server.requests.length).toBe(1);
  });

  it('connects again after the server has closed its idle connections', async () => {
    await start(good);
    await textOf(await post());
    server.sockets.destroyAll();
    await server.sockets.allClosed();
    expect(await textOf(await post())).toBe('hi');
    expect(transport.stats()).toEqual({ opened: 2, requests: 2 });
  });

  it('opens no more connections than allowed', async () => {
    await start(good, 2);
    const texts = await Promise.all(Array.from({ length: 9 }, async () => textOf(await post())));
    expect(texts).toEqual(Array(9).fill('hi'));
    expect(transport.stats()).toEqual({ opened: 2, requests: 9 });
  });

  it('aborts a response that is too long', async () => {
    await start(() => [...answer(200, 'text/plain', 'x'.repeat(1_001)).slice(0, 2), { do: 'hang' }]);
    const response = await post();
    await expect(textOf(response)).rejects.toMatchObject({ code: 'ENGINE_PROTOCOL' });
    expect(await server.requests[0]?.outcome).toBe('gone');
  });

  it('buffers at most a quarter of a megabyte of a long response, and loses nothing', async () => {
    const length = 4_000_000;
    server = await openaiServer({ chat: () => answer(200, 'text/plain', 'x'.repeat(length)) });
    transport = httpTransport({ maxResponseBytes: length });
    const body = transport.body(await post());
    let received = 0;
    for await (const piece of body) {
      received += piece.byteLength;
      // A slow reader, so that data accumulates.
      await new Promise(setImmediate);
      expect(body.held).toBeLessThan(262_144 + 65_536);
    }
    expect(received).toBe(length);
  });

  it.each([
    ['an impossible status', 'HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n', 'ENGINE_PROTOCOL'],
    [
      'a switch of protocols',
      'HTTP/1.1 101 No\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      'ENGINE_PROTOCOL',
    ],
    [
      'endless headers',
      `HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(99)}\r\n`.repeat(200)}`,
      'HPE_HEADER_OVERFLOW',
    ],
  ])('rejects at %s', async (_, bytes, code) => {
    await start(() => [{ do: 'raw', bytes }, { do: 'hang' }]);
    await expect(post()).rejects.toMatchObject({ code });
  });

  it('leaves the queue when it is aborted', async () => {
    await start(() => [{ do: 'hang' }], 1);
    const first = new AbortController();
    const second = new AbortController();
    const running = [post({ signal: first.signal }), post({ signal: second.signal })];
    const settled = Promise.allSettled(running);
    await server.nextRequest();
    second.abort();
    first.abort();
    expect((await settled).map((result) => result.status === 'rejected' && result.reason.name)).toEqual([
      'AbortError',
      'AbortError',
    ]);
    expect(server.requests.length).toBe(1);
  });
});
