import { expect, it } from 'vitest';
import { losesCopies } from './jetstream.ts';

it('copies of nats-server before 2.10 may miss messages', () => {
  expect(['1.4.1', '2.9.10', '2.10.27', '2.11.0', '2.15.1', '3.0.0'].filter(losesCopies)).toEqual([
    '1.4.1',
    '2.9.10',
  ]);
});
