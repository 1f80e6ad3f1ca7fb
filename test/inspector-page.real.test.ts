import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MadeSession } from '../lab/bench/inspector-journal.ts';
import { inspectorSize } from '../web/build.mjs';
import { folderOfFile } from './support/after-test.ts';
import { launchChromium, type RunningChromium, until } from './support/chromium.ts';
import { goldenText, PAGES } from './support/pages-server.ts';
import { type ParleyProcess, parley, WITHOUT_ENGINES } from './support/processes.ts';

/** A real conversation, as the machine of this version decides. */
const golden = (name: string) => join(folder, `${name}.jsonl`);
const GOLDEN = ['spoken', 'barge-in', 'failing-engine'];
/**
 * Gzipped, in bytes. A third of it is the chart's own knowledge: it compares numbers, signs and names in seven languages. 2 kB of it are
 * the state in which a behaviour may answer.
 */
const LARGEST_PAGE = 134_000;

const HOSTILE = [
  '<script>document.title = "hacked"</script>',
  '<img src=x onerror="document.title = \'hacked\'">',
  '\u202eright to left override, مرحبا بالعالم שלום',
  '👩‍👩‍👧‍👦🏳️‍🌈'.repeat(20),
  'a\u0000b\u0007c',
  `${'long '.repeat(2_000)}end`,
  'unbroken'.repeat(1_250),
];

const folder = folderOfFile();
let chromium: RunningChromium;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  for (const name of GOLDEN) await writeFile(golden(name), await goldenText(name));
  chromium = await launchChromium();
}, 240_000);

afterAll(async () => {
  await chromium?.close();
});

/** Every test has a page of its own; what a browser complains of fails it. */
beforeEach(async () => {
  page = await chromium.page.context().newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|refused to/iu.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(?:https?:\/\/127\.0\.0\.1[:/]|data:|blob:)/u.test(request.url()))
      complaints.push(`foreign request ${request.url()}`);
  });
});

afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

/** The event of the moment, as it is drawn. */
const eventAt = (index: number) => `document.querySelector('#moment')?.textContent.includes('· ${index}/')`;
const words = (selector: string) => page.textContent(selector);
const measured = async (expression: string) => Number(await page.evaluate(expression));

async function serve(): Promise<{ server: ParleyProcess; url: string }> {
  const data = await mkdtemp(join(folder, 'data-'));
  const server = parley(['serve', '--port', '0', '--data-dir', data, '--pages', PAGES, ...WITHOUT_ENGINES]);
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  return { server, url };
}

async function openFile(path: string): Promise<void> {
  await page.setInputFiles('#file', path);
  await until(page, `document.querySelector('#session') && inspector.open?.last > 0`);
}

async function replayed() {
  await page.click('#tab-replay');
  await page.click('#replay-here');
  await until(page, `document.querySelector('#replay-result')`);
  return words('#replay-result');
}

describe('the built pages', () => {
  it('are small: the inspector weighs less than 134 kB, gzipped', async () => {
    const size = await inspectorSize(PAGES);
    expect(size).toBeGreaterThan(10_000);
    expect(size).toBeLessThanOrEqual(LARGEST_PAGE);
  });

  it('go over the wire gzipped', async () => {
    const { server, url } = await serve();
    for (const name of ['', 'inspect.js', 'inspect.css']) {
      const gzipped = await fetch(`${url}/inspect/${name}`, {
        headers: { 'accept-encoding': 'br, gzip;q=0.5' },
      });
      const plain = await fetch(`${url}/inspect/${name}`, { headers: { 'accept-encoding': 'gzip;q=0' } });
      expect(gzipped.headers.get('content-encoding')).toBe('gzip');
      expect(plain.headers.get('content-encoding')).toBeNull();
      expect(await gzipped.text()).toBe(await plain.text());
    }
    await server.stop();
  });
});

