import { describe, expect, it } from 'vitest';
import { samplesInMs } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';
import { Bell } from './bell.ts';
import { FillerVoice } from './filler-voice.ts';
import { noResampling } from './no-resampling-test-util.ts';

const RATE = 24_000;

function audio(ms: number): TtsEvent {
  return { type: 'audio', pcm: { rate: RATE, samples: new Int16Array(samplesInMs(ms, RATE)).fill(1) } };
}

async function gathered(
  synthesize: (request: TtsRequest, signal: AbortSignal) => AsyncIterable<TtsEvent>,
  stopped = false,
): Promise<FillerVoice> {
  const engine: TtsEngine = { name: 'puppet', synthesize, close: async () => {} };
  const bell = new Bell();
  const { reading } = defaultParameters;
  const voice = { language: 'en', voice: 'anna', reading } as const;
  const options = { engine, resamplers: noResampling, rate: RATE, ...voice } as const;
  const filler = new FillerVoice(options, '**Let** me see.', bell);
  if (stopped) filler.stop();
  while (!filler.over) await bell.next();
  return filler;
}

describe('the voice of a filler', () => {
  it('requests only cached audio, for the spoken form of the text', async () => {
    const asked: TtsRequest[] = [];
    await gathered(async function* (request) {
      asked.push(request);
      yield audio(20);
    });
    expect(asked).toEqual([{ text: 'Let me see.', language: 'en', voice: 'anna', cachedOnly: true }]);
  });

  it('becomes available whole, in whole frames, with its mouth shapes', async () => {
    const filler = await gathered(async function* () {
      yield { type: 'phoneme', sample: 240, phoneme: 'l', viseme: 14 };
      yield audio(30);
      yield audio(15);
    });
    expect(filler.spoken?.samples).toHaveLength(samplesInMs(60, RATE));
    expect(filler.spoken?.samples.reduce((sum, sample) => sum + sample, 0)).toBe(samplesInMs(45, RATE));
    expect(filler.spoken?.cues).toEqual([{ sample: 240, phoneme: 'l', viseme: 14 }]);
  });

  it('is gathered to its end, even beyond a segment’s buffer limit', async () => {
    const filler = await gathered(async function* () {
      for (let i = 0; i < 12; i++) yield audio(1_000);
    });
    expect(filler.spoken?.samples).toHaveLength(samplesInMs(12_000, RATE));
  });

  it.each<[string, () => AsyncIterable<TtsEvent>]>([
    ['is not in the cache', async function* () {}],
    [
      'fails in the middle',
      async function* () {
        yield audio(100);
        throw new ParleyError('TTS_FAILED', 'as scripted');
      },
    ],
    [
      'fails at once',
      () => {
        throw new ParleyError('ENGINE_NO_WORKER', 'as scripted');
      },
    ],
  ])('that %s is empty, and not an error', async (_what, synthesize) => {
    expect((await gathered(synthesize)).spoken).toBeUndefined();
  });

  it('that is stopped is empty too, and its engine is aborted', async () => {
    const signals: AbortSignal[] = [];
    const filler = await gathered(async function* (_request, signal) {
      signals.push(signal);
      yield audio(100);
    }, true);
    expect(filler.spoken).toBeUndefined();
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });
});
