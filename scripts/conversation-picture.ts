// Takes docs/pictures/conversation.png: the talk page beside the inspector, in a conversation with a barge-in, of a real server.
// npx tsx scripts/conversation-picture.ts (needs chromium and espeak-ng)
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseWav, writeWav } from '../adapters/wav.ts';
import { launchChromium, until } from '../test/support/chromium.ts';
import { startPagesServer } from '../test/support/pages-server.ts';

const picture = fileURLToPath(new URL('../docs/pictures/conversation.png', import.meta.url));
const SIZE = { width: 640, height: 800 };

const server = await startPagesServer(['--log.level', 'warn']);
const microphoneWav = join(server.folder, 'microphone.wav');
/** The greeting takes some seconds; the user asks for a story, hears 5 s of it, and interrupts. */
const track = ['silence 9', 'tell me a story', 'silence 7', 'what time is it', 'silence 30'];
let rate = 22_050;
const parts = track.map((part) => {
  const seconds = /^silence (\d+)$/u.exec(part)?.[1];
  if (seconds !== undefined) return new Int16Array(Number(seconds) * rate);
  const file = join(server.folder, 'said.wav');
  execFileSync('espeak-ng', ['-v', 'en-us', '-w', file, part]);
  const said = parseWav(readFileSync(file));
  rate = said.rate;
  return said.samples;
});
const samples = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
let at = 0;
for (const part of parts) {
  samples.set(part, at);
  at += part.length;
}
writeFileSync(microphoneWav, writeWav({ samples, rate }));

const chromium = await launchChromium({ microphoneWav, viewport: SIZE });
try {
  const { page } = chromium;
  await page.goto(server.url);
  await page.click('#connect');
  await until(
    page,
    `parley.state === 'speaking' && JSON.stringify(parley.conversation).includes('what time is it')`,
  );
  const talk = await page.screenshot();
  const session = String(await page.evaluate('parley.session'));
  const inspector = await page.context().newPage();
  await inspector.setViewportSize({ width: 1_000, height: SIZE.height });
  await inspector.goto(`${server.url}/inspect/#session=${session}&view=transcript`);
  await until(inspector, `inspector.open?.last > 20 && inspector.open.tracer.done > 20`);
  await inspector.evaluate(
    `inspector.open.seekRecord(inspector.open.log.entries.findIndex((_, at) => JSON.stringify(inspector.open.log.valueAt(at)).includes('hearing')))`,
  );
  await until(inspector, `document.querySelector('.chart-label')`);
  const inspected = await inspector.screenshot();
  const both = await page.context().newPage();
  await both.setViewportSize({ width: SIZE.width + 1_000 + 12, height: SIZE.height });
  const image = (png: Buffer) => `<img src="data:image/png;base64,${png.toString('base64')}">`;
  await both.setContent(
    `<style>body { margin: 0; display: flex; gap: 12px; background: #888 }</style>${image(talk)}${image(inspected)}`,
  );
  await both.screenshot({ path: picture });
  console.log(picture);
} finally {
  await chromium.close();
  await server.stop();
}
