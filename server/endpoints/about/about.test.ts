import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { accessOf } from '../../door/access.ts';
import { aboutEndpoint } from './endpoint.ts';

const about = { phrases: ['tell me a story'], notices: [{ code: 'X', message: 'a warning' }] };
let server: Server;

async function asked(token: string | undefined, headers: Record<string, string> = {}): Promise<Response> {
  const endpoint = aboutEndpoint({ about, access: accessOf({ token }) });
  server = createServer((request, response) => {
    if (!endpoint?.routes?.(request, response, request.url ?? '', () => {})) response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/v1/about`, { headers });
}

afterEach(() => {
  server.close();
});

describe('GET /v1/about', () => {
  it('returns phrases and notices, and is not cached', async () => {
    const response = await asked(undefined);

    expect(await response.json()).toEqual(about);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('requires the same access as opening a session', async () => {
    const refused = await asked('secret');
    expect(refused.status).toBe(401);
    expect(await refused.text()).not.toContain('story');
    server.close();

    const allowed = await asked('secret', { Authorization: 'Bearer secret' });
    expect(await allowed.json()).toEqual(about);
  });
});
