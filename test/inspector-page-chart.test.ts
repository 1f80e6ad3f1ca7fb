import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { momentsJournal, momentsOf } from './support/chart-moments.ts';
import { launchChromium, type RunningChromium, until } from './support/chromium.ts';
import { goldenText, type PagesServer, startPagesServer } from './support/pages-server.ts';
import { WITHOUT_ENGINES } from './support/processes.ts';

/** As the windows of a phone, a tablet and a laptop. */
const WINDOWS = [
  { width: 360, height: 780 },
  { width: 820, height: 1180 },
  { width: 1280, height: 800 },
];
const SIX = 'idle listening responding.phase.processing responding.phase.speaking stopped ended'.split(' ');

let server: PagesServer;
let chromium: RunningChromium;
let page: Page;
const moments = momentsOf();

beforeAll(async () => {
  server = await startPagesServer(WITHOUT_ENGINES);
  await writeFile(join(server.folder, 'moments.jsonl'), momentsJournal(moments));
  await writeFile(join(server.folder, 'barge-in.jsonl'), await goldenText('barge-in'));
  chromium = await launchChromium();
  page = chromium.page;
}, 240_000);

afterAll(async () => {
  await chromium?.close();
  await server?.stop();
});

async function openFile(name: string, window = WINDOWS[2]): Promise<void> {
  if (window) await page.setViewportSize(window);
  await page.goto('about:blank');
  await page.goto(`${server.url}/inspect`);
  await page.evaluate(await readFile(new URL('./support/chart-probe.js', import.meta.url), 'utf8'));
  await page.setInputFiles('#file', join(server.folder, name));
  await until(page, `document.querySelector('#session') && inspector.open?.last > 0`);
  await until(page, `inspector.open.tracer.done > inspector.open.last`);
}

async function goTo(state: string): Promise<void> {
  await page.evaluate(
    `inspector.open.seekRecord(inspector.open.log.entries.findLastIndex((entry) => entry.state === '${state}'))`,
  );
  await until(page, `document.querySelector('.chart-node[aria-current]')?.dataset.state === '${state}'`);
}

const focused = () => page.evaluate('document.activeElement?.dataset.id');
const expanded = (path: string) => page.getAttribute(`[data-id="${path}"]`, 'aria-expanded');

describe.each(WINDOWS)('in a window of $width × $height', (window) => {
  it('in every reachable state all active states can be read, and no words lie on others or are covered', async () => {
    expect(moments.length).toBeGreaterThan(100);
    await openFile('moments.jsonl', window);
    expect(await page.evaluate(`probeAll(${JSON.stringify(moments)})`)).toEqual([]);
  }, 240_000);

  it('an ended session opens on the six states, each with how often and how long, the end lit', async () => {
    await openFile('barge-in.jsonl', window);
    await goTo('ended');
    expect(await page.evaluate(`probeChart(${JSON.stringify(SIX)})`)).toEqual([]);
    const stays = await page.$$eval('.chart-stay', (all) => all.map(({ textContent }) => textContent));
    expect(stays).toHaveLength(6);
    for (const stay of stays) expect(stay).toMatch(/^\d+× · [\d.:]+(?: m?s)?$/u);
    expect(await page.textContent('.chart-waiting')).toContain('ended is final');
  });

  it('opens everything without laying words on others', async () => {
    await openFile('barge-in.jsonl', window);
    await goTo('speaking');
    await page.click('.chart-open');
    await until(page, `document.querySelector('.chart-open').textContent === 'Close'`);
    expect(await page.evaluate('probeChart([])')).toEqual([]);
  });
});

it('shows the paths that were taken, thicker the more often, and what led along the one under the pointer', async () => {
  await openFile('barge-in.jsonl');
  await goTo('ended');
  const thickness = async (path: string) =>
    Number(await page.getAttribute(`[data-path="${path}"] .chart-line`, 'stroke-width'));
  expect(await page.$$('[data-path="listening ended"]')).toEqual([]);
  expect(await thickness('processing speaking')).toBeGreaterThan(await thickness('idle ended'));
  expect(await page.textContent('.chart-label')).toContain('bye');
  await page.hover('[data-path="speaking stopped"] .chart-reach', { force: true });
  await until(page, `document.querySelector('.chart-label').textContent.includes('speaking → stopped')`);
  expect(await page.$$('.chart-label')).toHaveLength(1);
});

it('is a tree for the keyboard: arrows go, open and close, Enter tells more', async () => {
  await openFile('barge-in.jsonl');
  await goTo('idle');
  await page.focus('.chart [role="treeitem"][tabindex="0"]');
  expect(await focused()).toBe('idle');
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toBe('listening');
  expect(await expanded('listening')).toBe('false');
  await page.keyboard.press('ArrowRight');
  await until(
    page,
    `document.querySelector('[data-id="listening"]').getAttribute('aria-expanded') === 'true'`,
  );
  await page.keyboard.press('ArrowRight');
  expect(await focused()).toBe('listening.capturing');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await until(
    page,
    `document.querySelector('[data-id="listening"]').getAttribute('aria-expanded') === 'false'`,
  );
  // The moment is still the same: the arrows were the tree's.
  expect(await page.getAttribute('#session', 'data-state')).toBe('idle');
  await page.keyboard.press('Enter');
  await until(page, `document.querySelector('#visits')`);
  expect(await page.textContent('#visits')).toContain('listening');
  await page.click('#visits-last');
  await until(page, `document.querySelector('#session').dataset.state === 'listening'`);
  expect(await page.getAttribute('[data-id="listening"]', 'aria-current')).toBe('true');
  expect(await page.getAttribute('[data-id="listening.capturing"]', 'aria-level')).toBe('2');
});

it('leaves the page where it was scrolled to while states change, on a phone too', async () => {
  await openFile('barge-in.jsonl', WINDOWS[0]);
  await goTo('idle');
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  const before = Number(await page.evaluate('scrollY'));
  expect(before).toBeGreaterThan(100);
  await goTo('speaking');
  await goTo('ended');
  expect(await page.evaluate('scrollY')).toBe(before);
});

it('shows where the regions beside the conversation are', async () => {
  const moved = (await goldenText('barge-in')).replace(
    '"change":[["value",{"listening":"capturing"}],',
    '"change":[["value",{"listening":"capturing"}],["regions",{"body":"moving"}],',
  );
  await writeFile(join(server.folder, 'moving.jsonl'), moved);
  await openFile('moving.jsonl');
  const regions = () => page.$$eval('.chart-region', (all) => all.map(({ textContent }) => textContent));
  await page.evaluate('inspector.open.seekRecord(0)');
  await until(page, `document.querySelectorAll('.chart-region.moved').length === 0`);
  expect(await regions()).toEqual(['body still', 'stop lane clear', 'attention awake', 'presence here']);
  await goTo('listening');
  await until(page, `document.querySelectorAll('.chart-region.moved').length === 1`);
  expect(await regions()).toEqual(['body moving', 'stop lane clear', 'attention awake', 'presence here']);
});
