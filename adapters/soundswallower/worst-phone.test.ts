import { expect, it } from 'vitest';
import { worstPhone } from './worst-phone.ts';

const phone = (name: string, fromFrame: number, frames: number, costPerFrame: number) => ({
  ...{ name, fromFrame, frames },
  cost: frames * costPerFrame,
});

it('compares each phone with what others have at the same time, and silence with nothing', () => {
  const own = [
    phone('SIL', 0, 10, 90),
    phone('S', 10, 6, 30),
    phone('T', 16, 4, 80),
    phone('AA', 20, 10, 50),
  ];
  const others = [phone('F', 0, 18, 20), phone('AH', 18, 12, 45)];
  // T costs 80 a frame; the others 20 in two frames of it and 45 in two.
  expect(worstPhone(own, others)).toBe(80 - (20 + 45) / 2);
  expect(worstPhone(own.slice(0, 1), others)).toBe(0);
  expect(worstPhone([phone('S', 0, 6, 10)], others)).toBe(0);
});
