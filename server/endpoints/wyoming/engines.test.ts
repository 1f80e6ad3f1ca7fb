import { afterEach, describe, expect, it } from 'vitest';
import { wyomingStt } from '../../../adapters/stt/wyoming/wyoming.ts';
import { wyomingTts } from '../../../adapters/tts/wyoming/wyoming.ts';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { outcomeOf } from '../../../testing/loopback/outcome.ts';
import { startWyoming } from './wyoming-test-util.ts';

const never = () => new AbortController().signal;
let engine: { close(): Promise<void> } | undefined;

afterEach(async () => engine?.close());

describe('the Wyoming engines against Parley’s own services', () => {
  it('hear by them', async () => {
    const { url } = await startWyoming({ said: [{ text: 'turn left', finalMs: 1 }] });
    const stt = wyomingStt({ address: url });
    engine = stt;
    async function* audio() {
      yield { rate: PIPELINE_RATE, samples: new Int16Array(16_000) } as const;
    }
    const { events, end } = await outcomeOf(stt.transcribe(audio(), { language: 'en' }, never()));
    expect([events.at(-1), end]).toEqual([{ type: 'final', text: 'turn left', language: 'en' }, 'done']);
  });

  it('speak by them', async () => {
    const { url } = await startWyoming();
    const tts = wyomingTts({ address: url });
    engine = tts;
    const { events, end } = await outcomeOf(
      tts.synthesize({ text: 'One. And two.', language: 'en' }, never()),
    );
    const samples = events.flatMap((event) => (event.type === 'audio' ? [event.pcm.samples.length] : []));
    // 10 ms a character.
    expect(samples.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0.1 * 16_000);
    expect(end).toBe('done');
  });
});
