import { afterEach, describe, expect, it } from 'vitest';
import { until } from './support/chromium.ts';
import type { ScriptedSession } from './support/scripted-session-server.ts';
import { connected, expectComplaint, page, pageLog, server, useTalkPage } from './support/talk-page.ts';

useTalkPage({ microphone: 'Hello robot, please wave your left hand. Then tell me a story.' });

describe('the conversation', () => {
  const hostile = [
    '<script>window.hacked = 1</script>',
    '<img src=x onerror="window.hacked = 1">',
    '\u202Eright to left\u202C مرحبا',
    '👋🏽👨‍👩‍👧‍👦',
    'x'.repeat(10_000),
    '</p></li></ol><style>body { display: none }</style>',
  ].join(' ');

  it('shows hostile text as text, wherever it comes in', async () => {
    const session = await connected();

    session.say(
      { type: 'transcript', turn: 1, text: hostile, final: true },
      { type: 'reply', turn: 1, generation: 1, text: hostile },
      { type: 'action', id: 'a', name: hostile, args: {}, status: 'refused' },
      { type: 'reply.end', turn: 1, generation: 1, reason: 'interrupted', heard: '<script>', timings: {} },
      { type: 'error', code: 'INTERNAL', message: hostile, fatal: false },
    );
    await until(page, `document.querySelector('#trouble-words').textContent.length > 10000`);

    expect(await page.textContent('.line.user .words')).toBe(hostile);
    expect(await page.textContent('.line.reply .heard')).toBe('<script>');
    expect(await page.textContent('.line.reply .unheard')).toBe(hostile.slice('<script>'.length));
    expect(await page.evaluate(`document.querySelectorAll('main script, main img, main style').length`)).toBe(
      0,
    );
    expect(await page.evaluate('typeof window.hacked')).toBe('undefined');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await page.isVisible('#stop')).toBe(true);
    const stop = await page.locator('#stop').boundingBox();
    expect((stop?.y ?? Number.NaN) + (stop?.height ?? 0)).toBeLessThanOrEqual(800);
  });

  it('shows partial text, then the final, the reply, what of it was heard, and the timings', async () => {
    const session = await connected();

    session.say({ type: 'transcript', turn: 1, text: 'tell me', final: false });
    await page.locator('.user.partial', { hasText: 'tell me' }).waitFor();
    session.say(
      { type: 'transcript', turn: 1, text: 'tell me a story', final: true },
      { type: 'reply', turn: 1, generation: 1, text: 'Once upon ' },
      { type: 'reply', turn: 1, generation: 1, text: 'a time.' },
    );
    await page.locator('.reply.ongoing', { hasText: 'Once upon a time.' }).waitFor();
    session.say({
      type: 'reply.end',
      turn: 1,
      generation: 1,
      reason: 'interrupted',
      heard: 'Once upon',
      timings: { firstAudio: 41.6 },
    });
    await page.locator('.reply.ended').waitFor();

    expect(await page.textContent('.line.user:not(.partial) .words')).toBe('tell me a story');
    expect(await page.textContent('.heard')).toBe('Once upon');
    expect(await page.textContent('.unheard')).toBe(' a time.');
    expect(await page.textContent('#timings')).toContain('42 ms');
  });

  it('explains a transcript that was rejected', async () => {
    const session = await connected();
    const rejected = { nearest: 'tell me a story', confidence: 0.31, reason: 'unlike' };
    session.raw(JSON.stringify({ type: 'transcript', turn: 1, text: '', final: true, rejected }));
    await page.locator('.line.user .why').waitFor();

    expect(await page.textContent('.line.user .words')).toBe('Not understood');
    expect(await page.textContent('.line.user .why')).toBe(
      'Too unlike every known phrase. Nearest: “tell me a story”, 31 % likely.',
    );
  });

  it('takes typed turns', async () => {
    const session = await connected();

    await page.fill('#text', '  what is your name?  ');
    await page.click('#send');
    await session.until((client) => client.all('text').length > 0);
    session.say({ type: 'reply', turn: 1, generation: 1, text: 'Parley.' });
    await page.locator('.reply', { hasText: 'Parley.' }).waitFor();

    expect(session.all('text')).toEqual([{ type: 'text', text: 'what is your name?' }]);
    expect(await page.textContent('.line.user .words')).toBe('what is your name?');
    expect(await page.inputValue('#text')).toBe('');
  });
});

