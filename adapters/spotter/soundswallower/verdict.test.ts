import { describe, expect, it } from 'vitest';
import { type Evidence, isStop, isWorthwhile, needsPhones } from './verdict.ts';

/** Louder than what is around it, dB. */
const SPEECH = 2;
const PAUSE = 10;
const SILENCE = 40;

/** Evidence of a phrase whose phones all fit. */
const heard = (known: Pick<Evidence, 'ratio' | 'before' | 'after'> & Partial<Evidence>): Evidence => ({
  ...{ frames: 30, worst: 0 },
  ...known,
});

describe('the verdict on a stop phrase', () => {
  it('needs the less evidence the quieter it is around the phrase', () => {
    const at = (ratio: number) => ({
      alone: isStop(heard({ ratio, before: PAUSE, after: PAUSE })),
      first: isStop(heard({ ratio, before: SILENCE, after: SPEECH })),
      last: isStop(heard({ ratio, before: SPEECH, after: SILENCE })),
      amid: isStop(heard({ ratio, before: SPEECH, after: SPEECH })),
    });
    expect(at(-700)).toEqual({ alone: true, first: false, last: false, amid: false });
    expect(at(-400)).toEqual({ alone: true, first: true, last: false, amid: false });
    expect(at(-150)).toEqual({ alone: true, first: true, last: true, amid: false });
    expect(at(0)).toEqual({ alone: true, first: true, last: true, amid: true });
  });

  it('takes a pause within speech for no end of it', () => {
    expect(isStop(heard({ ratio: -100, before: SPEECH, after: PAUSE }))).toBe(false);
  });

  it('is not worth a pause where speech comes before a phrase that hardly fits', () => {
    expect(isWorthwhile({ ratio: -500, before: SPEECH })).toBe(false);
    expect(isWorthwhile({ ratio: -300, before: SPEECH })).toBe(true);
    expect(isWorthwhile({ ratio: -500, before: PAUSE })).toBe(true);
  });

  it.each([
    ['speech goes on after it', SPEECH, 30],
    ['it is short', SILENCE, 21],
  ])('needs each phone of a phrase in a quiet room if %s', (_, after, frames) => {
    const phrase = heard({ ratio: 0, before: SILENCE, after, frames });
    expect(needsPhones(phrase)).toBe(true);
    expect(isStop({ ...phrase, worst: 60 })).toBe(true);
    expect(isStop({ ...phrase, worst: 61 })).toBe(false);
  });

  it('does not look at the phones of a lone word, nor of one that hardly fits, nor in noise', () => {
    const alone = heard({ ratio: 0, before: SILENCE, after: SILENCE });
    const noisy = heard({ ratio: 0, before: PAUSE, after: SPEECH, frames: 21 });
    expect([alone, noisy].map(needsPhones)).toEqual([false, false]);
    expect([alone, noisy].map((one) => isStop({ ...one, worst: 157 }))).toEqual([true, true]);
    expect(needsPhones(heard({ ratio: -500, before: SILENCE, after: SPEECH }))).toBe(false);
  });
});
