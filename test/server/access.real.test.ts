import { type IncomingHttpHeaders, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startTestServer } from '../../server/endpoints/inspect/inspect-test-util.ts';
import { INSPECT_LIVE_PATH, INSPECT_SUBPROTOCOL } from '../../server/endpoints/inspect/wire.ts';

const TOKEN = 'a long enough token';

interface Asked {
  readonly path: string;
  /** Subprotocol, if it is a WebSocket. */
  readonly protocol?: string;
  /** Status for an authorised client. */
  readonly welcome: number;
}

/** A request to every endpoint. */
const EVERYWHERE: readonly Asked[] = [
  { path: '/healthz', welcome: 200 },
  { path: '/readyz', welcome: 200 },
  { path: '/metrics', welcome: 200 },
  { path: '/v1/inspect/sessions', welcome: 200 },
  { path: '/v1/session', protocol: 'parley.v1', welcome: 101 },
  { path: INSPECT_LIVE_PATH, protocol: INSPECT_SUBPROTOCOL, welcome: 101 },
];

function status(port: number, { path, protocol }: Asked, headers: Record<string, string>): Promise<number> {
  const upgrade = protocol && {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol': protocol,
  };
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path,
      headers: { ...upgrade, ...headers },
      agent: false,
    });
    asked.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('upgrade', (response: { statusCode?: number; headers: IncomingHttpHeaders }, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

describe('every endpoint of a server without a token', () => {
  const expectAll = async (port: number, headers: Record<string, string>, refused: boolean) => {
    for (const asked of EVERYWHERE)
      expect([asked.path, await status(port, asked, headers)]).toEqual([
        asked.path,
        refused ? 403 : asked.welcome,
      ]);
  };

  it.each([
    ['by default', {}],
    ['with an allowed origin', { allowedOrigins: ['https://robot.example'] }],
    ['with every origin allowed', { allowedOrigins: ['*'] }],
    ['on every interface, if that is asked for', { host: '0.0.0.0', insecure: true }],
  ])('refuses a name that was made to resolve to this machine, %s', async (_how, flags) => {
    const { port } = await startTestServer(flags);
    await expectAll(port, { Host: `rebound.example:${port}` }, true);
    await expectAll(port, { Host: `localhost.rebound.example:${port}` }, true);
    await expectAll(port, { Host: `localhost:${port}` }, false);
    await expectAll(port, { Host: `127.0.0.1:${port}` }, false);
    await expectAll(port, { Host: `[::1]:${port}` }, false);
  });

  it('serves the host of an allowed origin, to this machine', async () => {
    const { port } = await startTestServer({ allowedOrigins: ['https://robot.example'] });
    await expectAll(port, { Host: 'robot.example' }, false);
    await expectAll(port, { Host: 'robot.example', Origin: 'https://robot.example' }, false);
    await expectAll(port, { Host: 'other.robot.example' }, true);
  });

  it.each(['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])(
    'does not take a request that was passed on for one of this machine (%s)',
    async (header) => {
      const { port } = await startTestServer();
      await expectAll(port, { [header]: '127.0.0.1' }, true);
    },
  );

  it('refuses pages of other origins', async () => {
    const { port } = await startTestServer();
    await expectAll(port, { Origin: 'https://evil.example' }, true);
    await expectAll(port, { Origin: 'null' }, true);
    await expectAll(port, { Origin: `http://127.0.0.1:${port}`, Host: `127.0.0.1:${port}` }, false);
  });

  it('shows conversations to this machine only, even if others may talk', async () => {
    const { port } = await startTestServer({ host: '0.0.0.0', insecure: true });
    const passedOn = { 'X-Forwarded-For': '10.0.0.7' };
    for (const { path, welcome, protocol } of EVERYWHERE) {
      const shows = path === '/metrics' || path.includes('inspect');
      const asked = { path, welcome, ...(protocol && { protocol }) };
      expect([path, await status(port, asked, passedOn)]).toEqual([path, shows ? 403 : welcome]);
    }
  });
});

describe('a server with a token', () => {
  it('serves any host and proxy, and requires the token to show conversations', async () => {
    const { port } = await startTestServer({ token: TOKEN });
    const proxied = { Host: 'robot.example', 'X-Forwarded-For': '10.0.0.7' };
    const [health, , metrics, sessions, session] = EVERYWHERE;
    if (!health || !metrics || !sessions || !session) throw new Error('not all endpoints are here');
    expect(await status(port, health, proxied)).toBe(200);
    expect(await status(port, session, proxied)).toBe(101);
    for (const asked of [metrics, sessions]) {
      expect(await status(port, asked, proxied)).toBe(401);
      expect(await status(port, asked, { ...proxied, Authorization: `Bearer ${TOKEN}` })).toBe(200);
    }
  });
});
