import { describe, expect, it } from 'vitest';
import { samplesInMs } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import type { TtsEvent } from '../ports/tts.ts';
import { gatheredSpeech } from './gathered-speech.ts';

const RATE = 24_000;
const PIECE_MS = 100;

const audio = (value: number): TtsEvent => ({
  type: 'audio',
  pcm: { rate: RATE, samples: new Int16Array(samplesInMs(PIECE_MS, RATE)).fill(value) },
});

/**
 * An engine that yields a piece of 100 ms every `everyMs`; returns what was passed on and when: `at ms: length in ms`.
 */
async function passedOn(everyMs: number, events: readonly TtsEvent[], fails = false): Promise<string[]> {
  const clock = new VirtualClock();
  async function* engine() {
    for (const event of events) {
      yield event;
      await clock.advance(everyMs);
    }
    if (fails) throw new Error('out of breath');
  }
  const log: string[] = [];
  try {
    for await (const event of gatheredSpeech(engine(), clock))
      log.push(
        event.type === 'audio'
          ? `${clock.nowMs()}: ${(event.pcm.samples.length * 1_000) / RATE}`
          : `${clock.nowMs()}: ${event.type}`,
      );
  } catch {
    log.push('failed');
  }
  return log;
}

describe('gathered speech', () => {
  it('grows its pieces when the engine is five times as fast as playback', async () => {
    expect(
      await passedOn(
        20,
        Array.from({ length: 20 }, () => audio(1)),
      ),
    ).toEqual(['0: 100', '20: 100', '60: 200', '120: 300', '200: 400', '280: 400', '360: 400', '400: 100']);
  });

  it('is not held back when the engine is not faster than playback', async () => {
    for (const everyMs of [100, 130])
      expect(
        await passedOn(
          everyMs,
          Array.from({ length: 5 }, () => audio(1)),
        ),
      ).toEqual(Array.from({ length: 5 }, (_, index) => `${index * everyMs}: 100`));
  });

  it('comes before the marks that follow it', async () => {
    const word: TtsEvent = { type: 'word', sample: 0, offset: 0, length: 3 };
    const events = [word, audio(1), audio(1), audio(1), audio(1), audio(1), word];
    expect(await passedOn(0, events)).toEqual(['0: word', '0: 100', '0: 100', '0: 200', '0: 100', '0: word']);
  });

  it('is complete up to the point where the engine fails', async () => {
    const events = Array.from({ length: 5 }, () => audio(1));
    expect(await passedOn(0, events, true)).toEqual(['0: 100', '0: 100', '0: 200', '0: 100', 'failed']);
  });

  it('is unchanged, sample for sample, even if the engine reuses its buffer', async () => {
    const clock = new VirtualClock();
    const buffer = new Int16Array(480);
    async function* engine(): AsyncGenerator<TtsEvent> {
      for (let piece = 0; piece < 30; piece++) {
        buffer.fill(piece);
        yield { type: 'audio', pcm: { rate: RATE, samples: buffer } };
      }
    }
    const heard: number[] = [];
    for await (const event of gatheredSpeech(engine(), clock))
      if (event.type === 'audio') heard.push(...event.pcm.samples);
    expect(heard).toEqual(Array.from({ length: 30 * 480 }, (_, at) => Math.floor(at / 480)));
  });
});