describe('before the first word', () => {
  it('the page offers phrases of the dialog: a click says one, and they go', async () => {
    server.about = { phrases: ['tell me a story', 'go forward'], notices: [] };
    const session = await connected();
    await page.click('#phrase-list button >> text=tell me a story');
    await session.until((client) => client.all('text').length > 0);

    expect(session.all('text')).toEqual([{ type: 'text', text: 'tell me a story' }]);
    expect(await page.isVisible('#phrases')).toBe(false);
    expect(await page.textContent('.line.user .words')).toBe('tell me a story');
  });

  it('phrases cannot be clicked until there is a session, the inspector can', async () => {
    server.about = { phrases: ['tell me a story'], notices: [] };
    await page.goto(server.url);
    await until(page, `document.querySelector('#phrase-list button')`);

    expect(await page.isDisabled('#phrase-list button')).toBe(true);
    expect(await page.isDisabled('#stop')).toBe(true);
    expect(await page.getAttribute('#inspect', 'href')).toBe('inspect/');
    expect(await page.isVisible('#timings-box')).toBe(false);
  });

  it('the page shows what the server warns of, until it is dismissed', async () => {
    server.about = { phrases: [], notices: [{ code: 'X', message: 'the recogniser knows only the dialog' }] };
    await page.goto(server.url);
    await until(page, `!document.querySelector('#notice').hidden`);
    expect(await page.textContent('#notice-words')).toBe('The recogniser knows only the dialog.');
    await page.click('#notice-dismiss');
    expect(await page.isVisible('#notice')).toBe(false);
  });

  it('level, speech and echo are shown as the server measures them', async () => {
    const session = await connected();
    const words: string[] = [];
    const shown = `['decibels', 'ear', 'echo'].map((id) => document.getElementById(id).textContent).join(', ')`;
    const tell = async (report: object) => {
      const before = await page.evaluate(shown);
      session.raw(JSON.stringify({ type: 'ear', at: 1, levelDb: -32, speech: 0.5, ...report }));
      await until(page, `${shown} !== ${JSON.stringify(before)}`);
      words.push(String(await page.evaluate(shown)));
    };
    await tell({});
    await tell({ echo: { removedDb: 0, passed: 0 } });
    await tell({ echo: { delayMs: 142, removedDb: 28, passed: 0.01 } });
    await tell({ echo: { delayMs: 142, removedDb: 2, passed: 0.8 } });
    expect(words).toEqual([
      '−32 dB, Speech: 50 %, Echo cancelled by the browser',
      '−32 dB, Speech: 50 %, Looks for the robot’s echo',
      '−32 dB, Speech: 50 %, Echo after 142 ms: own voice −28 dB',
      '−32 dB, Speech: 50 %, Echo after 142 ms: another voice passes',
    ]);
    expect(JSON.stringify(await pageLog())).not.toContain('levelDb');
  });

  it('the ear says what it makes of sounds, until there is nothing to say', async () => {
    const session = await connected();
    const words: (string | null)[] = [];
    const tell = async (message: object) => {
      session.raw(JSON.stringify(message));
      session.raw(JSON.stringify({ type: 'reply', turn: 1, generation: 1, text: `${words.length} ` }));
      await until(page, `document.querySelector('.reply')?.textContent.includes('${words.length} ')`);
      words.push(await page.textContent('#ear'));
    };
    await tell({ type: 'speech', event: 'start', at: 1 });
    await tell({ type: 'playback', generation: 1, state: 'paused' });
    await tell({ type: 'speech', event: 'stop', at: 2 });
    const rejected = { nearest: 'turn left', confidence: 0.3, reason: 'unlike' };
    await tell({ type: 'transcript', turn: 1, text: '', final: true, rejected });
    await tell({ type: 'playback', generation: 1, state: 'playing' });
    await tell({ type: 'speech', event: 'start', at: 3 });
    await tell({ type: 'speech', event: 'stop', at: 4 });
    expect(words).toEqual([
      'Hears speech',
      'Speech: the reply waits',
      'The reply waits for what was said',
      'The reply waits for what was said',
      'Ignored: Too unlike every known phrase.',
      'Hears speech',
      '',
    ]);
  });

  it('the meter moves with the microphone', async () => {
    await connected();
    await until(page, `document.querySelector('#level').value > 0.3`);
    expect(await page.textContent('#microphone')).toBe('Microphone on');
  });
});

