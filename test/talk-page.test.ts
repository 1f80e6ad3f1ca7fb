import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { buildPages } from '../web/build.mjs';
import { launchChromium, type RunningChromium, until } from './support/chromium.ts';
import { likeness, loudness, wavSamples } from './support/loudness.ts';
import { type ScriptedSession, ScriptedSessionServer } from './support/scripted-session-server.ts';

const run = promisify(execFile);
const SPOKEN = 'Hello robot, please wave your left hand. Then tell me a story.';
const log = z.array(
  z.object({
    atMs: z.number(),
    direction: z.enum(['sent', 'received', 'page']),
    message: z.looseObject({
      type: z.string(),
      generation: z.int().optional(),
      samples: z.int().optional(),
      on: z.boolean().optional(),
    }),
  }),
);

let folder: string;
let server: ScriptedSessionServer;
let chromium: RunningChromium;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-talk-'));
  await run('espeak-ng', ['-v', 'en', '-w', join(folder, 'microphone.wav'), SPOKEN]);
  await buildPages(join(folder, 'pages'));
  server = await ScriptedSessionServer.start(join(folder, 'pages'));
  chromium = await launchChromium({ microphoneWav: join(folder, 'microphone.wav') });
});

afterAll(async () => {
  await chromium?.close();
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  server.about = { phrases: [], notices: [] };
  page = await chromium.page.context().newPage();
  complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) complaints.push(`foreign request ${request.url()}`);
  });
});

afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

async function connected(): Promise<ScriptedSession> {
  await page.goto(server.url);
  await page.click('#connect');
  const session = await server.next();
  session.ready();
  session.state('idle', 0, 0);
  await until(page, `parley.link === 'connected' && parley.state === 'idle'`);
  return session;
}

async function pageLog() {
  return log.parse(await page.evaluate('parley.log'));
}

async function messages() {
  return (await pageLog()).map(({ message }) => message);
}

function logged(type: string, generation: number): Promise<unknown> {
  return until(
    page,
    `parley.log.some(({ message: m }) => m.type === '${type}' && m.generation === ${generation})`,
  );
}

it('says how to install Chromium where there is none', async () => {
  vi.stubEnv('CHROMIUM', join(folder, 'no-browser'));
  try {
    await expect(launchChromium()).rejects.toThrow('apt-get install chromium');
  } finally {
    vi.unstubAllEnvs();
  }
});

describe('the microphone', () => {
  /**
   * The file and what the server got have the same course of loudness only at the same sample rate: 0.93 measured,
   * and 0.69 if the rate is 6 % off.
   */
  async function expectSpeech(session: ScriptedSession): Promise<void> {
    await session.until(({ audio }) => audio.length >= 120);
    const spoken = loudness(wavSamples(await readFile(join(folder, 'microphone.wav'))), 22_050);
    const arrived = loudness(session.samples(), 16_000);

    expect(new Set(session.audio.map((message) => message.byteLength))).toEqual(new Set([640]));
    expect(Math.max(...arrived)).toBeGreaterThan(1_000);
    expect(likeness(spoken, arrived)).toBeGreaterThan(0.8);
  }

  it('reaches the server as 20 ms messages of 16 kHz PCM16', async () => {
    const session = await connected();

    await expectSpeech(session);
  });

  it('is resampled by the page where the browser does not convert a microphone to 16 kHz', async () => {
    // Firefox refuses a source whose rate is not the context's.
    await page.addInitScript(`{
      const createSource = AudioContext.prototype.createMediaStreamSource;
      AudioContext.prototype.createMediaStreamSource = function (stream) {
        if (this.sampleRate === 16000) throw new DOMException('rates differ', 'NotSupportedError');
        return createSource.call(this, stream);
      };
    }`);
    const session = await connected();

    await expectSpeech(session);
  });

  it('sends silence while it is muted', async () => {
    const session = await connected();
    await session.until(({ audio }) => audio.length > 0);

    await page.click('#mute');

    await session.until(({ audio }) => {
      const latest = loudness(session.samples(Math.max(0, audio.length - 25)), 16_000);
      return latest.length === 25 && Math.max(...latest) === 0;
    });
    expect(await page.evaluate('parley.microphone.muted')).toBe(true);
    expect(await page.textContent('#mute')).toBe('Unmute mic');
  });

  it('may be refused: the page says so and one can type', async () => {
    await page.addInitScript(`
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    `);
    const session = await connected();

    await page.fill('#text', 'hello');
    await page.press('#text', 'Enter');
    await session.until((client) => client.all('text').length > 0);

    expect(await page.textContent('#trouble-words')).toContain('not allowed');
    expect(session.audio).toEqual([]);
  });
});

describe('playback', () => {
  it('reports what was played: rising counts, and at the end the exact total', async () => {
    const session = await connected();

    const sent = await session.tone(1, 1_000);
    await session.until((client) => client.played(1).includes(sent));

    const counts = session.played(1);
    expect(counts.length).toBeGreaterThanOrEqual(10);
    expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(sent);
  });

  it('pauses when asked to, however much audio follows, and goes on with the same sample', async () => {
    const session = await connected();
    const sending = session.tone(1, 600);
    await session.until((client) => client.played(1).length >= 2);

    session.say({ type: 'playback', generation: 1, state: 'paused' });
    await logged('playout.pause', 1);
    await sending;
    const sent = await session.tone(1, 400, { firstSeq: 30 });
    session.say({ type: 'playback', generation: 1, state: 'playing' });
    await session.until((client) => client.played(1).includes(sent));

    const entries = await messages();
    const paused = entries.findIndex(({ type }) => type === 'playout.pause');
    const resumed = entries.findIndex(({ type, state }) => type === 'playback' && state === 'playing');
    const whilePaused = entries.slice(paused, resumed).flatMap(({ samples }) => samples ?? []);
    expect(new Set(whilePaused)).toEqual(new Set([entries[paused]?.samples]));
    expect(entries[paused]?.samples).toBeLessThan(sent);
    expect(session.played(1).at(-1)).toBe(sent);
  });

  it('is silent from the flush on, whatever comes late, and plays the next generation', async () => {
    const session = await connected();
    const barge = new AbortController();
    const sending = session.tone(1, 10_000, { signal: barge.signal });
    await session.until((client) => client.played(1).length >= 2);

    session.say({ type: 'flush', generation: 1 });
    await logged('playout.flush', 1);
    barge.abort();
    await sending;
    session.frame(1, 1_000);
    const next = await session.tone(2, 200);
    await session.until((client) => client.played(2).includes(next));

    await expectSilentAfterFlush(session);
  });
});

