import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import type { TurnFacts } from '../server/analytics/turn-facts.ts';
import { afterTest, folderOfFile } from './support/after-test.ts';
import { launchChromium, type RunningChromium, until } from './support/chromium.ts';
import { PAGES } from './support/pages-server.ts';
import { parley, WITHOUT_ENGINES } from './support/processes.ts';

const folder = folderOfFile();
const dataDir = join(folder, 'data');
let chromium: RunningChromium;

beforeAll(async () => {
  chromium = await launchChromium({ viewport: { width: 1_000, height: 900 } });
  const store = sqliteStore({ path: join(dataDir, 'parley.db') });
  const engine = { asked: 1, failed: 0, firstByteMs: [30], failoverMs: [], opened: 0, requests: 1 };
  for (let n = 0; n < 40; n++) {
    const facts: TurnFacts = {
      ...{ generation: n, reason: n % 4 === 0 ? 'interrupted' : 'completed', language: n % 2 ? 'en' : 'zh' },
      ...{
        endpoint: '<b>parley</b>',
        spoken: true,
        understood: n % 10 !== 0,
        engines: { 'llm:dialog': engine },
      },
      stagesMs: { firstAudio: 100 + 10 * n, llmFirstToken: 20 + n },
      costs: { speechSeconds: 1, replySeconds: 2, characters: 40, tokens: 12 },
    };
    const at = new Date(Date.now() - n * 1_200_000).toISOString();
    await store.analytics.save({
      id: `${n}`,
      session: `s${n % 3}`,
      turn: n,
      at,
      facts: JSON.stringify(facts),
    });
  }
  await store.close();
});
afterAll(() => chromium?.close());

const pixels = `Array.from(document.querySelectorAll('canvas')).filter((canvas) =>
  canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)).length`;

it('the page shows tables and plots of what the server measured, and follows the choice', async () => {
  const server = parley([
    'serve',
    '--port',
    '0',
    '--data-dir',
    dataDir,
    '--pages',
    PAGES,
    ...WITHOUT_ENGINES,
  ]);
  afterTest(() => server.stop());
  const [, url = ''] = await server.line(/listens on (\S+)/u);
  const { page } = chromium;
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(`${url}/inspect/report`);
  await until(page, `document.querySelectorAll('#tables tr').length > 8`);
  expect(await page.textContent('#summary')).toContain('40 turns of 3 sessions');
  expect(await page.textContent('#tables table')).toContain('First audio, ms');
  await until(page, `${pixels} === 4`);
  if (process.env.PAGE_PICTURES)
    await page.screenshot({ path: join(process.env.PAGE_PICTURES, 'report.png'), fullPage: true });
  await page.selectOption('[name=by]', 'language');
  await until(page, `document.querySelectorAll('section').length === 3`);
  await page.selectOption('[name=by]', 'endpoint');
  await until(page, `document.querySelector('#tables').textContent.includes('<b>parley</b>')`);
  await page.selectOption('[name=hours]', '1');
  await until(page, `document.querySelector('#summary').textContent.startsWith('3 turns')`);
  expect(complaints).toEqual([]);

  const refused = await fetch(`${url}/v1/report?by=nothing`);
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: 'BAD_FIELD' } }]);
});

it('parley report prints a table, JSON, and a page that works without a server', async () => {
  const run = async (...more: string[]) => {
    const { exited, lines } = parley(['report', '--data-dir', dataDir, '--since', '24h', ...more]);
    expect(await exited).toBe(0);
    return lines.join('\n');
  };
  expect(await run('--by', 'engine')).toMatch(/llm:dialog \(40 turns\)[\s\S]*First byte, ms +40 +30/u);
  const { total } = JSON.parse(await run('--json'));
  expect(total).toMatchObject({ turns: 40, costs: { tokens: 480 } });
  const file = join(folder, 'report.html');
  await writeFile(file, await run('--html'));
  const { page } = chromium;
  await page.goto(pathToFileURL(file).href);
  await until(page, `document.querySelectorAll('#tables tr').length > 8`);
  await until(page, `${pixels} === 4`);
  expect(await page.textContent('#summary')).toContain('40 turns of 3 sessions');
  // There is no server to ask for another period.
  expect(await page.isVisible('#choice')).toBe(false);
});

it('the page is small', async () => {
  const script = await readFile(join(PAGES, 'inspect/report/report.js'));
  expect(gzipSync(script).length).toBeLessThan(40_000);
});
