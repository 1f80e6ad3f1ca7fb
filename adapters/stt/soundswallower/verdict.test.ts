import { describe, expect, it } from 'vitest';
import {
  calibrated,
  type Evidence,
  type Hypothesis,
  isInDoubt,
  isLong,
  judge,
  mayBeLong,
} from './verdict.ts';

/** A sentence of one word, with so many phones in 0.9 s, and its cost per frame. */
function hypothesis(text: string, costPerFrame: number, phones = 10): Hypothesis {
  return {
    text,
    cost: 100 * costPerFrame,
    words: [{ frames: 90, phones, cost: 90 * costPerFrame }],
    silence: { frames: 40, cost: 400 },
  };
}

const pass = (own: Hypothesis) => ({ own, otherWords: 4_000, unusual: 14 });

/** The first two passes find the sentence; other words cost 40 per frame. */
function heard(text: string, costPerFrame: number): Evidence {
  const own = hypothesis(text, costPerFrame);
  return { ...pass(own), usual: own, anything: 4_000, contrast: 45 };
}

const SURE = 37;
const UNSURE = 49;

describe('the verdict', () => {
  it('is sure of a sentence that fits well, and is in doubt of one that fits a little', () => {
    expect(judge(heard('turn left', SURE), 0)).toMatchObject({ text: 'turn left', accepted: true });
    const unsure = judge(heard('turn left', UNSURE), 0);
    expect(unsure.accepted).toBe(false);
    expect(isInDoubt(unsure)).toBe(true);
    expect(isInDoubt(judge(heard('turn left', UNSURE + 60), 0))).toBe(false);
  });

  it('doubts a stop with a phone that is hardly there, but in noise, where each may fit badly', () => {
    const stop = { ...heard('stop now', SURE), worstPhone: 69 };
    expect(judge(stop, 0).confidence).toBeLessThan(judge({ ...stop, worstPhone: 40 }, 0).confidence);
    expect(judge({ ...stop, worstPhone: 40 }, 0)).toEqual(judge(heard('stop now', SURE), 0));
    const noisy = { ...stop, contrast: 25 };
    expect(judge(noisy, 0)).toEqual(judge({ ...noisy, worstPhone: 0 }, 0));
    expect(judge({ ...stop, worstPhone: 120 }, 0).accepted).toBe(false);
  });

  it('takes a long sentence that fits the slower utterance, and no short one', () => {
    const first = heard('turn right', UNSURE);
    const slower = pass(hypothesis('turn left', SURE - 8));
    expect(judge({ ...first, slower }, 0)).toMatchObject({ text: 'turn left', accepted: true });
    const short = pass(hypothesis('bye', SURE - 8, 6));
    expect(judge({ ...first, slower: short }, 0)).toEqual(judge(first, 0));
    const doubtful = pass(hypothesis('turn left', UNSURE));
    expect(judge({ ...first, slower: doubtful }, 0)).toEqual(judge(first, 0));
  });

  it('needs no slower utterance that cannot be taken: of fewer than eight phones, or of less than 400 ms', () => {
    expect([7, 8].map((phones) => isLong(hypothesis('bye', SURE, phones)))).toEqual([false, true]);
    expect([39, 40].map(mayBeLong)).toEqual([false, true]);
  });

  it('believes a drawn-out word in a quiet room and not in noise', () => {
    const drawnOut = hypothesis('no', SURE - 4, 3);
    const quiet = { ...heard('no', SURE), ...pass(drawnOut), usual: drawnOut };
    expect(judge(quiet, 0).accepted).toBe(true);
    expect(judge({ ...quiet, contrast: 15 }, 0).accepted).toBe(false);
  });

  it('is not changed by the slower utterance where the others are sure', () => {
    const first = heard('turn left', SURE);
    const slower = pass(hypothesis('turn right', SURE - 8));
    expect(judge({ ...first, slower }, 0)).toEqual(judge(first, 0));
  });
});

describe('a calibrated confidence', () => {
  it('rises with that of the judgement, from 0 to 1', () => {
    const all = [0, 0.01, 0.3, 0.5, 0.9, 1].map((one) => calibrated(one));
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    expect([all[0], all.at(-1)]).toEqual([0, 1]);
  });

  it('has its odds multiplied, on a logarithmic scale, and shifted', () => {
    expect(calibrated(0.5, { odds: 2, constant: 0 })).toBeCloseTo(0.5);
    expect(calibrated(0.8, { odds: 2, constant: 0 })).toBeCloseTo(16 / 17);
    expect(calibrated(0.5, { odds: 2, constant: Math.log(3) })).toBeCloseTo(0.75);
  });
});
