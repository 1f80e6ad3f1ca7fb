import { request as httpRequest } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { realClock } from '../../../adapters/real-clock.ts';
import { sha256 } from '../../../adapters/store/sha256.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { checkJournal } from '../../../machines/journal/check.ts';
import { scriptedLlm } from '../../../testing/scripted-engines.ts';
import { parseJournalFile } from '../../journal-file.ts';
import { ask, Page, startTestServer, User } from './inspect-test-util.ts';
import { audioPage, INSPECT_SESSIONS_PATH, journalPage, sessionsPage, turnsPage } from './wire.ts';

// A shared disk may be slow.
vi.setConfig({ testTimeout: 90_000 });

const TOKEN = 'a long enough token';

async function journalOf(url: string, session: string, query = '') {
  return journalPage.parse((await ask(url, `/${session}/journal${query}`)).body);
}

describe('the list', () => {
  it('shows live sessions, and past ones afterwards', async () => {
    const { url } = await startTestServer();
    const user = await User.connect(url);
    await user.ask('what is the time');
    await user.told('idle');

    const during = sessionsPage.parse((await ask(url)).body);
    await user.client.close();
    const page = await Page.open(url);
    page.say({ type: 'sessions', on: true });
    await page.until(() => page.of('sessions').some(({ sessions }) => sessions.length === 0));
    const after = sessionsPage.parse((await ask(url)).body);

    expect(during.live).toEqual([
      expect.objectContaining({ session: user.session, state: 'idle', turn: 1, generation: 1, errors: 0 }),
    ]);
    expect(during.live[0]?.latencyMs).toBeGreaterThan(0);
    expect(during.past).toEqual([]);
    expect(after.live).toEqual([]);
    expect(after.past).toEqual([
      expect.objectContaining({
        session: user.session,
        status: 'ended',
        turns: 1,
        lastText: 'what is the time',
      }),
    ]);
  });

  it('is searched by text, state and error', async () => {
    const llm = scriptedLlm(realClock, ({ messages }) =>
      messages.at(-1)?.content === 'fail' ? { text: 'x', failsAt: 0 } : { text: 'Fine.', firstTokenMs: 1 },
    );
    const { url } = await startTestServer({}, llm);
    const [good, bad] = [await User.connect(url), await User.connect(url)];
    await Promise.all([good.ask('apples'), bad.ask('fail')]);
    const live = async (query: string) =>
      sessionsPage.parse((await ask(url, query)).body).live.map(({ session }) => session);

    expect(await live('?error=any')).toEqual([bad.session]);
    expect(await live('?error=LLM_FAILED')).toEqual([bad.session]);
    expect(await live('?error=TTS_FAILED')).toEqual([]);
    expect(await live('?state=ended,open')).toEqual([]);
    expect(await live(`?text=${good.session.slice(0, 8)}`)).toEqual([good.session]);
  });

  it('is read page by page', async () => {
    const { url, store } = await startTestServer();
    for (const name of ['a', 'b', 'c'])
      await store.saveSession({ session: name, startedAt: `2026-01-01T00:00:00.00${name}Z`, language: 'en' });

    const first = sessionsPage.parse((await ask(url, '?limit=2')).body);
    const second = sessionsPage.parse((await ask(url, `?limit=2&before=${first.next}`)).body);

    expect([first, second].map(({ past }) => past.map(({ session }) => session))).toEqual([
      ['c', 'b'],
      ['a'],
    ]);
    expect(second.next).toBeNull();
  });

  it('sends changes to an open page', async () => {
    const { url } = await startTestServer();
    const page = await Page.open(url);
    page.say({ type: 'sessions', on: true });
    await page.until(() => page.of('sessions').length > 0);

    const user = await User.connect(url);
    await page.until(() => page.of('sessions').some(({ sessions }) => sessions[0]?.session === user.session));
    await user.client.close();
    await page.until(() => page.of('sessions').some(({ gone }) => gone.includes(user.session)));

    expect(page.of('sessions')[0]).toMatchObject({ full: true, sessions: [] });
  });
});

