// Takes the screenshots of docs/how-to/debug.md: a real server with recorded sessions, and each view of its inspector.
// npx tsx scripts/inspector-screenshots.ts [NAME…]   (default: all)
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { realClock } from '../adapters/real-clock.ts';
import type { Journal } from '../machines/journal/record.ts';
import { VoiceClient } from '../server/client/voice-client.ts';
import { launchChromium, until } from '../test/support/chromium.ts';
import { importRecordings, startPagesServer } from '../test/support/pages-server.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const pictures = join(root, 'docs/pictures');
const RECORDED = [
  'test/golden/spoken',
  'test/golden/barge-in',
  'test/golden/failing-engine',
  'examples/stalled-llm',
];

mkdirSync(pictures, { recursive: true });
let journals: readonly Journal[] = [];
const server = await startPagesServer([], async (dataDir) => {
  journals = await importRecordings(dataDir, RECORDED);
});
const { url } = server;
// A live session, so that the list shows both kinds.
const client = await VoiceClient.connect({ url, clock: realClock });
client.send({ type: 'text', text: 'what is your name' });
await client.waitFor((message) => message.type === 'reply.end', { timeoutMs: 60_000 });
const chromium = await launchChromium();
const { page } = chromium;
const [, interrupted, , stalled] = journals;
if (!interrupted || !stalled) throw new Error('recordings are missing');
const { session } = stalled.header;
const { header, records } = interrupted;
const failed = stalled.records.findIndex(({ event }) => event.includes('llmFirstToken'));

const wanted = process.argv.slice(2);

async function shoot(name: string, of: Page = page, part = 'body'): Promise<void> {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const path = join(pictures, `${name}.png`);
  if (part === 'body') await of.screenshot({ path });
  else await of.locator(part).screenshot({ path });
  console.log(name);
}

/** The chart of an interrupted session, after the event that first led to the state `holds`. */
async function chartAt(of: Page, holds: string): Promise<void> {
  await of.goto('about:blank');
  await of.goto(`${url}/inspect/#session=${header.session}`);
  await until(of, `inspector.open?.last === ${records.length - 1}`);
  await until(of, `inspector.open.tracer.done > inspector.open.last`);
  await of.evaluate(
    `inspector.open.seekRecord(inspector.open.log.entries.findIndex((_, at) => JSON.stringify(inspector.open.log.valueAt(at)).includes('${holds}')))`,
  );
  await until(of, `document.querySelector('.chart-label')`);
}

async function at(view: string, event: number): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${url}/inspect/#session=${session}&event=${event}&view=${view}`);
  await until(page, `document.querySelector('#moment')?.textContent.includes('· ${event}/')`);
  await until(page, `inspector.open.tracer.done > inspector.open.last`);
}

try {
  await page.goto(`${url}/inspect`);
  await until(page, `document.querySelectorAll('#sessions [role=option]').length > ${RECORDED.length}`);
  await shoot('sessions');
  await at('turns', failed - 1);
  await shoot('turns');
  await at('events', failed);
  await shoot('events');
  await at('transcript', stalled.records.length - 2);
  await shoot('transcript');
  await at('context', failed);
  await shoot('context');
  await at('replay', failed);
  await page.click('#replay-here');
  await until(page, `document.querySelector('#replay-result')`);
  await page.click('#tab-events');
  await page.fill('#scrub', `${failed - 1}`);
  await until(page, `document.querySelector('#moment').textContent.includes('· ${failed - 1}/')`);
  await page.click('#whatif-edit');
  await page.click('#replay-here');
  await until(page, `document.querySelector('#replay-result')`);
  const event: unknown = JSON.parse(stalled.records[failed - 1]?.event ?? '{}');
  const said = JSON.stringify({ ...Object(event), output: { text: 'stop' } }, null, 2);
  await page.fill('#whatif-event', said);
  await page.click('#whatif-run');
  await until(page, `document.querySelector('#parting')`);
  await shoot('replay');
  await at('compare', failed);
  await page.check('input[value=parameters]');
  await page.fill('#parameter-deadlines-llmFirstTokenMs', '2000');
  await page.click('#compare-run');
  await until(page, `document.querySelector('#parting')`);
  await shoot('compare');
  await chartAt(page, 'hearing');
  await shoot('chart', page, '.chart-panel');
  await chartAt(page, 'ended');
  await shoot('chart-ended', page, '.chart-panel');
  const dark = await launchChromium({ colorScheme: 'dark', viewport: { width: 820, height: 1180 } });
  await dark.page.goto(`${url}/inspect/#session=${session}&event=${failed}`);
  await until(dark.page, `document.querySelector('#moment')?.textContent.includes('· ${failed}/')`);
  await shoot('tablet', dark.page);
  await dark.page.setViewportSize({ width: 360, height: 780 });
  await chartAt(dark.page, 'hearing');
  await shoot('chart-phone', dark.page, '.chart-panel');
  await dark.close();
} finally {
  await chromium.close();
  await client.close();
  await server.stop();
}
