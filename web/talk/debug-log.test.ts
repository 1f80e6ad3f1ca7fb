import { expect, it } from 'vitest';
import { DebugLog } from './debug-log.ts';

it('keeps a bounded log, oldest entries first out', () => {
  let nowMs = 0;
  const log = new DebugLog(() => nowMs++);

  for (let i = 0; i < 2_500; i++) log.add('page', { type: `n${i}` });

  expect(log.entries).toHaveLength(2_000);
  expect(log.entries[0]).toEqual({ atMs: 500, direction: 'page', message: { type: 'n500' } });
});
