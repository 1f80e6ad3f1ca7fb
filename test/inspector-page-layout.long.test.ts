import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { realClock } from '../adapters/real-clock.ts';
import { VoiceClient } from '../server/client/voice-client.ts';
import { launchChromium, type RunningChromium, until } from './support/chromium.ts';
import { type LayoutCheck, layoutCheck } from './support/page-layout.ts';
import { importRecordings, type PagesServer, startPagesServer } from './support/pages-server.ts';

const RECORDED = ['test/golden/spoken', 'test/golden/barge-in', 'test/golden/failing-engine'];

let server: PagesServer;
let client: VoiceClient;
let url: string;
let chromium: RunningChromium;
let page: Page;
let layout: LayoutCheck;
let session: string;

beforeAll(async () => {
  server = await startPagesServer(['--inspect.control', 'true'], async (dataDir) => {
    const [, interrupted] = await importRecordings(dataDir, RECORDED);
    session = interrupted?.header.session ?? '';
  });
  ({ url } = server);
  client = await VoiceClient.connect({ url, clock: realClock });
  client.send({ type: 'text', text: 'what is your name' });
  await client.waitFor((message) => message.type === 'reply.end', { timeoutMs: 60_000 });
  chromium = await launchChromium();
  ({ page } = chromium);
  // The chart has a test of its own.
  layout = await layoutCheck({ pictures: process.env.PAGE_PICTURES, except: '.chart-panel' });
}, 240_000);

afterAll(async () => {
  await chromium?.close();
  await client?.close();
  await server?.stop();
});

async function opened(view: string, event = 60): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${url}/inspect/#session=${session}&event=${event}&view=${view}`);
  await until(page, `document.querySelector('#moment')?.textContent.includes('· ${event}/')`);
  await until(page, `inspector.open.tracer.done > inspector.open.last`);
}

const states: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'inspect-sessions',
    async () => {
      await page.goto(`${url}/inspect`);
      await until(page, `document.querySelectorAll('#sessions [role=option]').length > ${RECORDED.length}`);
    },
  ],
  ['inspect-events', () => opened('events')],
  ['inspect-turns', () => opened('turns')],
  ['inspect-transcript', () => opened('transcript')],
  ['inspect-context', () => opened('context')],
  [
    'inspect-replay',
    async () => {
      await opened('replay');
      await page.click('#replay-here');
      await until(page, `document.querySelector('#replay-result')`);
    },
  ],
  [
    'inspect-what-if',
    async () => {
      await opened('events');
      await page.fill('.events input[type=search]', 'xstate.done.actor.stt');
      await page.click('#events [role=option]');
      await page.click('#whatif-drop');
      await until(page, `document.querySelector('#parting')`);
    },
  ],
  [
    'inspect-parameters',
    async () => {
      await opened('compare');
      await page.check('input[value=parameters]');
      await page.fill('#parameter-endpointing-delayMs', '700');
      await until(page, `document.querySelector('.field.changed')`);
    },
  ],
  [
    'inspect-live',
    async () => {
      const ready = client.arrivals.map(({ message }) => message).find(({ type }) => type === 'ready');
      const id = ready?.type === 'ready' ? ready.session : '';
      await page.goto('about:blank');
      await page.goto(`${url}/inspect/#session=${id}`);
      await until(page, `document.querySelector('#control-halt')`);
    },
  ],
  [
    'inspect-help',
    async () => {
      await opened('events');
      await page.keyboard.press('?');
      await until(page, `document.querySelector('#help')?.open`);
    },
  ],
  [
    'inspect-server-gone',
    async () => {
      await page.goto('about:blank');
      await opened('events');
      await page.context().setOffline(true);
      await page.evaluate('inspector.link.close(); inspector.link.open()');
      await until(page, `document.querySelector('#gone')`);
    },
  ],
];

it.each(states)(
  '%s: nothing is clipped or covered, nothing overlaps, all can be read',
  async (name, arrive) => {
    await arrive();
    const faults = await layout.check(page, name);
    await page.context().setOffline(false);
    expect(faults).toEqual([]);
  },
);

it('a server that is gone is said at the top of the page, larger than all else', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await opened('events');
  await page.context().setOffline(true);
  await page.evaluate('inspector.link.close(); inspector.link.open()');
  await until(page, `document.querySelector('#gone')`);
  const said = await page.evaluate(`{
    const size = (element) => parseFloat(getComputedStyle(element).fontSize);
    const heading = document.querySelector('#gone h2');
    const { top, bottom } = heading.getBoundingClientRect();
    const others = [...document.querySelectorAll('body *')].filter((element) => element !== heading);
    ({ words: heading.textContent, inSight: top >= 0 && bottom <= innerHeight / 2, size: size(heading),
      largestOther: Math.max(...others.map(size)) });
  }`);
  await page.context().setOffline(false);
  expect(said).toMatchObject({ words: 'Server gone', inSight: true, size: 21 });
  expect(said).toHaveProperty(
    'largestOther',
    expect.toSatisfy((size: number) => size < 21),
  );
});

it('sessions are listed with date and time, and the first audio, explained, under its heading', async () => {
  await page.setViewportSize({ width: 1_280, height: 800 });
  await page.goto(`${url}/inspect`);
  await until(page, `document.querySelectorAll('#sessions [role=option]').length > ${RECORDED.length}`);
  const rows = z
    .array(z.object({ started: z.string(), shown: z.string(), firstAudio: z.string(), off: z.number() }))
    .parse(
      await page.evaluate(`{
        const head = document.querySelector('.list-head [title]').getBoundingClientRect();
        [...document.querySelectorAll('.session-row')].map((row) => {
          const latency = row.querySelector('.number[title]');
          const date = [...row.querySelectorAll('[title]')].find(({ title }) => !Number.isNaN(Date.parse(title)));
          return { started: date.title, shown: date.textContent, firstAudio: latency.textContent,
            off: Math.abs(latency.getBoundingClientRect().right - head.right) };
        });
      }`),
    );
  expect(rows.length).toBeGreaterThan(RECORDED.length);
  for (const { started, shown, firstAudio, off } of rows) {
    expect(shown).toContain(String(new Date(started).getFullYear()));
    expect(shown).toMatch(/\d{1,2}:\d{2}/u);
    expect(firstAudio).toMatch(/^(?:|\d+ ms|[\d.:]+ s)$/u);
    expect(off).toBeLessThan(1);
  }
  expect(await page.textContent('.legend')).toBe(
    'First audio: from the end of the user’s last turn to the first sound of the reply.',
  );
});
