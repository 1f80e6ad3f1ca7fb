import { describe, expect, it } from 'vitest';
import { Listener } from './listener.ts';

const RATE = 16_000;
const TEXT = 'It did not stop. ';

/** A listener to a reply of one word a second, of which this many ms were played. */
function listening(playedMs: number): Listener {
  const listener = new Listener({ generation: 1, track: { rate: RATE, lead: 0 }, nowMs: () => playedMs });
  const at = (ms: number) => (ms * RATE) / 1_000;
  listener.asked(TEXT);
  listener.begins(0, {
    ...{ made: at(4_000), ready: true },
    words: ['It', 'did', 'not', 'stop.'].map((word, i) => ({
      sample: at(1_000 * i),
      offset: TEXT.indexOf(word),
    })),
  });
  listener.follow({ sent: at(4_000), position: (agoMs) => at(Math.max(0, playedMs - agoMs)) });
  return listener;
}

describe('the words that sounded lately', () => {
  it('are those of the last moments, with the one that sounds now', () => {
    expect(listening(2_500).lately(1_000)).toBe('did not');
    expect(listening(3_500).lately(1_000)).toBe('not stop.');
  });

  it('are none before anything is played', () => {
    expect(listening(0).lately(2_000)).toBe('');
  });
});
