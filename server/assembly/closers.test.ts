import { expect, it } from 'vitest';
import { closeAll } from './closers.ts';

it('closes every part in reverse order, also after one that fails, and reports the first failure', async () => {
  const log: string[] = [];
  const closers = ['store', 'bus', 'door'].map((part) => async () => {
    log.push(part);
    if (part !== 'store') throw new Error(`${part} does not close`);
  });
  await expect(closeAll(closers)).rejects.toThrow('door does not close');
  expect(log).toEqual(['door', 'bus', 'store']);
});