/** From the flush on, nothing of generation 1 was played, and the server knows exactly how much was before. */
async function expectSilentAfterFlush(session: ScriptedSession): Promise<void> {
  const entries = await messages();
  const flushed = entries.findIndex(({ type }) => type === 'playout.flush');
  const later = entries
    .slice(flushed + 1)
    .filter(({ type, generation }) => type.startsWith('playout.') && generation === 1);
  expect(later).toEqual([]);
  expect(session.played(1).at(-1)).toBe(entries[flushed]?.samples);
  expect(await page.evaluate('parley.playback.stale')).toBeGreaterThan(0);
}

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

describe('the voice stop', () => {
  it('silences the page at once, without waiting for the server', async () => {
    const session = await connected();
    const stop = new AbortController();
    const sending = session.tone(1, 10_000, { signal: stop.signal });
    await session.until((client) => client.played(1).length >= 2);

    await page.click('#stop');
    await session.until((client) => client.all('halt').length === 1);
    stop.abort();
    await sending;
    session.frame(1, 1_000);
    const next = await session.tone(2, 200);
    await session.until((client) => client.played(2).includes(next));

    await expectSilentAfterFlush(session);
  });

  it('turns its button into rearm, which a double click does not press', async () => {
    const session = await connected();
    await page.evaluate(`{
      const stop = document.querySelector('#stop');
      window.clicks = 0;
      stop.addEventListener('click', () => clicks++);
      new MutationObserver(() => stop.click()).observe(stop, { attributeFilter: ['aria-disabled'] });
    }`);
    session.state('stopped', 0, 0);
    await until(
      page,
      `parley.state === 'stopped' && document.querySelector('#stop-label').textContent === 'Rearm'`,
    );
    await session.until((client) => client.all('rearm').length === 1);

    // The observer clicked when the button was held back, and again when it was released.
    expect(await page.evaluate('clicks')).toBe(2);
    expect(session.all('rearm')).toHaveLength(1);
    expect(session.all('halt')).toEqual([]);
  });

  it('is on the Escape key too, also while typing', async () => {
    const session = await connected();

    await page.focus('#text');
    await page.keyboard.press('Escape');

    await session.until((client) => client.all('halt').length === 1);
  });

  it('is sent first thing after a lost connection if it was pressed meanwhile', async () => {
    const session = await connected();
    session.cut();
    await until(page, `parley.link !== 'connected'`);

    await page.keyboard.press('Escape');
    const again = await server.next();
    again.ready('scripted', 2, true);
    await again.until((client) => client.received.length > 1);

    expect(again.received[1]).toEqual({ type: 'halt' });
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

  it('the meter moves with the microphone', async () => {
    await connected();
    await until(page, `document.querySelector('#level').value > 0.3`);
    expect(await page.textContent('#microphone')).toBe('Microphone on');
  });
});

describe('a server that is gone', () => {
  /** Waits are as long as they can be, and further attempts fail, until the server is back. */
  async function gone(session: ScriptedSession): Promise<void> {
    await page.evaluate('Math.random = () => 1');
    await page.context().setOffline(true);
    session.cut();
    await until(page, `document.body.dataset.state === 'gone'`);
  }

  afterEach(async () => {
    await page.context().setOffline(false);
    // The browser's own words for each failed attempt.
    complaints = complaints.filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED'));
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
    await until(page, `/in [48] s/u.test(document.querySelector('#hint').textContent)`);
    await page.context().setOffline(false);
    await page.click('#retry');
    const again = await server.next();
    again.ready('scripted', 2, true);
    await again.until((client) => client.received.length > 1);

    expect(again.received[1]).toEqual({ type: 'halt' });
    expect(await page.textContent('#state')).toBe('Idle');
    expect(await page.textContent('#stop-label')).toBe('Stop');
  });
});

describe('the connection', () => {
  it('comes back by itself and resumes the session where it was', async () => {
    const session = await connected();
    session.say({ type: 'transcript', turn: 1, text: 'before the loss', final: true });
    session.state('speaking', 1, 1);
    const sent = await session.tone(1, 200);
    await session.until((client) => client.played(1).includes(sent));

    session.cut();
    const again = await server.next();
    again.ready('scripted', 2, true);
    await again.until((client) => client.played(1).length > 0);

    expect(again.all('hello')).toEqual([
      {
        type: 'hello',
        session: 'scripted',
        epoch: 1,
        lastSeq: 2,
        audio: { inputRate: 16_000, outputRate: 24_000 },
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

  it('ignores what is no message of the protocol', async () => {
    const session = await connected();

    session.raw('no json');
    session.raw('{"type":"flush","generation":"all"}');
    session.raw(new Uint8Array([9, 9, 9]));
    session.raw(new Uint8Array(13));
    session.state('listening', 1, 0);

    await until(page, `parley.state === 'listening'`);
  });
});
