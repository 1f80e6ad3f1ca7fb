import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  LAPTOP,
  openFile,
  PHONE,
  page,
  server,
  TABLET,
  testEveryMoment,
  useChart,
} from './support/chart-page.ts';
import { until } from './support/chromium.ts';
import { goldenText } from './support/pages-server.ts';

const SIX = 'idle listening responding.phase.processing responding.phase.speaking stopped ended'.split(' ');

useChart();

async function goTo(state: string): Promise<void> {
  await page.evaluate(
    `inspector.open.seekRecord(inspector.open.log.entries.findLastIndex((entry) => entry.state === '${state}'))`,
  );
  await until(page, `document.querySelector('.chart-node[aria-current]')?.dataset.state === '${state}'`);
}

const focused = () => page.evaluate('document.activeElement?.dataset.id');
const expanded = (path: string) => page.getAttribute(`[data-id="${path}"]`, 'aria-expanded');

describe.each([PHONE, TABLET, LAPTOP])('in a window of $width × $height', (window) => {
  // The others: inspector-page-chart.long.test.ts. Where there is least room, words meet first.
  if (window === PHONE) testEveryMoment(window);

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

it('is a tree for the keyboard: arrows go, open and close, Enter shows more', async () => {
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
  await openFile('barge-in.jsonl', PHONE);
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
