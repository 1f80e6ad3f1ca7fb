import { describe, expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { toneSamples } from '../../testing/loopback/openai-replies.ts';
import { withoutSilence } from './silence.ts';

const ms = (count: number) => (count * PIPELINE_RATE) / 1_000;
const tone = toneSamples(300, PIPELINE_RATE);

/** A tone with `beforeMs` and `afterMs` of a room around it. */
function utterance(beforeMs: number, afterMs: number, room = 0): Int16Array {
  const all = new Int16Array(ms(beforeMs) + tone.length + ms(afterMs)).map((_, i) => (i % 2 ? room : -room));
  all.set(tone, ms(beforeMs));
  return all;
}

describe('an utterance', () => {
  it('keeps 200 ms of the silence before and after it', () => {
    expect(withoutSilence(utterance(700, 1_000))).toEqual({
      samples: utterance(200, 200),
      fromSample: ms(500),
    });
  });

  it('keeps all of it if there is less', () => {
    expect(withoutSilence(utterance(100, 0))).toEqual({ samples: utterance(100, 0), fromSample: 0 });
  });

  it('keeps a quiet beginning and pauses within', () => {
    const quiet = tone.map((one) => one / 10);
    const all = new Int16Array(ms(2_000));
    all.set(quiet, ms(500));
    all.set(tone, ms(1_500));
    expect(withoutSilence(all).samples).toEqual(all.subarray(ms(300)));
  });

  it('stays as it is where the room is as loud as a voice', () => {
    const noisy = utterance(700, 1_000, 3_000);
    expect(withoutSilence(noisy).samples).toEqual(noisy);
  });

  it('may be empty, or silence alone', () => {
    expect(withoutSilence(new Int16Array(0)).samples).toHaveLength(0);
    expect(withoutSilence(new Int16Array(500)).samples).toHaveLength(500);
  });
});
