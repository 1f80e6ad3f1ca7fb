import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { espeakTts } from '../adapters/tts/espeak/espeak.ts';
import { writeWav } from '../adapters/wav.ts';
import { speaker } from '../server/demo/user-voice.ts';
import { launchChromium, muted, type RunningChromium, until } from './support/chromium.ts';
import { type PagesServer, startPagesServer } from './support/pages-server.ts';
import { concat, type Sound, silence } from './support/speech.ts';

/** What is said, in which embedded voice, and what is heard of the reply. */
const TURNS = [
  { language: 'zh', voice: 'cmn+m3', says: '左转', reply: '好的，向左转。' },
  { language: 'en', voice: 'en-us+m3', says: 'turn left', reply: 'Turning left.' },
  { language: 'ja', voice: 'ja', says: 'ひだりにまがって', reply: 'ひだりに まがります。' },
];
/** Longer than a turn and its reply take, ms. */
const PAUSE_MS = 5_000;
/** A busy machine drops some of what Chromium's fake microphone hears, so the user says it all again. */
const ROUNDS = 5;

async function spoken({ says, voice }: (typeof TURNS)[number]): Promise<Sound> {
  const tts = espeakTts({ voice, ratePerMinute: 150 });
  const speech = await (await speaker(tts))(says);
  await tts.close();
  return speech;
}

let server: PagesServer;
let chromium: RunningChromium;

beforeAll(async () => {
  server = await startPagesServer(['--language', 'zh', '--stt.soundswallower.together', 'zh,en,ja']);
  const once = (await Promise.all(TURNS.map(spoken))).flatMap((speech) => [speech, silence(PAUSE_MS)]);
  const microphoneWav = join(server.folder, 'microphone.wav');
  const rounds = Array.from({ length: ROUNDS }, () => once).flat();
  await writeFile(microphoneWav, writeWav(concat(silence(1_000), ...rounds)));
  chromium = await launchChromium({ microphoneWav });
});

beforeEach(async () => {
  const { page } = chromium;
  await page.goto(server.url);
  await page.click('#connect');
  await until(page, `parley.state === 'idle'`);
});

afterAll(async () => {
  await chromium?.close();
  await server?.stop();
});

it('a conversation in Chinese, then in English and Japanese, is spoken on the talk page', async () => {
  const { page } = chromium;
  for (const { language, says, reply } of TURNS) {
    const turn = page.locator('li.turn', {
      has: page.locator(`.line.user[lang=${language}] .words`, { hasText: says }),
    });
    await turn
      .locator(`.line.reply.ended[lang=${language}] .heard`, { hasText: reply })
      .first()
      .waitFor({ timeout: 60_000 });
    expect(await turn.locator('.action').first().textContent()).toContain('turn: ');
  }
});

it('a typed conversation goes from Chinese to English to Japanese, each answered aloud in its language', async () => {
  const { page } = chromium;
  await muted(page, true);
  // On a busy machine something is heard before the microphone is muted, and has a turn of its own.
  const turnOf = (says: string) =>
    page.locator('li.turn', { has: page.locator('.user .words', { hasText: says }) });
  for (const [says, reply] of [
    ['向前走两米', '好的，向前走两米。'],
    ['what is your name', 'Parley'],
    ['お名前は？', 'パーレイ'],
  ] as const) {
    await page.fill('#text', says);
    await page.click('#send');
    await turnOf(says).locator('.reply.ended .heard', { hasText: reply }).waitFor({ timeout: 60_000 });
  }
  const audible = `new Set(parley.log.flatMap(({ message: m }) => m.type === 'audio' ? m.generation : [])).size`;
  expect(await page.evaluate(audible)).toBeGreaterThanOrEqual(3);
});