describe('a server that is gone', () => {
  /** Waits are as long as they can be, and further attempts fail, until the server is back. */
  async function gone(session: ScriptedSession): Promise<void> {
    expectComplaint('ERR_INTERNET_DISCONNECTED');
    await page.evaluate('Math.random = () => 1');
    await page.context().setOffline(true);
    session.cut();
    await until(page, `document.body.dataset.state === 'gone'`);
  }

  afterEach(async () => {
    // Before it can connect again.
    await page.close();
    await page.context().setOffline(false);
  });

  it('is said large, with the time until the next attempt, and what cannot work is disabled', async () => {
    server.about = { phrases: ['tell me a story'], notices: [] };
    const session = await connected();
    await gone(session);

    expect(await page.textContent('#state')).toBe('Server gone');
    await until(page, `/Trying again in [12] s/u.test(document.querySelector('#hint').textContent)`);
    for (const id of ['text', 'send', 'mute', 'interrupt', 'phrase-list button'])
      expect(await page.isDisabled(`#${id}`), id).toBe(true);
    expect(await page.getAttribute('#inspect', 'href')).toBeNull();
    expect(await page.textContent('#stop-label')).toBe('Stop when back');
  });

  it('is asked at once on request; the stop pressed meanwhile comes first', async () => {
    const session = await connected();
    await gone(session);
    await page.click('#stop');
    expect(await page.textContent('#stop-label')).toBe('Stop comes first when back');
    // The next wait outlasts the test: only the request ends it.
    await page.evaluate('Math.random = () => 10_000');
    await until(page, `/in \\d{3,} s/u.test(document.querySelector('#hint').textContent)`);
    await page.context().setOffline(false);
    await page.click('#retry');
    const again = await server.next();
    again.ready({ epoch: 2, resumed: true });
    await again.until((client) => client.received.length > 1);

    expect(again.received[1]).toEqual({ type: 'halt' });
    expect(await page.textContent('#state')).toBe('Idle');
    expect(await page.textContent('#stop-label')).toBe('Stop');
  });
});

describe('the connection', () => {
  it('that is lost while stopped stays stopped: the page says so, and the next session begins with it', async () => {
    const session = await connected();
    session.state('stopped', 0, 0);
    await until(page, `parley.state === 'stopped'`);
    await page.evaluate('Math.random = () => 1');
    session.cut();
    await until(page, `document.querySelector('#stop-label').textContent === 'Stop comes first when back'`);
    const again = await server.next();
    again.ready({ session: 'another' });
    await again.until((client) => client.received.length > 1);

    expect(again.received[1]).toEqual({ type: 'halt' });
  });

  it('comes back by itself and resumes the session where it was', async () => {
    const session = await connected();
    session.say({ type: 'transcript', turn: 1, text: 'before the loss', final: true });
    session.state('speaking', 1, 1);
    const sent = await session.tone(1, 200);
    await session.until((client) => client.played(1).includes(sent));

    session.cut();
    const again = await server.next();
    again.ready({ epoch: 2, resumed: true });
    await again.until((client) => client.played(1).length > 0);

    expect(again.all('hello')).toEqual([
      {
        type: 'hello',
        resume: true,
        session: 'scripted',
        epoch: 1,
        lastSeq: 2,
        played: { generation: 1, samples: sent },
        audio: { inputRate: 16_000, outputRate: 24_000, echo: 'cancelled' },
        ear: 'reports',
      },
    ]);
    expect(again.played(1)).toEqual([sent]);
    expect(await page.textContent('.line.user .words')).toBe('before the loss');
    expect(await page.isHidden('#trouble')).toBe(true);
  });

  it('stays away when the server refuses it, and says why', async () => {
    await page.goto(`${server.url}#token=wrong`);
    await page.click('#connect');
    const session = await server.next();
    session.say({ type: 'error', code: 'UNAUTHORISED', message: 'the token is not accepted', fatal: true });
    session.close(4401);
    await until(page, `parley.link === 'offline'`);

    expect(session.all('hello')[0]?.token).toBe('wrong');
    expect(page.url()).toBe(server.url);
    expect(await page.textContent('#trouble-words')).toMatch(/access token.*not accepted.*UNAUTHORISED/);
    expect(JSON.stringify(await pageLog())).not.toContain('wrong');
    expect(await page.textContent('#state')).toBe('Offline');
  });

  it('says bye and lets the microphone go on disconnect', async () => {
    const session = await connected();
    await until(page, 'parley.microphone.open');

    await page.click('#connect');
    await session.until((client) => client.all('bye').length === 1);
    await until(page, `!parley.microphone.open && parley.link === 'offline'`);
  });

  it('ignores what is not a message of the protocol', async () => {
    const session = await connected();

    session.raw('no json');
    session.raw('{"type":"flush","generation":"all"}');
    session.raw(new Uint8Array([9, 9, 9]));
    session.raw(new Uint8Array(13));
    session.state('listening', 1, 0);

    await until(page, `parley.state === 'listening'`);
  });
});