describe('a journal', () => {
  it('is returned page by page, and as a complete file', async () => {
    const { url } = await startTestServer();
    const user = await User.connect(url);
    await user.ask('hello');

    const first = await journalOf(url, user.session, '?limit=5');
    const second = await journalOf(url, user.session, `?limit=5&from=${first.next}`);
    const response = await fetch(`${url}${INSPECT_SESSIONS_PATH}/${user.session}/journal?format=file`);
    const { journal } = parseJournalFile(await response.text(), 'export');

    expect(first.records.map(({ record }) => record)).toEqual([0, 1, 2, 3, 4]);
    expect(second.records.map(({ record }) => record)).toEqual([5, 6, 7, 8, 9]);
    expect(journal.records.slice(0, 10)).toEqual([...first.records, ...second.records]);
    expect(checkJournal(journal, sha256)).toBeUndefined();
    expect(response.headers.get('content-disposition')).toContain(`${user.session}.jsonl`);
  });

  it('has its turns and, if recorded, its audio', async () => {
    const { url } = await startTestServer({ 'journal.audio': 'all' });
    const user = await User.connect(url);
    const page = await Page.open(url);
    await page.watch(user.session);
    await user.ask('hello');
    await user.told('idle');
    await user.client.close();
    await page.until(() => page.feeds(user.session).some(({ ended }) => ended));

    const { body: turns } = await ask(url, `/${user.session}/turns`);
    const audio = audioPage.parse((await ask(url, `/${user.session}/audio`)).body);
    const file = await fetch(`${url}${INSPECT_SESSIONS_PATH}/${user.session}/journal?format=file&audio=1`);

    expect(turnsPage.parse(turns).turns).toEqual([
      expect.objectContaining({ turn: 1, userText: 'hello', replyText: 'Yes.', reason: 'completed' }),
    ]);
    const piece = audio.pieces.find(({ direction }) => direction === 'out');
    expect(piece).toMatchObject({ generation: 1, sample: 0, rate: 24_000 });
    expect(Buffer.from(piece?.pcm ?? '', 'base64').some((byte) => byte !== 0)).toBe(true);
    expect(parseJournalFile(await file.text(), 'export').audio).toHaveLength(audio.pieces.length);
  });
});

describe('a live feed', () => {
  it('continues where the stored journal ends, with children, loudness, playout and the end', async () => {
    const { url } = await startTestServer();
    const user = await User.connect(url);
    await user.ask('before');
    const page = await Page.open(url);

    const { live, from } = await page.watch(user.session);
    await user.client.say(tone());
    await user.client.waitFor((message) => message.type === 'reply.end' && message.turn === 2, {
      timeoutMs: 20_000,
    });
    await user.client.close();
    await page.until(() => page.feeds(user.session).some(({ ended }) => ended));

    const feeds = page.feeds(user.session);
    const records = feeds.flatMap((feed) => feed.records);
    // The feed does not wait for the disk: its last record may be stored a moment later.
    let stored = await journalOf(url, user.session);
    while (stored.records.length < from + records.length) stored = await journalOf(url, user.session);
    expect(live).toBe(true);
    expect(records).toEqual(stored.records.slice(from));
    expect(from).toBeGreaterThan(0);
    const lives = feeds.flatMap(({ children }) => children);
    expect(lives).toContainEqual(expect.objectContaining({ kind: 'stt', end: 'done' }));
    expect(
      lives
        .filter(({ end }) => end === undefined)
        .map(({ child }) => child)
        .sort(),
    ).toEqual(
      lives
        .filter(({ end }) => end !== undefined)
        .map(({ child }) => child)
        .sort(),
    );
    expect(Math.max(...feeds.flatMap(({ levels }) => levels.map(({ rms }) => rms)))).toBeGreaterThan(0.1);
    expect(feeds.some(({ playout }) => playout?.generation === 2 && playout.sent > 0)).toBe(true);
  });

  it('reports that a session is not live', async () => {
    const { url } = await startTestServer();
    const page = await Page.open(url);

    expect(await page.watch('unknown')).toEqual({
      type: 'watching',
      session: 'unknown',
      live: false,
      from: 0,
    });
  });

  it('is not published while no page watches', async () => {
    const { url, bus } = await startTestServer();
    const heard: string[] = [];
    bus.subscribe('parley.v1.inspect.>', ({ subject }) => heard.push(subject));

    const user = await User.connect(url);
    await user.ask('hello');
    await user.client.close();

    expect(heard).toEqual([]);
  });

  it('ends when its page closes', async () => {
    const { url, bus } = await startTestServer();
    const user = await User.connect(url);
    const page = await Page.open(url);
    await page.watch(user.session);
    const given = new Promise<string>((resolve) =>
      bus.subscribe('parley.v1.inspect.watch', ({ payload }) => resolve(Buffer.from(payload).toString())),
    );

    page.socket.close();

    expect(JSON.parse(await given)).toMatchObject({ list: false, sessions: [] });
  });
});

describe('control', () => {
  const post = (command: string, type = 'application/json') => ({
    method: 'POST',
    headers: { 'Content-Type': type },
    body: JSON.stringify({ command }),
  });

  it('is off by default', async () => {
    const { url } = await startTestServer();
    const user = await User.connect(url);

    const { status, body } = await ask(url, `/${user.session}/control`, post('halt'));

    expect(status).toBe(403);
    expect(body).toMatchObject({ error: { code: 'FORBIDDEN' } });
  });

  it('stops and rearms a session if allowed', async () => {
    const { url } = await startTestServer({ 'inspect.control': true });
    const user = await User.connect(url);

    expect((await ask(url, `/${user.session}/control`, post('halt'))).status).toBe(202);
    await user.told('stopped');
    expect((await ask(url, `/${user.session}/control`, post('rearm'))).status).toBe(202);
    const since = user.client.arrivals.length;
    await user.client.waitFor((message) => message.type === 'state' && message.value === 'idle', {
      since,
      timeoutMs: 20_000,
    });
  });

  it('refuses other commands, forms, long bodies and unknown sessions', async () => {
    const { url } = await startTestServer({ 'inspect.control': true });
    const user = await User.connect(url);
    const status = async (session: string, init: RequestInit) =>
      (await ask(url, `/${session}/control`, init)).status;

    expect(await status(user.session, post('bye'))).toBe(400);
    expect(await status(user.session, post('halt', 'text/plain'))).toBe(400);
    expect(await status(user.session, post('x'.repeat(2_000)))).toBe(413);
    expect(await status(user.session, { method: 'GET' })).toBe(405);
    expect(await status('unknown', post('halt'))).toBe(404);
  });
});

