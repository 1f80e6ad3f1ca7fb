import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderOfFile } from '../../test/support/after-test.ts';
import { accessOf } from './access.ts';
import { collected, type Rig, startRig } from './door-test-util.ts';
import type { Endpoint } from './endpoint.ts';
import { WebServer } from './web-server.ts';

/** Sends the raw request: fetch would normalise the path. */
async function raw(rig: Rig, head: string): Promise<string> {
  const socket = connect(rig.address.port, '127.0.0.1');
  socket.write(`${head}\r\nHost: 127.0.0.1:${rig.address.port}\r\nConnection: close\r\n\r\n`);
  const received = collected(socket);
  await once(socket, 'close');
  return received().toString();
}

function upgradeStatus(rig: Rig, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({
      port: rig.address.port,
      host: '127.0.0.1',
      path,
      headers: { ...upgrade, ...headers },
    });
    asked.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};
const protocol = { 'Sec-WebSocket-Protocol': 'parley.v1' };

describe('the web server', () => {
  const pages = folderOfFile();

  beforeAll(async () => {
    await mkdir(join(pages, 'inspector'));
    await writeFile(join(pages, 'index.html'), '<!doctype html><title>Talk</title>');
    await writeFile(join(pages, 'inspector', 'index.html'), '<!doctype html><title>Inspector</title>');
    await writeFile(join(pages, 'talk.js'), 'export {};');
    await writeFile(join(pages, '.secret'), 'no');
    await symlink('/etc/hostname', join(pages, 'link.txt'));
  });

  it('is alive as soon as it listens', async () => {
    const rig = await startRig();
    const response = await fetch(`${rig.address.url}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ alive: true });
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('is ready unless a part reports a reason, and returns the reasons', async () => {
    const rig = await startRig();
    const reasons = ['the engines are warming up'];
    const problems: string[] = [];
    rig.readiness.add(() => reasons);
    rig.readiness.add(() => problems);
    const ready = async () => {
      const response = await fetch(`${rig.address.url}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    expect(await ready()).toEqual({
      status: 503,
      body: { ready: false, reasons: ['the engines are warming up'] },
    });
    reasons.length = 0;
    expect(await ready()).toEqual({ status: 200, body: { ready: true, reasons: [] } });
    problems.push('the bus is not connected', 'the disk is full');
    await rig.door.drain();
    expect(await ready()).toEqual({
      status: 503,
      body: {
        ready: false,
        reasons: ['the server is draining', 'the bus is not connected', 'the disk is full'],
      },
    });
    expect((await fetch(`${rig.address.url}/healthz`)).status).toBe(200);
  });

  it('serves its pages with their types, a strict policy and a validator', async () => {
    const rig = await startRig({ pages });
    const page = await fetch(rig.address.url);
    expect(await page.text()).toContain('Talk');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const etag = page.headers.get('etag') ?? '';
    const again = await fetch(rig.address.url, { headers: { 'If-None-Match': etag } });
    expect(again.status).toBe(304);
    const script = await fetch(`${rig.address.url}/talk.js?v=1`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await (await fetch(`${rig.address.url}/inspector/`)).text()).toContain('Inspector');
    const head = await fetch(`${rig.address.url}/talk.js`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe('10');
    expect(await head.text()).toBe('');
  });

  it.each([
    '/nothing.html',
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/inspector/../../etc/passwd',
    '/.secret',
    '/link.txt',
    '//etc/passwd',
    '/index.html%00.js',
  ])('has nothing at %s', async (path) => {
    const rig = await startRig({ pages });
    expect(await raw(rig, `GET ${path} HTTP/1.1`)).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('answers a path that cannot be decoded with 400, and other methods with 405', async () => {
    const rig = await startRig({ pages });
    expect(await raw(rig, 'GET /%zz HTTP/1.1')).toMatch(/^HTTP\/1\.1 400 /);
    const answer = await raw(rig, 'POST / HTTP/1.1');
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).toContain('Allow: GET, HEAD');
    expect(await raw(rig, 'GET /v1/session HTTP/1.1')).toMatch(/^HTTP\/1\.1 426 /);
  });

  it('tries its endpoints in order, and the first that knows the path answers', async () => {
    const answers = (name: string, known: string): Endpoint => ({
      name,
      routes(_request, response, path) {
        if (path !== known) return false;
        response.end(name);
        return true;
      },
    });
    const rig = await startRig();
    const web = new WebServer({
      endpoints: [answers('first', '/a'), answers('second', '/a'), answers('third', '/b')],
      access: accessOf({}),
      limits: rig.door.limits,
      log: rig.door.log,
      onRefused: () => {},
      port: 0,
    });
    const { url } = await web.listen();
    try {
      expect(await (await fetch(`${url}/a`)).text()).toBe('first');
      expect(await (await fetch(`${url}/b`)).text()).toBe('third');
      expect((await fetch(`${url}/c`)).status).toBe(404);
    } finally {
      await web.close();
    }
  });

  it('upgrades to a WebSocket only with the right path, subprotocol and version', async () => {
    const rig = await startRig();
    expect(await upgradeStatus(rig, '/v1/session', protocol)).toBe(101);
    expect(await upgradeStatus(rig, '/v1/session?x=1', protocol)).toBe(101);
    expect(await upgradeStatus(rig, '/v2/session', protocol)).toBe(404);
    expect(await upgradeStatus(rig, '/v1/session', {})).toBe(400);
    expect(await upgradeStatus(rig, '/v1/session', { 'Sec-WebSocket-Protocol': 'chat, parley.v2' })).toBe(
      400,
    );
    expect(await upgradeStatus(rig, '/v1/session', { 'Sec-WebSocket-Protocol': 'x, parley.v1' })).toBe(101);
    expect(await upgradeStatus(rig, '/v1/session', { ...protocol, 'Sec-WebSocket-Version': '7' })).toBe(400);
  });

  it('lets only pages of its own host connect', async () => {
    const rig = await startRig();
    const { port } = rig.address;
    const status = (origin: string, host = `127.0.0.1:${port}`) =>
      upgradeStatus(rig, '/v1/session', { ...protocol, Origin: origin, Host: host });
    expect(await status(`http://127.0.0.1:${port}`)).toBe(101);
    expect(await status(`http://localhost:${port}`, `localhost:${port}`)).toBe(101);
    expect(await status('https://elsewhere.example')).toBe(403);
    expect(await status('null')).toBe(403);
    expect(await status('nonsense')).toBe(403);
    expect(await status(`http://127.0.0.1:${port + 1}`)).toBe(403);
    // A name of another site that was made to resolve to this machine.
    expect(await status(`http://rebound.example:${port}`, `rebound.example:${port}`)).toBe(403);
    expect(rig.door.stats().refused).toBe(5);
  });

  it('lets pages of configured origins connect', async () => {
    const rig = await startRig({ allowedOrigins: ['https://robot.example'] });
    const status = (at: Rig, origin: string) =>
      upgradeStatus(at, '/v1/session', { ...protocol, Origin: origin });
    expect(await status(rig, 'https://robot.example')).toBe(101);
    expect(await status(rig, 'http://robot.example')).toBe(403);
    const open = await startRig({ allowedOrigins: ['*'] });
    expect(await status(open, 'https://any.example')).toBe(101);
    expect(await status(open, 'null')).toBe(101);
  });

  it('drops connections that never finish their request', async () => {
    const rig = await startRig({ requestHeadMs: 50 });
    const silent = connect(rig.address.port, '127.0.0.1');
    const slow = connect(rig.address.port, '127.0.0.1');
    slow.write('GET /v1/session HTTP/1.1\r\nHost: x\r\n');
    for (const socket of [silent, slow]) socket.resume();
    await Promise.all([once(silent, 'close'), once(slow, 'close')]);
    expect((await fetch(`${rig.address.url}/healthz`)).status).toBe(200);
  });

  it('survives sockets that break off or send invalid HTTP', async () => {
    const rig = await startRig();
    const torn = connect(rig.address.port, '127.0.0.1');
    torn.write('GET /v1/session HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    await once(torn, 'connect');
    torn.resetAndDestroy();
    const garbage = connect(rig.address.port, '127.0.0.1');
    garbage.resume();
    garbage.write(Buffer.alloc(4_096, 0xa5));
    await once(garbage, 'close');
    expect((await fetch(`${rig.address.url}/healthz`)).status).toBe(200);
  });

  it('reports a port that is in use, and pages that cannot be read', async () => {
    const rig = await startRig();
    await expect(startRig({ port: rig.address.port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await expect(startRig({ pages: join(pages, 'missing') })).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
