import { expect, it } from 'vitest';
import { warmSessions } from './warm-sessions.ts';

it('a starting server talks to itself as long as nobody else does', async () => {
  expect(await warmSessions(0, () => expect.fail('asked'))).toBe(0);
  expect(await warmSessions(2, () => true)).toBe(2);
  let turns = 0;
  expect(await warmSessions(5, () => turns++ < 1)).toBe(1);
});
