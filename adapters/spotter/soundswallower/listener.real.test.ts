import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelled, type Noise, Sounds } from '../../../testing/eval/sounds.ts';
import { loadSoundswallower } from '../../soundswallower/decoder.ts';
import { espeakTts } from '../../tts/espeak/espeak.ts';
import { stopEar } from '../word/stop.ts';
import { spotterGrammar } from './grammar.ts';
import { Listener } from './listener.ts';

const RATE = 16_000;

describe('phones and the word as a whole', () => {
  const tts = espeakTts();
  const sounds = new Sounds(tts);
  let ear: Awaited<ReturnType<typeof stopEar>>;
  let both: Listener;
  let phones: Listener;
  /** With "stop" as the only phrase, phones are asked about what the word suspects. */
  let asked: Listener;

  beforeAll(async () => {
    ear = await stopEar();
    const loaded = await loadSoundswallower();
    const grammar = spotterGrammar(['stop', 'halt'], new Map(), loaded.dictionary);
    both = await Listener.make(loaded, grammar, ear);
    asked = await Listener.make(loaded, spotterGrammar(['stop'], new Map(), loaded.dictionary), ear);
    phones = await Listener.make(loaded, spotterGrammar(['stop'], new Map(), loaded.dictionary));
  });

  afterAll(async () => {
    await ear.embedding.close();
    await tts.close();
  });

  /** What is found when `text` is said after 1 s, over noise. */
  async function found(listener: Listener, text: string, voice: string, noise: Noise, db: number) {
    const said = levelled(await sounds.speech(text, voice), -26);
    const around = levelled(await sounds.noise(noise, 3_000, 1), -26 + db);
    const log: string[] = [];
    listener.begin((finding) =>
      log.push('phrase' in finding ? `${finding.type} ${finding.phrase}` : finding.type),
    );
    const samples = Int16Array.from(around, (one, i) => Math.round(0x7fff * (one + (said[i - RATE] ?? 0))));
    // A lane begins with the audio before the sound.
    const first = listener === asked ? 14_720 : 320;
    for (let at = 0; at < samples.length; at += at === 0 ? first : 320)
      await listener.push(samples.slice(at, at + (at === 0 ? first : 320)));
    await listener.end();
    return log;
  }

  it('find a stop in babble, in which the phones alone find none', async () => {
    const isStopped = async (listener: Listener) =>
      (await found(listener, 'stop', 'en-us+m1', 'babble', -10)).some((line) => line.startsWith('confirmed'));
    expect([await isStopped(phones), await isStopped(both)]).toEqual([false, true]);
  });

  it('find it once in a quiet room', async () => {
    for (const listener of [both, asked])
      expect(await found(listener, 'stop', 'en-us+m1', 'pink', -35)).toEqual([
        'suspected stop',
        'confirmed stop',
      ]);
  });

  it('find it once over noise, whichever of them knows it first', async () => {
    expect(await found(both, 'stop', 'en-us+f4', 'knocks', -10)).toEqual([
      'suspected stop',
      'confirmed stop',
    ]);
  });

  it('find phrases that are only known by their phones', async () => {
    expect(await found(both, 'halt', 'en-us+m1', 'pink', -35)).toEqual(['suspected halt', 'confirmed halt']);
  });

  it('give each suspicion one verdict', async () => {
    for (const text of ['the shop is at the top', 'stop stop'])
      for (const [noise, db] of [
        ['hum', -10],
        ['pink', -35],
      ] as const) {
        const log = await found(both, text, 'en-us+f2', noise, db);
        expect(log.length % 2).toBe(0);
        for (const [i, line] of log.entries()) expect(line.startsWith('suspected')).toBe(i % 2 === 0);
      }
  });
});
