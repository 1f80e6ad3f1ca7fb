import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer } from '../../server/endpoints/inspect/inspect-test-util.ts';
import { INSPECT_LIVE_PATH, INSPECT_SUBPROTOCOL } from '../../server/endpoints/inspect/wire.ts';

const PAGE = 'http://app.example:8000';
const TOKEN = 'a long enough token';

/** Every door that speaks HTTP, with the method of its clients and what a client without a session gets. */
const DOORS: readonly (readonly [path: string, method: string, status: number])[] = [
  ['/healthz', 'GET', 200],
  ['/readyz', 'GET', 200],
  ['/v1/about', 'GET', 200],
  ['/chat/stream', 'POST', 400],
  ['/ws/ingest/tts', 'GET', 426],
  ['/v1/session', 'GET', 426],
  ['/v1/realtime', 'GET', 426],
  ['/v1/inspect/sessions', 'GET', 200],
  ['/v1/inspect/sessions/none/turns', 'GET', 200],
  ['/v1/inspect/sessions/none/control', 'POST', 400],
  ['/v1/report', 'GET', 200],
  ['/v1/flags', 'GET', 200],
  ['/v1/phrases', 'GET', 200],
  ['/v1/log', 'GET', 200],
  ['/v1/users/anna', 'DELETE', 200],
  ['/metrics', 'GET', 200],
  ['/nothing', 'GET', 404],
];

describe('a page of an allowed origin', () => {
  it('reaches every door over HTTP: its preflight is answered, and it may read each answer', async () => {
    const { url } = await startTestServer({
      allowedOrigins: [`${PAGE}/`],
      token: TOKEN,
      'inspect.control': true,
    });
    for (const [path, method, status] of DOORS) {
      const preflight = await fetch(`${url}${path}`, {
        method: 'OPTIONS',
        headers: {
          Origin: PAGE,
          'Access-Control-Request-Method': method,
          'Access-Control-Request-Headers': 'authorization,content-type,x-mine',
          'Access-Control-Request-Private-Network': 'true',
        },
      });
      expect([path, preflight.status, await preflight.text()]).toEqual([path, 204, '']);
      expect(Object.fromEntries(preflight.headers)).toMatchObject({
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': expect.stringContaining(method),
        'access-control-allow-headers': expect.stringMatching(/Authorization, Content-Type.*x-mine/),
        'access-control-allow-private-network': 'true',
        vary: 'Origin',
      });
      const headers = { Origin: PAGE, Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
      const body = method === 'POST' ? '{}' : null;
      const answer = await fetch(`${url}${path}`, { method, headers, body });
      await answer.text();
      expect([path, answer.status]).toEqual([path, status]);
      expect([path, answer.headers.get('access-control-allow-origin')]).toEqual([path, PAGE]);
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
      expect(answer.headers.get('vary')).toMatch(/^Origin/);
    }
  });

  it('may read why it is refused without the token', async () => {
    const { url } = await startTestServer({ allowedOrigins: [PAGE], token: TOKEN });
    const answer = await fetch(`${url}/v1/inspect/sessions`, { headers: { Origin: PAGE } });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, PAGE]);
    expect(await answer.json()).toMatchObject({ error: { code: 'UNAUTHORISED' } });
  });
});

it('a page of another origin is refused, and the log says once what would let it in', async () => {
  const lines: { msg: string; origin?: string }[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const { url } = await startTestServer({ allowedOrigins: [PAGE] }, undefined, log);
  const ask = (origin: string, method: string) =>
    fetch(`${url}/chat/stream`, {
      method,
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    });
  for (const origin of ['http://evil.example', 'http://evil.example', 'null', `${PAGE}1`])
    for (const method of ['OPTIONS', 'POST']) {
      const answer = await ask(origin, method);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      expect(await answer.json()).toMatchObject({
        error: { code: 'FORBIDDEN', message: expect.stringContaining('allowedOrigins') },
      });
    }
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/session`, 'parley.v1', {
    origin: 'http://other.example',
  });
  await new Promise((resolve) => socket.on('error', resolve));
  expect(lines.filter(({ origin }) => origin).map(({ msg }) => msg)).toEqual([
    'pages of http://evil.example may not connect; add the origin to allowedOrigins',
    'pages of null may not connect; add the origin to allowedOrigins',
    `pages of ${PAGE}1 may not connect; add the origin to allowedOrigins`,
    'pages of http://other.example may not connect; add the origin to allowedOrigins',
  ]);
});

describe('without a token', () => {
  const LOOKS = DOORS.filter(([path]) => /inspect|report|flags|phrases|log|users|metrics/u.test(path));
  const refusedUpgrade = (url: string, origin: string) =>
    new Promise<number | undefined>((resolve) => {
      const socket = new WebSocket(url.replace('http', 'ws') + INSPECT_LIVE_PATH, INSPECT_SUBPROTOCOL, {
        origin,
      });
      socket.on('open', () => {
        socket.close();
        resolve(101);
      });
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
    });

  it.each([[['*']], [[PAGE]]])('a page that may talk (%s) may neither look nor command', async (allowed) => {
    const { url } = await startTestServer({ allowedOrigins: allowed, 'inspect.control': true });
    for (const [path, method] of LOOKS) {
      const headers = { Origin: PAGE, 'Content-Type': 'application/json' };
      const answer = await fetch(`${url}${path}`, { method, headers, body: method === 'POST' ? '{}' : null });
      expect([path, answer.status]).toEqual([path, 403]);
      expect([path, await answer.text()]).toEqual([path, expect.stringContaining('operatorOrigins')]);
    }
    expect(await refusedUpgrade(url, PAGE)).toBe(403);
    expect(await refusedUpgrade(url, url)).toBe(101);
    expect((await fetch(`${url}/v1/about`, { headers: { Origin: PAGE } })).status).toBe(200);
  });

  it('a page of operatorOrigins may look, and * is refused there', async () => {
    const { url } = await startTestServer({ operatorOrigins: [PAGE], 'inspect.control': true });
    for (const [path, method, status] of LOOKS) {
      const headers = { Origin: PAGE, 'Content-Type': 'application/json' };
      const answer = await fetch(`${url}${path}`, { method, headers, body: method === 'POST' ? '{}' : null });
      await answer.text();
      expect([path, answer.status]).toEqual([path, status]);
    }
    expect(await refusedUpgrade(url, PAGE)).toBe(101);
    await expect(startTestServer({ operatorOrigins: ['*'] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
