import { expect, it } from 'vitest';
import { FairPool } from './fair-pool.ts';

it('removes the oldest item of the address that has the most', () => {
  const pool = new FairPool<string>(4);
  expect(pool.add('a', 'a1')).toBeUndefined();
  for (const item of ['b1', 'b2', 'b3']) expect(pool.add('b', item)).toBeUndefined();
  expect(pool.add('c', 'c1')).toBe('b1');
  expect(pool.add('b', 'b4')).toBe('b2');
  expect(pool.items().toSorted()).toEqual(['a1', 'b3', 'b4', 'c1']);
  pool.delete('b', 'b1');
  pool.delete('b', 'b3');
  expect(pool.size).toBe(3);
});
