import { expect, it } from 'vitest';
import { defaultEarParameters } from '../../actors/ear/front-end.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { VadEngine } from '../../actors/ports/vad.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { hear, withRoom } from './hear.ts';

const WINDOW = 512;
/** As RNNoise holds back, in samples. */
const HELD = 368;

/** A window is speech if its first sample is not zero. */
const vad: VadEngine = {
  name: 'by-sample',
  open(onWindow) {
    let held: number[] = [];
    let at = 0;
    return {
      push({ samples }) {
        held.push(...samples);
        for (; held.length >= WINDOW; at += WINDOW, held = held.slice(WINDOW))
          onWindow({ startSample: at, samples: WINDOW, probability: held[0] === 0 ? 0 : 1 });
      },
      close: () => {},
    };
  },
  close: async () => {},
};

const stt: SttEngine = {
  name: 'counts',
  async *transcribe(audio) {
    let heard = 0;
    for await (const { samples } of audio) heard += samples.filter((one) => one !== 0).length;
    yield { type: 'final', text: `${heard}` };
  },
  close: async () => {},
};

it.each([0, 17, 300, 511])(
  'hears all of a recording of %i samples more, though a denoiser holds back its end',
  async (more) => {
    const speech = new Int16Array(PIPELINE_RATE + more).fill(1_000);
    const endpointing = { delayMs: 400, prerollMs: 200 };
    const utterances = await hear(withRoom({ rate: PIPELINE_RATE, samples: speech }, endpointing), {
      ...{ vad, stt, endpointing, language: 'en' },
      ear: { ...defaultEarParameters, denoiser: { create: () => new Late() } },
    });
    expect(utterances.map(({ text }) => text)).toEqual([`${speech.length}`]);
  },
);

class Late {
  #held = new Int16Array(0);

  process(samples: Int16Array): Int16Array {
    const all = new Int16Array(this.#held.length + samples.length);
    all.set(this.#held);
    all.set(samples, this.#held.length);
    const ready = Math.max(0, all.length - HELD);
    this.#held = all.slice(ready);
    return all.subarray(0, ready);
  }

  close(): void {}
}
