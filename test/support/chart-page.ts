/** The inspector's chart in Chromium: what the files that test it share. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { momentsJournal, momentsOf } from './chart-moments.ts';
import { launchChromium, type RunningChromium, until } from './chromium.ts';
import { goldenText, type PagesServer, startPagesServer } from './pages-server.ts';
import { WITHOUT_ENGINES } from './processes.ts';

/** The windows of a phone, a tablet and a laptop. */
export const PHONE = { width: 360, height: 780 };
export const TABLET = { width: 820, height: 1180 };
export const LAPTOP = { width: 1280, height: 800 };

export let server: PagesServer;
export let page: Page;
const moments = momentsOf();

/** Gives the tests of a file a browser and a server. */
export function useChart(): void {
  let chromium: RunningChromium;
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
}

export async function openFile(name: string, window = LAPTOP): Promise<void> {
  await page.setViewportSize(window);
  await page.goto('about:blank');
  await page.goto(`${server.url}/inspect`);
  await page.evaluate(await readFile(new URL('./chart-probe.js', import.meta.url), 'utf8'));
  await page.setInputFiles('#file', join(server.folder, name));
  await until(page, `document.querySelector('#session') && inspector.open?.last > 0`);
  await until(page, `inspector.open.tracer.done > inspector.open.last`);
}

/** Tests the chart at every moment of the model. */
export function testEveryMoment(window: typeof LAPTOP): void {
  it('in every reachable state all active states can be read, and no words lie on others or are covered', async () => {
    expect(moments.length).toBeGreaterThan(100);
    await openFile('moments.jsonl', window);
    expect(await page.evaluate(`probeAll(${JSON.stringify(moments)})`)).toEqual([]);
  }, 240_000);
}