describe('access to the inspector', () => {
  it('requires the token, over HTTP and on the WebSocket', async () => {
    const { url } = await startTestServer({ token: TOKEN });
    const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

    expect((await ask(url)).status).toBe(401);
    expect((await ask(url, '', bearer('another token'))).status).toBe(401);
    expect((await ask(url, '', bearer(TOKEN))).status).toBe(200);

    const stranger = new Page(url);
    stranger.socket.once('open', () => stranger.say({ type: 'hello', token: 'guessed it' }));
    expect((await stranger.closed).code).toBe(4401);
    const friend = await Page.open(url, TOKEN);
    expect(friend.received[0]).toMatchObject({ type: 'ready', control: false, journal: true });
  });

  it('is refused to pages of another origin or of another name for this machine', async () => {
    const { url, port } = await startTestServer();

    const foreign = { headers: { Origin: 'https://evil.example' } };
    expect((await ask(url, '', foreign)).status).toBe(403);
    expect(await statusFor(port, 'evil.example')).toBe(403);
    expect(await statusFor(port, `localhost:${port}`)).toBe(200);
    const page = new Page(url, { Origin: 'https://evil.example' });
    expect((await page.closed).code).toBe(1006);
  });

  it('requires hello first, and valid messages', async () => {
    const { url } = await startTestServer();
    const rude = new Page(url);
    rude.socket.once('open', () => rude.raw('{"type":"sessions","on":true}'));
    expect((await rude.closed).code).toBe(4400);

    const page = await Page.open(url);
    for (const text of [
      'no json',
      '[]',
      '{"type":"watch","session":"a.b"}',
      '{"type":"watch","session":"*"}',
    ])
      page.raw(text);
    await page.until(() => page.of('error').length === 4);
    for (let i = 0; i < 8; i++) page.say({ type: 'watch', session: `s${i}` });
    page.say({ type: 'watch', session: 'one-too-many' });
    await page.until(() => page.of('error').at(-1)?.code === 'TOO_MANY');
    for (let i = 0; i < 200; i++) page.raw('{}');
    expect((await page.closed).code).toBe(4429);
  });
});

describe('a request', () => {
  it('gets 404 for an unknown session', async () => {
    const { url } = await startTestServer();

    for (const id of [
      'unknown',
      '..%2f..%2fetc',
      '%00',
      'a.b',
      '%3E',
      '*',
      'x'.repeat(500),
      "'%20OR%201=1--",
    ]) {
      const { status, body } = await ask(url, `/${id}/journal`);
      expect([id, status]).toEqual([id, 404]);
      expect(body).toMatchObject({ error: { code: 'SESSION_UNKNOWN' } });
    }
    expect((await ask(url, '/unknown/secrets')).status).toBe(404);
    expect((await ask(url, '/unknown/journal/more')).status).toBe(404);
  });

  it('is refused if its query is invalid', async () => {
    const { url } = await startTestServer();

    for (const query of [
      '?limit=0',
      '?limit=1e9',
      '?limit=x',
      '?before=nonsense',
      `?text=${'x'.repeat(300)}`,
    ])
      expect([query, (await ask(url, query)).status]).toEqual([query, 400]);
    expect((await ask(url, '/unknown/journal?from=-1')).status).toBe(400);
  });

  it('gets 404 if the inspector is off', async () => {
    const { url } = await startTestServer({ 'inspect.enabled': false });

    expect((await fetch(`${url}${INSPECT_SESSIONS_PATH}`)).status).toBe(404);
    expect((await fetch(`${url}/inspect`, { redirect: 'manual' })).status).toBe(404);
    expect((await new Page(url).closed).code).toBe(1006);
  });

  it('is redirected from /inspect to the page', async () => {
    const { url } = await startTestServer();

    const response = await fetch(`${url}/inspect`, { redirect: 'manual' });

    expect([response.status, response.headers.get('location')]).toEqual([308, '/inspect/']);
  });
});

/** Half a second that the scripted VAD reports as speech, followed by silence. */
function tone() {
  const samples = new Int16Array(16_000).map((_, i) => (i < 8_000 ? (i % 2 === 0 ? 8_000 : -8_000) : 0));
  return { rate: 16_000 as const, samples };
}

/** Status of a GET with that host, as a browser sends it after DNS rebinding to this machine. */
function statusFor(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path: INSPECT_SESSIONS_PATH, headers: { Host: host } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', (cause) => reject(new ParleyError('SERVER_UNREACHABLE', '', { cause })));
    request.end();
  });
}
