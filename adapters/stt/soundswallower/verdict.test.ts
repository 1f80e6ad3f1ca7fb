import { describe, expect, it } from 'vitest';
import { type Evidence, type Hypothesis, isUnsure, judge } from './verdict.ts';

/** A sentence of one word with ten phones in a second, and its cost per frame beyond the best. */
function hypothesis(text: string, costPerFrame: number): Hypothesis {
  return {
    text,
    cost: 100 * costPerFrame,
    words: [{ frames: 90, phones: 10, cost: 90 * costPerFrame }],
    silence: { frames: 40, cost: 400 },
  };
}

/** Both passes find the sentence; other words cost 40 per frame. */
function heard(text: string, costPerFrame: number): Evidence {
  const one = hypothesis(text, costPerFrame);
  return { usual: one, own: one, anything: 4_000, otherWords: 4_000, unusual: 14 };
}

const slower = (text: string, costPerFrame: number) => ({
  own: hypothesis(text, costPerFrame),
  otherWords: 4_000,
  unusual: 14,
});
const demands = { strictness: 0, backchannels: new Set(['uh huh']) };
const SURE = 37;
const UNSURE = 49;

describe('the verdict', () => {
  it('is sure of a sentence that fits well, and hears what is unsure a third time', () => {
    expect(judge(heard('turn left', SURE), demands)).toMatchObject({ text: 'turn left', accepted: true });
    expect(isUnsure(heard('turn left', SURE))).toBe(false);
    expect(judge(heard('turn left', UNSURE), demands).accepted).toBe(false);
    expect(isUnsure(heard('turn left', UNSURE))).toBe(true);
  });

  it('takes the sentence of the third pass if it fits better', () => {
    const evidence = { ...heard('turn right', UNSURE), slower: slower('turn left', SURE - 8) };
    expect(judge(evidence, demands)).toMatchObject({ text: 'turn left', accepted: true });
  });

  it('believes a sentence more if it is found again, and less if another one is', () => {
    const confidence = (text: string) =>
      judge({ ...heard('turn left', UNSURE), slower: slower(text, UNSURE + 20) }, demands).confidence;
    expect(confidence('turn left')).toBeGreaterThan(judge(heard('turn left', UNSURE), demands).confidence);
    expect(confidence('hello')).toBeLessThan(judge(heard('turn left', UNSURE), demands).confidence);
  });

  it('is not changed by a third pass where the others are sure', () => {
    const evidence = { ...heard('turn left', SURE), slower: slower('turn right', SURE - 8) };
    expect(judge(evidence, demands)).toEqual(judge(heard('turn left', SURE), demands));
  });

  it('requires less of a listener’s sound', () => {
    const costs = Array.from({ length: 40 }, (_, i) => SURE - 10 + i);
    const accepted = (text: string) => costs.filter((cost) => judge(heard(text, cost), demands).accepted);
    expect(accepted('uh huh').length).toBeGreaterThan(accepted('turn left').length);
  });
});
