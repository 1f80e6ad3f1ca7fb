import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { samplesInMs } from '../../../machines/audio.ts';
import { levelled, type Noise, Sounds } from '../../../testing/eval/sounds.ts';
import { espeakTts } from '../../tts/espeak/espeak.ts';
import type { Finding } from '../finding.ts';
import { stopEar } from './stop.ts';
import { WordStops } from './word-stops.ts';

const RATE = 16_000;
/** Nothing was fitted to these voices. */
const VOICES = ['en-us+m1', 'en-us+f2', 'en-gb-scotland'] as const;

describe('"stop" as a whole word', () => {
  const tts = espeakTts();
  const sounds = new Sounds(tts);
  let ear: Awaited<ReturnType<typeof stopEar>>;

  beforeAll(async () => {
    ear = await stopEar();
  });

  afterAll(async () => {
    await ear.embedding.close();
    await tts.close();
  });

  /** What is found when `text` is said over `noise`, after 1 s, and where it ends. */
  async function found(text: string, voice: string, noise: Noise, db: number) {
    const said = levelled(await sounds.speech(text, voice), -26);
    const around = levelled(await sounds.noise(noise, 4_000, 3), -26 + db);
    const hiss = levelled(await sounds.noise('pink', 4_000, 4), -61);
    const samples = Int16Array.from(around, (one, i) =>
      Math.round(0x7fff * (one + (hiss[i] ?? 0) + (said[i - RATE] ?? 0))),
    );
    const findings: Finding[] = [];
    const stops = new WordStops(ear, (finding) => findings.push(finding));
    for (let at = 0; at < samples.length; at += 320) await stops.push(samples.subarray(at, at + 320));
    stops.end();
    return { findings, log: findings.map(({ type }) => type), wordEnd: RATE + said.length };
  }

  it.each(VOICES.flatMap((voice) => (['hum', 'white'] as const).map((noise) => [voice, noise] as const)))(
    'is heard in the voice %s over %s, once',
    async (voice, noise) => {
      const { log } = await found('stop', voice, noise, -10);
      expect(log.filter((type) => type === 'confirmed')).toHaveLength(1);
    },
  );

  it.each(['what time is it', 'what is your name', 'yes'])(
    'is not heard in "%s" over noise',
    async (text) => {
      for (const voice of VOICES) {
        const { log } = await found(text, voice, 'hum', -10);
        expect(log).not.toContain('confirmed');
      }
    },
  );

  it('is suspected within 150 ms of its end', async () => {
    const { findings, wordEnd } = await found('stop', 'en-us+m1', 'white', -10);
    const suspected = findings.find(({ type }) => type === 'suspected');
    expect(suspected?.type === 'suspected' && suspected.sample - wordEnd).toBeLessThan(
      samplesInMs(150, RATE),
    );
  });

  it('needs more evidence in a quiet room, so that "start" is not taken for it', async () => {
    const log = async (text: string) => (await found(text, 'en-us+m5', 'pink', -35)).log;
    expect([await log('stop'), await log('start')]).toEqual([['suspected', 'confirmed'], []]);
  });

  it('says how likely the word was last', async () => {
    const stops = new WordStops(ear, () => {});
    expect(stops.best(0)).toBe(Number.NEGATIVE_INFINITY);
    await stops.push(new Int16Array(2 * RATE));
    expect(stops.best(0)).toBeLessThan(-3);
  });
});
