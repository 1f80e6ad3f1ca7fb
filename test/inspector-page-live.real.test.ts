import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { writeWav } from '../adapters/wav.ts';
import { launchChromium, muted, type RunningChromium, until } from './support/chromium.ts';
import { type PagesServer, startPagesServer } from './support/pages-server.ts';
import { asking } from './support/speech.ts';

const TOKEN = 'inspector-token';

let server: PagesServer;
let url: string;
let chromium: RunningChromium;
let complaints: string[];

beforeAll(async () => {
  const flags = ['--token', TOKEN, '--inspect.control', 'true', '--journal.audio', 'all'];
  server = await startPagesServer(flags);
  ({ url } = server);
  const microphoneWav = join(server.folder, 'microphone.wav');
  await writeFile(microphoneWav, writeWav(asking('what is your name')));
  complaints = [];
  chromium = await launchChromium({ microphoneWav });
  chromium.page.context().on('page', watch);
}, 240_000);

afterAll(async () => {
  await chromium?.close();
  await server?.stop();
});

function watch(page: Page): void {
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|refused to/iu.test(message.text())) complaints.push(message.text());
  });
}

/** For what the microphone decides: up to a minute. */
async function sooner(page: Page, expression: string): Promise<void> {
  for (let tries = 1; tries < 4; tries++) {
    const found = await until(page, expression).catch(() => false);
    if (found) return;
  }
  await until(page, expression);
}

/** In the chart of the talk page, which learns of a state by its own connection. */
const lit = (state: string) => `document.querySelector('#chart .lit')?.dataset.state === '${state}'`;
const active = (path: string) => `document.querySelector('[data-id="${path}"][data-active="true"]')`;
const entries = z.array(z.looseObject({ index: z.int(), state: z.string(), type: z.string() }));

// The microphone is Chromium's own fake: it drops audio on a busy machine, so words are not waited for, only sound.
it('a live conversation is followed from the talk page: states are lit, a barge-in is measured, and time goes back', async () => {
  const talk = chromium.page;
  watch(talk);
  await talk.goto(`${url}/#token=${TOKEN}`);
  await talk.click('#connect');
  await muted(talk, true);
  await until(talk, lit('idle'));

  // Its own session, in the inspector, with the token and without asking for it.
  const [page] = await Promise.all([talk.context().waitForEvent('page'), talk.click('#inspect')]);
  await sooner(page, `document.querySelector('#session')?.dataset.state`);
  expect(page.url()).not.toContain(TOKEN);
  // It is shown as recorded until the page knows that it goes on.
  await until(page, `/live/u.test(document.querySelector('.where')?.textContent)`);

  await talk.fill('#text', 'tell me a story');
  await talk.click('#send');
  await until(page, `document.querySelector('#session').dataset.state === 'speaking'`);
  await until(page, active('responding.phase.speaking.playing'));
  await until(talk, lit('speaking'));

  // What the door gets and sends, for who asks.
  await page.click('#tab-wire');
  await until(page, `/"type":"played"/u.test(document.querySelector('#wire pre')?.textContent)`);
  await page.click('#tab-events');

  await muted(talk, false);
  await sooner(talk, `parley.log.some(({ message }) => message.type === 'flush')`);
  await muted(talk, true);
  await until(page, `inspector.open.timeline.bargeIns.items.some(({ kind }) => kind === 'confirmed')`);
  const measured = await page.evaluate(
    `inspector.open.timeline.bargeIns.items.find(({ kind }) => kind === 'confirmed').label`,
  );
  expect(measured).toMatch(/\d+ ms/u);

  // Back to a moment of the reply, while the session goes on.
  const log = entries.parse(await page.evaluate('inspector.open.log.entries'));
  const spoke = log.find(({ state }) => state === 'speaking')?.index ?? 0;
  await page.fill('#scrub', `${spoke}`);
  await until(page, `document.querySelector('#moment').textContent.includes('· ${spoke}/')`);
  await until(page, active('responding.phase.speaking.playing'));
  expect(await page.getAttribute('#session', 'data-state')).toBe('speaking');
  await page.fill('#scrub', '0');
  await until(page, active('idle'));

  await page.click('#tab-replay');
  await page.click('#replay-here');
  await until(page, `document.querySelector('#replay-result')`);
  expect(await page.textContent('#replay-result')).toMatch(/^All \d+ records match/u);

  // Recorded audio is played along.
  await page.click('#play');
  await until(page, `inspector.open.playing && inspector.open.t > 100`);
  await page.click('#play');

  // A command only after a second thought.
  await page.click('#follow');
  await page.click('#control-halt');
  await page.click('dialog[open] button:not(.danger)');
  expect(await talk.evaluate('parley.state')).not.toBe('stopped');
  await page.click('#control-halt');
  await page.click('#control-confirm');
  await until(talk, `parley.state === 'stopped'`);
  await until(page, active('stopped'));
  await page.click('#control-rearm');
  await page.click('#control-confirm');
  await until(talk, `parley.state === 'idle'`);

  // A link leads to session and moment; what is over is found in the list.
  await page.fill('#scrub', `${spoke}`);
  await page.click('#share');
  const address = await page.inputValue('#share-link');
  const other = await talk.context().newPage();
  await other.goto(`${address}&token=${TOKEN}`);
  await until(other, `document.querySelector('#moment')?.textContent.includes('· ${spoke}/')`);
  await other.click('#home');
  await until(other, `document.querySelector('#sessions .mono .soft')?.textContent === 'parley-v1'`);
  await talk.click('#connect');
  await until(other, `document.querySelector('#sessions .chip')?.textContent === 'ended'`);
  // Its audio is drawn from what was recorded.
  await other.click('#sessions [role=option]');
  await until(other, `document.querySelector('.levels path')`);
  expect(complaints).toEqual([]);
}, 300_000);

it('asks for the token if it has none, and shows nothing without it', async () => {
  const page = await chromium.page.context().newPage();
  await page.goto(`${url}/inspect`);
  await until(page, `document.querySelector('#token')`);
  expect(await page.$$('#sessions [role=option]')).toEqual([]);
  await page.fill('#token', 'wrong');
  await page.keyboard.press('Enter');
  await until(page, `document.querySelector('#status').textContent === 'refused'`);
  await page.fill('#token', TOKEN);
  await page.keyboard.press('Enter');
  await until(page, `inspector.status === 'connected'`);
  await until(page, `document.querySelectorAll('#sessions [role=option]').length > 0`);
});
