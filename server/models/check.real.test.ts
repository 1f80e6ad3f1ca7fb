import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseDialog } from '../../actors/dialog/mod.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { detectModel } from '../../adapters/sherpa/model-folder.ts';
import { sherpaStt } from '../../adapters/stt/sherpa/sherpa.ts';
import { soundswallowerStt } from '../../adapters/stt/soundswallower/soundswallower.ts';
import { espeakTts } from '../../adapters/tts/espeak/espeak.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { temporaryFolder } from '../../test/support/after-test.ts';
import { writeSttModel } from '../../testing/models/stt-models.ts';
import { toneSpeech } from '../../testing/models/tones.ts';
import { type Checked, check, checkedLanguages, passed } from './check.ts';

const engines: (SttEngine | TtsEngine)[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

function closed<Engine extends SttEngine | TtsEngine>(engine: Engine): Engine {
  engines.push(engine);
  return engine;
}

/** Says each word as a tone, in the language of the test models. */
const toneVoice: TtsEngine = {
  name: 'tones',
  async *synthesize({ text }) {
    yield { type: 'audio', pcm: { rate: PIPELINE_RATE, samples: toneSpeech(...text.split(' ')) } };
  },
  close: async () => {},
};

async function toneRecogniser(): Promise<SttEngine> {
  const folder = join(await temporaryFolder(), 'tones');
  return closed(sherpaStt({ model: await detectModel(writeSttModel('sense-voice', folder)) }));
}

describe('check', () => {
  it('compares what a recogniser hears with what was said, by words or characters', async () => {
    const stt = await toneRecogniser();
    const sentences = {
      en: [{ text: 'turn left' }, { text: 'stop', also: ['halt'] }],
      zh: [{ text: '你好 停' }],
      ja: [{ text: 'はい', also: ['肯定'] }],
    };
    const results = await check('stt', { stt, tts: toneVoice }, ['en', 'zh', 'ja'], realClock, sentences);
    expect(results.map(({ language, heard, right }) => [language, heard, right])).toEqual([
      ['en', 'turn left', 1],
      ['en', 'stop', 1],
      ['zh', '你好停', 1],
      ['ja', 'はい', 1],
    ]);
    expect(results[0]).toMatchObject({ audioMs: 640, tookMs: expect.any(Number) });
    expect(passed(results)).toBe(true);
  });

  it('has the embedded recogniser hear a voice', async () => {
    const [first, second] = ['turn left and go to the kitchen', 'what time is it now'];
    const entries = [first, second].map((phrase, at) => ({
      id: `s${at}`,
      phrases: [phrase],
      replies: ['ok'],
    }));
    const dialog = parseDialog(JSON.stringify({ entries }));
    const stt = closed(soundswallowerStt({ dialog }));
    const results = await check('tts', { stt, tts: closed(espeakTts()) }, ['en'], realClock);
    expect(results.map(({ right }) => right)).toEqual([1, 1]);
  });
});

describe('passed', () => {
  const one = (language: string, right: number): Checked => ({
    ...{ language, right, expected: '', heard: '', audioMs: 1, tookMs: 1 },
  });

  it('wants half of the words in one language', () => {
    expect(passed([one('en', 0.4), one('en', 0.6)])).toBe(true);
    expect(passed([one('en', 0.4), one('en', 0.5), one('ja', 0.9)])).toBe(true);
    expect(passed([one('en', 0.4), one('en', 0.5), one('ja', 0.1)])).toBe(false);
  });
});

describe('checkedLanguages', () => {
  it('takes those that have sentences, once each', () => {
    expect(checkedLanguages(['en-US', 'en-GB', 'th', 'zh-CN'])).toEqual(['en', 'zh']);
  });
});
