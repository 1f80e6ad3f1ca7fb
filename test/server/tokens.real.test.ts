import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { expectEnd, type Rig, startRig } from '../../server/door/door-test-util.ts';
import { jwtCheck, jwtOptions } from '../../server/door/jwt.ts';
import { Page, startTestServer, User } from '../../server/endpoints/inspect/inspect-test-util.ts';
import { FlagSource } from '../../server/flags/flags.ts';
import { flagOptions } from '../../server/flags/options.ts';
import { Issuer } from '../support/issuer.ts';

/** A door that trusts the issuer, with a scripted host. */
async function startDoor(issuer: Issuer): Promise<Rig> {
  const silent = { info: () => {}, warn: () => {} };
  const options = jwtOptions.parse({ jwks: issuer.url, issuer: issuer.flags['jwt.issuer'] });
  return startRig({ jwt: await jwtCheck(options, silent), flags: new FlagSource(flagOptions.parse({})) });
}

/** The status with which a WebSocket handshake is answered. */
async function handshake(url: string, path: string, token: string, protocol?: string): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, protocol, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const answered = new Promise<number>((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', () => {});
  });
  const status = await answered;
  socket.terminate();
  return status;
}

function chat(url: string, token: string): Promise<Response> {
  return fetch(`${url}/chat/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ sessionId: 'one', turn: 1, type: 'TEXT', content: 'hello' }),
  });
}

describe('a JSON Web Token at the doors', () => {
  it('opens a native session of its user, and loses nothing that comes while it is checked', async () => {
    const issuer = await Issuer.start();
    const rig = await startDoor(issuer);
    const client = await rig.connect().opened();
    client.say({ type: 'hello', token: await issuer.sign({ sub: 'anna' }) });
    client.say({ type: 'text', text: 'hello' });
    const session = await rig.host.opened.take();
    expect(session.request).toMatchObject({ endpoint: 'parley-v1', user: 'anna' });
    expect(await client.json()).toMatchObject({ type: 'ready' });
    expect(await session.commands.take()).toMatchObject({ text: 'hello' });
  });

  it('says what is wrong with it', async () => {
    const issuer = await Issuer.start();
    const rig = await startDoor(issuer);
    const expired = await rig.hello({ token: await issuer.sign({ sub: 'anna', expiresIn: -60 }) });
    const error = await expired.json();
    expect(error).toMatchObject({ type: 'error', code: 'UNAUTHORISED', fatal: true });
    expect(error.message).toContain('it expired at');
    expect(await expired.closed).toEqual({ code: 4401, reason: 'UNAUTHORISED' });
    const bens = await rig.hello({ token: await issuer.sign({ sub: 'anna' }), user: 'ben' });
    await expectEnd(bens, 'UNAUTHORISED', 4401);
    const chats = await issuer.sign({ sub: 'anna', rights: { doors: ['chat-stream'] } });
    await expectEnd(await rig.hello({ token: chats }), 'FORBIDDEN', 4401);
    await expectEnd(await rig.hello({}), 'UNAUTHORISED', 4401);
    expect(rig.door.stats().sessions).toBe(0);
  });

  it.each([
    ['openai-realtime', '/v1/realtime', 'realtime'],
    ['rosbridge', '/rosbridge', undefined],
  ])('opens %s for its user', async (endpoint, path, protocol) => {
    const issuer = await Issuer.start();
    const rig = await startDoor(issuer);
    const { url } = rig.address;
    const headers = { Authorization: `Bearer ${await issuer.sign({ sub: 'anna' })}` };
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, protocol, { headers });
    await once(socket, 'open');
    if (endpoint === 'rosbridge')
      socket.send('{"op":"call_service","service":"/parley/text","args":{"text":"hello"}}');
    expect((await rig.host.opened.take()).request).toMatchObject({ endpoint, user: 'anna' });
    socket.terminate();
    expect(await handshake(url, path, await issuer.sign({ expiresIn: -60 }), protocol)).toBe(401);
    const other = await issuer.sign({ rights: { doors: ['parley-v1'] } });
    expect(await handshake(url, path, other, protocol)).toBe(403);
  });

  it('opens chats, which go on with the next token of the same user', async () => {
    const issuer = await Issuer.start();
    const rig = await startDoor(issuer);
    const first = chat(rig.address.url, await issuer.sign({ sub: 'anna' }));
    const session = await rig.host.opened.take();
    expect(session.request).toMatchObject({ endpoint: 'chat-stream', user: 'anna' });
    void first.catch(() => {});
    void chat(rig.address.url, await issuer.sign({ sub: 'anna', expiresIn: 90 })).catch(() => {});
    void chat(rig.address.url, await issuer.sign({ sub: 'ben' })).catch(() => {});
    expect((await rig.host.opened.take()).request).toMatchObject({ user: 'ben' });
    expect((await chat(rig.address.url, await issuer.sign({ expiresIn: -60 }))).status).toBe(401);
  });

  it('speaks into other sessions only if it names that door', async () => {
    const issuer = await Issuer.start();
    const { address } = await startDoor(issuer);
    const plain = await issuer.sign({ sub: 'anna', rights: { inspect: true, control: true } });
    expect(await handshake(address.url, '/ws/ingest/tts', plain)).toBe(403);
    const speaker = await issuer.sign({ rights: { doors: ['ingest-tts'] } });
    expect(await handshake(address.url, '/ws/ingest/tts', speaker)).toBe(101);
  });
});

describe('the rights of a JSON Web Token', () => {
  it('open the pages of operators', async () => {
    const issuer = await Issuer.start();
    const { url } = await startTestServer({ ...issuer.flags, 'inspect.control': true });
    const tokens = {
      none: await issuer.sign({ sub: 'anna' }),
      scraper: await issuer.sign({ rights: { doors: ['metrics'] } }),
      inspects: await issuer.sign({ sub: 'ben', rights: { inspect: true } }),
      controls: await issuer.sign({ sub: 'cleo', rights: { control: true } }),
      expired: await issuer.sign({ rights: { inspect: true, control: true }, expiresIn: -60 }),
    };
    const user = await User.connect(url, tokens.none);
    const session = `/v1/inspect/sessions/${user.session}`;
    const json = { 'content-type': 'application/json' };
    const asked: Readonly<Record<string, RequestInit>> = {
      '/v1/about': {},
      '/metrics': {},
      '/v1/inspect/sessions': {},
      [`${session}/journal?format=file`]: {},
      '/v1/report': {},
      '/v1/flags': {},
      '/v1/phrases': { method: 'POST', headers: json, body: '{}' },
      [`${session}/control`]: { method: 'POST', headers: json, body: '{"command":"interrupt"}' },
      '/v1/users/anna': { method: 'DELETE' },
    };
    const answers: Record<string, string> = {};
    for (const [name, token] of Object.entries(tokens))
      for (const [path, how] of Object.entries(asked)) {
        if (path === '/v1/users/anna' && name === 'none') continue;
        const headers = { ...how.headers, authorization: `Bearer ${token}` };
        const response = await fetch(`${url}${path}`, { ...how, headers });
        await response.arrayBuffer();
        const what = path.replace(user.session, 'id');
        answers[what] = `${answers[what] ?? ''} ${name} ${response.status}`.trim();
      }
    expect(answers).toEqual({
      '/v1/about': 'none 200 scraper 200 inspects 200 controls 200 expired 401',
      '/metrics': 'none 403 scraper 200 inspects 200 controls 403 expired 401',
      '/v1/inspect/sessions': 'none 403 scraper 403 inspects 200 controls 403 expired 401',
      '/v1/inspect/sessions/id/journal?format=file':
        'none 403 scraper 403 inspects 200 controls 403 expired 401',
      '/v1/report': 'none 403 scraper 403 inspects 200 controls 403 expired 401',
      '/v1/flags': 'none 403 scraper 403 inspects 200 controls 200 expired 401',
      '/v1/phrases': 'none 403 scraper 403 inspects 403 controls 200 expired 401',
      '/v1/inspect/sessions/id/control': 'none 403 scraper 403 inspects 403 controls 202 expired 401',
      '/v1/users/anna': 'scraper 403 inspects 403 controls 200 expired 401',
    });
  });

  it('let a page look, and command if they say so', async () => {
    const issuer = await Issuer.start();
    const { url } = await startTestServer({ ...issuer.flags, 'inspect.control': true });
    const looks = await Page.open(url, await issuer.sign({ rights: { inspect: true } }));
    expect(looks.received[0]).toMatchObject({ type: 'ready', control: false });
    const both = { inspect: true, control: true };
    const commands = await Page.open(url, await issuer.sign({ rights: both }));
    expect(commands.received[0]).toMatchObject({ type: 'ready', control: true });
    const token = await issuer.sign({ sub: 'anna' });
    const none = new Page(url);
    none.socket.once('open', () => none.say({ type: 'hello', token }));
    expect((await none.closed).code).toBe(4401);
  });

  it('let users delete themselves, beside the server’s token', async () => {
    const issuer = await Issuer.start();
    const { url } = await startTestServer({ ...issuer.flags, token: 'long enough' });
    const removed = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${url}/v1/users/anna`, { method: 'DELETE', headers })).status;
    };
    expect(await removed(await issuer.sign({ sub: 'ben' }))).toBe(403);
    expect(await removed(await issuer.sign({ sub: 'anna' }))).toBe(200);
    expect(await removed('long enough')).toBe(200);
    expect(await removed('wrong')).toBe(401);
  });
});
