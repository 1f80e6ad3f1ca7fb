import { describe, expect, it } from 'vitest';
import type { Clock } from '../../machines/clock.ts';
import { Listener } from './listener.ts';

const RATE = 16_000;
const TEXT = 'It did not stop. ';

/** A listener to a reply of one word a second, that began when the clock was at 0. */
function listeningBy(clock: Pick<Clock, 'nowMs'>): Listener {
  const listener = new Listener({ generation: 1, track: { rate: RATE, lead: 0 }, clock, startMs: 0 });
  const at = (ms: number) => (ms * RATE) / 1_000;
  listener.asked(TEXT);
  listener.begins(0, {
    ...{ made: at(4_000), ready: true },
    words: ['It', 'did', 'not', 'stop.'].map((word, i) => ({
      sample: at(1_000 * i),
      offset: TEXT.indexOf(word),
    })),
  });
  listener.follow({ sent: at(4_000), position: (clockMs) => at(Math.max(0, clockMs)) });
  return listener;
}

const listening = (playedMs: number) => listeningBy({ nowMs: () => playedMs });

describe('the words that sounded lately', () => {
  it('are those of the last moments, with the one that sounds now', () => {
    expect(listening(2_500).lately(1_000)).toBe('did not');
    expect(listening(3_500).lately(1_000)).toBe('not stop.');
  });

  it('are none before anything is played', () => {
    expect(listening(0).lately(2_000)).toBe('');
  });
});

it('an event finds the position of its own time, also if the process stands still while it is handled', () => {
  let nowMs = 1_000;
  const listener = listeningBy({ nowMs: () => (nowMs += 66) });
  expect(listener.sample(1_000)?.played).toBe(RATE);
});
