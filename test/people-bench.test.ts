import { describe, expect, it } from 'vitest';
import { fitLogistic } from '../lab/hearing/people/logistic.ts';
import { confidenceAt, type Observation, processorTime, report } from '../lab/hearing/people/report.ts';
import { isRight } from '../lab/hearing/people/trials.ts';

describe('the bench on recordings of people', () => {
  const all = Array.from({ length: 400 }, (_, i): Observation => {
    const meant = i % 2 === 0;
    const confidence = (meant ? 0.4 : 0) + (0.6 * ((i * 7_919) % 400)) / 400;
    return {
      ...{ name: `${i}`, group: 'digits', grammar: meant ? 'digits' : 'robot', noise: 'clean' },
      ...{ text: meant ? 'one' : 'stop', meant, right: meant, accepted: confidence > 0.5, confidence },
      ...{ audioMs: 1_000, cpuMs: 100, asking: { below: 0.8, nearestAbove: 0.4 } },
      ...(!meant && { does: 'stops' as const }),
    };
  });

  it('finds the confidence that a share of other speech exceeds', () => {
    const least = confidenceAt(all, 0.1);
    expect(all.filter(({ meant, confidence }) => !meant && confidence > least)).toHaveLength(20);
  });

  it('reports what is right, the curve and the reliability in tables', () => {
    const right = all.filter((one) => one.right && one.accepted).length;
    const stops = all.filter((one) => !one.meant && one.accepted).length;
    const text = report(all);
    expect(text).toContain(`| **all** | ${right} of 200`);
    expect(text).toMatch(new RegExp(`\\| ${stops} of 200 \\([\\d.]+ %\\) \\| ${stops} \\|`));
    const asked = all.filter(({ confidence }) => confidence < 0.8 && confidence >= 0.4);
    const others = asked.filter(({ meant }) => !meant).length;
    expect(text).toContain(`| asked about | ${asked.length - others} of 200`);
    expect(text).toMatch(new RegExp(`\\| asked about \\|.* \\| 0 \\| ${others} of 200 .* \\| ${others} \\|`));
    expect(text).toMatch(/\| 5 % \| .* \| 10 of 200 \(5\.0 %\) \|/);
    expect(text).toContain('| digits | its own | 0.10 | 0.10 | 0.10 |');
    expect(text).toContain('| **all** |  | 0.10 | 0.10 | 0.10 |');
  });

  it('reports what processor time half and 95 % of the utterances take at most', () => {
    const some = Array.from({ length: 20 }, (_, i) => ({ audioMs: 1_000, cpuMs: 10 * (i + 1) }));
    expect(processorTime([...some, { audioMs: 20_000, cpuMs: 0 }])).toBe('0.05 | 0.10 | 0.19');
  });

  it('fits a confidence to what is true as often as it says', () => {
    // True in 1 of 5 below zero, and in 4 of 5 above.
    const examples = Array.from({ length: 1_000 }, (_, i) => {
      const above = i % 2 === 0;
      const isTrue = (i >> 1) % 5 === 0 ? !above : above;
      return { features: { constant: 1, side: above ? 3 : -1, useless: i % 7 }, isTrue, weight: 1 };
    });
    const { constant = 0, side = 0, useless = 0 } = fitLogistic(examples);
    const confidence = (at: number) => 1 / (1 + Math.exp(-(constant + side * at + useless * 3)));
    expect(confidence(3)).toBeCloseTo(0.8, 2);
    expect(confidence(-1)).toBeCloseTo(0.2, 2);
    expect(useless).toBeCloseTo(0, 2);
  });

  it('takes an order for right if all its slots are', () => {
    const order = { grammar: 'coffee', said: 'large||double shot|iced coffee|some whole milk|' } as const;
    expect(isRight(order, 'get me a large double shot iced coffee with some whole milk')).toBe(true);
    expect(isRight(order, 'get me a large double shot iced coffee with whole milk')).toBe(false);
    expect(isRight({ grammar: 'digits', said: 'one' }, 'nine')).toBe(false);
    expect(isRight({ grammar: 'robot' }, 'stop')).toBe(false);
  });
});
