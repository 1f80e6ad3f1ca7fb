import { describe, expect, it } from 'vitest';
import type { Observation } from '../bench/people/hear.ts';
import { confidenceAt, report } from '../bench/people/report.ts';
import { isRight } from '../bench/people/trials.ts';

describe('the bench on recordings of people', () => {
  const all = Array.from({ length: 400 }, (_, i): Observation => {
    const meant = i % 2 === 0;
    const confidence = (meant ? 0.4 : 0) + (0.6 * ((i * 7_919) % 400)) / 400;
    return {
      ...{ name: `${i}`, group: 'digits', grammar: meant ? 'digits' : 'robot', noise: 'clean' },
      ...{ text: meant ? 'one' : 'stop', meant, right: meant, accepted: confidence > 0.5, confidence },
      ...{ audioMs: 1_000, cpuMs: 100 },
    };
  });
  const isHalt = (text: string) => text === 'stop';

  it('finds the confidence that a share of other speech exceeds', () => {
    const least = confidenceAt(all, 0.1);
    expect(all.filter(({ meant, confidence }) => !meant && confidence > least)).toHaveLength(20);
  });

  it('reports what is right, the curve and the reliability in tables', () => {
    const right = all.filter((one) => one.right && one.accepted).length;
    const stops = all.filter((one) => !one.meant && one.accepted).length;
    const text = report(all, isHalt);
    expect(text).toContain(`| **all** | ${right} of 200`);
    expect(text).toMatch(new RegExp(`\\| ${stops} of 200 \\([\\d.]+ %\\) \\| ${stops} \\|`));
    expect(text).toMatch(/\| 5 % \| .* \| 10 of 200 \(5\.0 %\) \|/);
    expect(text).toContain('as a share of the audio: 0.10');
  });

  it('takes an order for right if all its slots are', () => {
    const order = { grammar: 'coffee', said: 'large||double shot|iced coffee|some whole milk|' } as const;
    expect(isRight(order, 'get me a large double shot iced coffee with some whole milk')).toBe(true);
    expect(isRight(order, 'get me a large double shot iced coffee with whole milk')).toBe(false);
    expect(isRight({ grammar: 'digits', said: 'one' }, 'nine')).toBe(false);
    expect(isRight({ grammar: 'robot' }, 'stop')).toBe(false);
  });
});
