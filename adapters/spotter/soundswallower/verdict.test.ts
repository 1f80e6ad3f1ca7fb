import { describe, expect, it } from 'vitest';
import { isStop, isWorthwhile } from './verdict.ts';

/** Louder than what is around it, dB. */
const SPEECH = 2;
const PAUSE = 10;
const SILENCE = 40;

describe('the verdict on a stop phrase', () => {
  it('needs the less evidence the quieter it is around the phrase', () => {
    const at = (ratio: number) => ({
      alone: isStop({ ratio, before: PAUSE, after: PAUSE }),
      first: isStop({ ratio, before: SILENCE, after: SPEECH }),
      last: isStop({ ratio, before: SPEECH, after: SILENCE }),
      amid: isStop({ ratio, before: SPEECH, after: SPEECH }),
    });
    expect(at(-700)).toEqual({ alone: true, first: false, last: false, amid: false });
    expect(at(-400)).toEqual({ alone: true, first: true, last: false, amid: false });
    expect(at(-150)).toEqual({ alone: true, first: true, last: true, amid: false });
    expect(at(0)).toEqual({ alone: true, first: true, last: true, amid: true });
  });

  it('takes a pause within speech for no end of it', () => {
    expect(isStop({ ratio: -100, before: SPEECH, after: PAUSE })).toBe(false);
  });

  it('is not worth a pause where speech comes before a phrase that hardly fits', () => {
    expect(isWorthwhile({ ratio: -500, before: SPEECH })).toBe(false);
    expect(isWorthwhile({ ratio: -300, before: SPEECH })).toBe(true);
    expect(isWorthwhile({ ratio: -500, before: PAUSE })).toBe(true);
  });
});