describe('a journal as a file', () => {
  let server: ParleyProcess;
  let url: string;

  beforeAll(async () => {
    await writeFile(join(folder, 'hostile.jsonl'), hostileSession());
    await writeFile(join(folder, 'stale.jsonl'), staleSession());
    ({ server, url } = await serve());
  });

  afterAll(() => server?.stop());

  beforeEach(async () => {
    await page.goto(`${url}/inspect`);
    await until(page, `document.querySelector('#sessions')`);
  });

  it('opens when it is dropped on the page, and replays, though the server is gone', async () => {
    const own = await serve();
    await page.goto(`${own.url}/inspect`);
    await until(page, `inspector.status === 'connected'`);
    await own.server.stop();
    await until(page, `document.querySelector('#gone h2')?.textContent === 'Server gone'`);
    await until(
      page,
      `/Trying again in \\d+ s|Trying to connect/u.test(document.querySelector('#gone p').textContent)`,
    );
    const dropped = JSON.stringify(await readFile(golden('spoken'), 'utf8'));
    await page.evaluate(`{
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([${dropped}], 'dropped.jsonl'));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }`);
    await until(page, `document.querySelector('#session')`);
    expect(await words('.where')).toContain('file');
    expect(await replayed()).toMatch(/^All \d+ records match/u);
  });

  it('refuses what is not a journal in words, and stays usable', async () => {
    await writeFile(join(folder, 'none.txt'), 'hello');
    await page.setInputFiles('#file', join(folder, 'none.txt'));
    await until(page, `document.querySelector('#trouble')?.textContent.includes('not a header')`);
    await openFile(golden('spoken'));
    expect(await page.$('#trouble')).toBeNull();
  });

  it('shows the state of each moment that is scrubbed to, in every view', async () => {
    await openFile(golden('barge-in'));
    const stateAt = async (index: number) => {
      await page.fill('#scrub', `${index}`);
      await until(page, eventAt(index));
      return page.getAttribute('#session', 'data-state');
    };
    const states: unknown = await page.evaluate('inspector.open.log.entries.map(({ state }) => state)');
    const last = await measured('inspector.open.last');
    for (const index of [last, 0, 1, 5, 40, Math.floor(last / 2), last - 1])
      expect(await stateAt(index)).toBe(Array.isArray(states) ? states[index] : '');
    const understood = await measured(
      "inspector.open.log.entries.findIndex(({ type }) => type === 'xstate.done.actor.stt')",
    );
    expect(understood).toBeGreaterThan(1);
    await stateAt(understood);
    expect(await words('#details h3')).toContain(`${understood}. `);
    expect(await words('#moment')).toContain(`${understood}/`);
    await page.click('#tab-context');
    expect(await words('#context')).toContain('tell me a story');
    await stateAt(1);
    expect(await words('#context')).not.toContain('tell me a story');
    await page.click('#tab-transcript');
    expect(await words('#transcript')).not.toContain('Once upon a time');
    await stateAt(40);
    expect(await words('#transcript')).toContain('Once upon a time');
  });

  it('obeys the keys: events, turns, search, help, play', async () => {
    await openFile(golden('spoken'));
    await page.focus('#scrub');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await until(page, eventAt(2));
    await page.keyboard.press('ArrowLeft');
    await until(page, eventAt(1));
    await page.keyboard.press(']');
    const starts: unknown = await page.evaluate('inspector.open.log.turnStarts');
    const [first, second] = Array.isArray(starts) ? starts : [];
    await until(page, eventAt(first));
    await page.keyboard.press(']');
    await until(page, eventAt(second));
    await page.keyboard.press('[');
    await until(page, eventAt(first));
    await page.keyboard.press('/');
    await page.keyboard.type('speech.stop');
    await until(page, `document.querySelectorAll('#events [role=option]').length === 3`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await until(page, `document.querySelector('#help')?.open`);
    await page.keyboard.press('Escape');
    await until(page, `!document.querySelector('#help')`);
    await page.focus('#events');
    await page.keyboard.press('Space');
    await until(page, `inspector.open.playing`);
    await until(page, `inspector.open.index > ${first} + 3`);
    await page.keyboard.press('Space');
    await until(page, `!inspector.open.playing`);
    await page.keyboard.press('Escape');
    await until(page, `document.querySelector('#sessions')`);
    await page.keyboard.press('j');
    await until(page, `document.querySelector('#session')`);
  });

  it('says of an event which guards refused, what it changed, and what came of it, link by link', async () => {
    await openFile(golden('failing-engine'));
    await page.fill('#events input[type=search], .events input[type=search]', 'xstate.error.actor.llm');
    await page.click('#events [role=option]');
    await until(
      page,
      `document.querySelector('#details h3')?.textContent.includes('xstate.error.actor.llm')`,
    );
    const failed = await measured('inspector.open.index');
    expect(await words('#details')).toContain('LLM_FAILED');
    expect(await words('#details .diff')).toContain('reply.failure');
    expect(await words('#decision')).toMatch(/llm/u);
    await page.click('#details .link');
    await until(page, `inspector.open.index < ${failed}`);
    await until(
      page,
      `document.querySelector('#details h3').textContent.startsWith(inspector.open.index + '.')`,
    );
    expect(await words('#details .commands')).toMatch(/start llm/u);
    await page.click(`#details .came >> text=error`);
    await until(page, eventAt(failed));
  });

  it('leaves a family of events out of the list when it is switched off, and says how many there are', async () => {
    await openFile(golden('spoken'));
    const playback = await measured(
      `inspector.open.log.entries.filter(({ source }) => source === 'playback').length`,
    );
    expect(await words('#family-playback')).toBe(`playback ${playback}`);
    await page.click('#family-engines');
    await until(page, `!document.querySelector('#events').textContent.includes('stt done')`);
    expect(await page.getAttribute('#family-engines', 'aria-pressed')).toBe('false');
  });

  it('draws the recorded audio of the user', async () => {
    const loud = Buffer.from(Int16Array.from({ length: 16_000 }, (_, i) => 9_000 * Math.sin(i / 5)).buffer);
    const audio = { type: 'audio', direction: 'in', generation: 0, sample: 0, rate: 16_000 };
    const lines = (await readFile(golden('spoken'), 'utf8')).trimEnd().split('\n');
    lines.splice(-1, 0, JSON.stringify({ ...audio, pcm: loud.toString('base64') }));
    await writeFile(join(folder, 'audible.jsonl'), `${lines.join('\n')}\n`);
    await openFile(join(folder, 'audible.jsonl'));
    await until(page, `document.querySelector('.levels path')?.getAttribute('d').length > 40`);
    await page.click('#home');
    await openFile(golden('barge-in'));
    await until(page, `document.querySelector('.lane-note')?.textContent.startsWith('not recorded')`);
  });

  it('shows a stale event with its reason', async () => {
    await openFile(join(folder, 'stale.jsonl'));
    await page.selectOption('#filter-kind', 'stale');
    await page.click('#events [role=option]');
    await until(page, `document.querySelector('#stale-reason')`);
    expect(await words('#stale-reason')).toMatch(
      /llm of generation 1 had been stopped by event \d+\s+\(interrupt\)/u,
    );
  });

  it.each(['spoken', 'barge-in'])('%s replays in the page with the recorded hashes', async (name) => {
    await openFile(golden(name));
    expect(await replayed()).toMatch(/^All \d+ records match/u);
  });

  it('says where a journal was altered, and where this version decides otherwise', async () => {
    const { text, record } = altered();
    await writeFile(join(folder, 'altered.jsonl'), text);
    await openFile(join(folder, 'altered.jsonl'));
    const said = await replayed();
    expect(said).toContain(`at record ${record}`);
    expect(said).toContain('JOURNAL_ALTERED');
  });

  it('what if: differs where the event is left out, and where it is changed', async () => {
    await openFile(golden('barge-in'));
    await page.fill('.events input[type=search]', 'xstate.done.actor.stt');
    await page.click('#events [role=option]');
    await until(page, `document.querySelector('#whatif-drop')`);
    const at = await measured('inspector.open.index');
    await page.click('#whatif-drop');
    await until(page, `document.querySelector('#parting')`);
    expect(await words('#parting')).toMatch(
      new RegExp(`First difference at step ${at}, event ${at} \\(left out\\)`, 'u'),
    );
    await page.click('#tab-events');
    await page.click('#whatif-edit');
    await page.fill('#whatif-event', 'no event');
    await page.click('#whatif-run');
    expect(await words('.what-if [role=alert]')).toMatch(/Not an event/u);
    await page.fill(
      '#whatif-event',
      JSON.stringify({ type: 'xstate.done.actor.stt', output: { text: 'hello' } }),
    );
    await page.click('#whatif-run');
    await until(page, `document.querySelector('#parting')?.textContent.includes('(changed)')`);
    expect(await words('#parting')).toContain(`event ${at}`);
  });

  it('compares with this version, with other parameters and with another session', async () => {
    await openFile(golden('failing-engine'));
    await openFile(golden('spoken'));
    await page.click('#tab-compare');
    await page.click('#compare-version');
    await until(page, `document.querySelector('#parting')`);
    expect(await words('#parting')).toMatch(/^No difference in \d+ steps/u);
    await page.check('input[value=parameters]');
    await page.fill('#parameter-phrases-notUnderstood', 'Pardon?');
    await page.fill('#parameter-endpointing-completeDelayMs', '1');
    await page.fill('#parameter-endpointing-delayMs', '1');
    expect(await words('#parameter-endpointing-delayMs-note')).toMatch(/Default: 500\. Recorded: \d+\./u);
    await page.click('#compare-run');
    await until(page, `document.querySelector('#parting')?.textContent.startsWith('First difference')`);
    // The form folds, so that the comparison is in sight.
    expect(await page.isVisible('#parameter-endpointing-delayMs')).toBe(false);
    await page.check('input[value=session]');
    const other = String(
      await page.evaluate(
        `inspector.list.rows.find(({ session }) => session !== inspector.open.session).session`,
      ),
    );
    await page.selectOption('#compare-session', other);
    await page.click('#compare-run');
    await until(page, `document.querySelector('.rows-head')?.textContent.includes('${other.slice(0, 8)}')`);
    expect(await words('#parting')).toMatch(/^First difference/u);
  });

  it('a hostile transcript stays inert and readable', async () => {
    await openFile(join(folder, 'hostile.jsonl'));
    await page.keyboard.press('End');
    for (const tab of ['transcript', 'context', 'turns', 'replay', 'compare', 'events'])
      await page.click(`#tab-${tab}`);
    await page.click('#tab-transcript');
    const shown = await page.$$eval('#transcript .words', (elements) =>
      elements.map((one) => one.textContent),
    );
    for (const text of HOSTILE) expect(shown).toContain(text);
    expect(await page.title()).toBe('Inspector · Parley');
    expect(await page.$$eval('#root script, #root img, #root iframe', (found) => found.length)).toBe(0);
    expect(await page.$$('#transcript .words:not([dir=auto])')).toEqual([]);
    // Nothing is wider than the screen, however long its words.
    expect(await measured('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.click('#tab-events');
    for (let index = 1; index <= 12; index++) await page.keyboard.press('ArrowLeft');
    expect(await page.title()).toBe('Inspector · Parley');
  });

  it('is shared as an address with session and moment, and exported as the file that it was', async () => {
    await openFile(golden('spoken'));
    await page.fill('#scrub', '17');
    await until(page, eventAt(17));
    await page.click('#share');
    const address = await page.inputValue('#share-link');
    expect(new URLSearchParams(new URL(address).hash.slice(1)).get('event')).toBe('17');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
    expect(await readFile(await download.path(), 'utf8')).toBe(await readFile(golden('spoken'), 'utf8'));
  });
});

function hostileSession(): string {
  const made = new MadeSession('hostile');
  for (const text of HOSTILE) made.turn(text, [`You said: ${text}`.slice(0, 300)]);
  return made.file();
}

function staleSession(): string {
  const made = new MadeSession('stale');
  made.tell('client', { type: 'text', text: 'hello' });
  made.tell('llm', { type: 'llm.delta', text: 'One moment. ' });
  made.tell('client', { type: 'interrupt' });
  made.late('llm', { type: 'llm.delta', text: 'too late' });
  return made.file();
}

function altered(): { text: string; record: number } {
  const made = new MadeSession('altered');
  made.turn('hello', ['Good day to you.']);
  const text = made.file().replace('Good day', 'Good bye');
  return { text, record: made.records.findIndex(({ event }) => event.includes('Good day')) };
}
