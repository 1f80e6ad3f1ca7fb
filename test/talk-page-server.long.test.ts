import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { writeWav } from '../adapters/wav.ts';
import { launchChromium, muted, type RunningChromium, until } from './support/chromium.ts';
import { type PagesServer, startPagesServer } from './support/pages-server.ts';
import { asking } from './support/speech.ts';

const log = z.array(z.object({ direction: z.string(), message: z.looseObject({ type: z.string() }) }));

let server: PagesServer;
let chromium: RunningChromium;

beforeAll(async () => {
  server = await startPagesServer();
  const microphoneWav = join(server.folder, 'microphone.wav');
  await writeFile(microphoneWav, writeWav(asking('what is your name')));
  chromium = await launchChromium({ microphoneWav });
});

afterAll(async () => {
  await chromium?.close();
  await server?.stop();
});

// Chromium's fake microphone drops audio on a busy machine, so which words are understood is left to the tests of STT.
it('talks with the real server: a typed turn is answered aloud, and a WAV as microphone interrupts the answer', async () => {
  const { page } = chromium;
  await page.goto(server.url);
  await page.click('#connect');
  await until(page, `parley.state === 'idle'`);
  await muted(page, true);
  await page.fill('#text', 'tell me a story');
  await page.click('#send');
  await until(page, `parley.state === 'speaking'`);
  // The story takes 40 s; the microphone's words come into it after its first two seconds.
  await until(
    page,
    `parley.log.some(({ message }) => message.type === 'played' && message.samples > 48_000)`,
  );
  await muted(page, false);
  // The microphone says its sentence again and again: until one is understood whole.
  await until(page, `parley.log.some(({ message }) => message.type === 'transcript' && message.final)`);
  await muted(page, true);
  await until(page, `parley.log.filter(({ message }) => message.type === 'reply.end').length >= 2`);

  const messages = log.parse(await page.evaluate('parley.log')).map(({ message }) => message);
  const ends = messages.filter(({ type }) => type === 'reply.end');
  expect(ends[0]).toMatchObject({
    turn: 1,
    generation: 1,
    reason: 'interrupted',
    heard: expect.stringMatching(/^Once upon a time/u),
  });
  expect(ends[1]).toMatchObject({ turn: 2, reason: 'completed' });
  // A reply that was prepared for words that changed has used a generation too.
  expect(ends[1]?.generation).toBeGreaterThan(1);
  expect(server.process.lines.filter((line) => line.includes('invariant'))).toEqual([]);

  await page.click('#stop');
  await until(page, `parley.state === 'stopped'`);
});
