import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HttpTool, httpTools } from './http.ts';

interface Seen {
  readonly line: string;
  readonly key: unknown;
  readonly body: string;
}

/** A server that answers each request, and what it saw. */
async function answering(
  status: number,
  body: string,
): Promise<{ url: string; seen: Seen[]; stop: () => void }> {
  const seen: Seen[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const key = request.headers['idempotency-key'];
    seen.push({ line: `${request.method} ${request.url}`, key, body: text });
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/order`, seen, stop };
}

function call(url: string, more: Partial<HttpTool> = {}, signal = new AbortController().signal) {
  const tool = {
    name: 'order',
    description: '',
    parameters: {},
    url,
    method: 'POST',
    headers: {},
    ...more,
  } as const;
  const request = {
    session: 's',
    id: '1-a',
    name: 'order',
    args: { size: 'large', count: 2 },
    key: 's/1/1-a',
  };
  return httpTools([tool]).call(request, signal);
}

describe('a tool by HTTP', () => {
  it('sends its arguments and its idempotency key, and gives the answer', async () => {
    const { url, seen } = await answering(200, '{"id":7}');
    expect(await call(url)).toEqual({ id: 7 });
    expect(await call(url, { method: 'GET' })).toEqual({ id: 7 });
    expect(seen).toEqual([
      { line: 'POST /order', key: 's/1/1-a', body: '{"size":"large","count":2}' },
      { line: 'GET /order?size=large&count=2', key: 's/1/1-a', body: '' },
    ]);
  });

  it('gives text as text, shortened', async () => {
    const { url } = await answering(200, 'x'.repeat(20_000));
    expect(await call(url)).toEqual({ text: `${'x'.repeat(16_000)}…` });
  });

  it.each([
    [500, 'out of cheese', 'a tool failed: order: HTTP 500: out of cheese'],
    [302, '', 'a tool cannot be reached: order: '],
    [200, 'x'.repeat(2 << 20), 'a tool did not answer as its protocol requires: more than 1048576 bytes'],
  ])('fails after status %i with a clear error', async (status, body, message) => {
    const { url } = await answering(status, body);
    await expect(call(url)).rejects.toThrow(message);
  });

  it('fails without a listener, and is cancelled by its signal', async () => {
    const { url, stop } = await answering(200, '{}');
    await expect(call(url, {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    stop();
    await expect(call(url)).rejects.toMatchObject({ code: 'TOOL_UNREACHABLE' });
  });
});
