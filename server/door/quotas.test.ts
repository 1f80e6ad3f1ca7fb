import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { defaultDoorLimits } from './limits.ts';
import { Quotas, type Share } from './quotas.ts';

const LIMITS = {
  ...defaultDoorLimits,
  sessionsPerUser: 2,
  turnsPerMinutePerUser: 3,
};

function quotasOf(limits = LIMITS) {
  const clock = new VirtualClock();
  const quotas = new Quotas(clock, limits);
  const ask = (account: string | undefined, address: string) =>
    quotas.enter({ caller: { name: '', ...(account !== undefined && { account }) }, address });
  const enter = (account: string | undefined, address = ''): Share => {
    const share = ask(account, address);
    if (share instanceof ParleyError) throw share;
    return share;
  };
  return { clock, quotas, ask, enter };
}

const refused = expect.objectContaining({ code: 'QUOTA_EXCEEDED' });

it('counts the sessions of a user over all addresses, and of an address those without a user', () => {
  const { ask, enter, quotas } = quotasOf();
  const first = enter('ann', '10.0.0.1');
  enter('ann', '10.0.0.2');
  expect(ask('ann', '10.0.0.3')).toMatchObject({ message: expect.stringContaining('this user has 2') });
  enter('bob', '10.0.0.1');
  enter(undefined, '10.0.0.1');
  enter(undefined, '10.0.0.1');
  expect(ask(undefined, '10.0.0.1')).toMatchObject({
    message: expect.stringContaining('this address has 2'),
  });
  enter('eve', '10.0.0.1');
  first.leave();
  enter('ann', '10.0.0.3');
  // Another server has passed it on, or it was let in before.
  expect(quotas.enter({ caller: { name: '' }, address: '10.0.0.1', relayed: true })).not.toEqual(refused);
  expect(quotas.enter({ caller: { name: '', account: 'ann' } }, true)).not.toEqual(refused);
});

it('counts turns a minute over all sessions of a user, and says when the next may begin', async () => {
  const { clock, enter } = quotasOf();
  const [one, two] = [enter('ann'), enter('ann')];
  expect([one.turn(), two.turn(), one.turn()]).toEqual([undefined, undefined, undefined]);
  expect(two.turn()).toMatchObject({ code: 'QUOTA_EXCEEDED', retryAfterMs: 20_000 });
  await clock.advance(15_000);
  expect(one.turn()).toMatchObject({ retryAfterMs: 5_000, message: expect.stringContaining('in 5 s') });
  await clock.advance(5_000);
  expect([one.turn(), two.turn()]).toEqual([undefined, refused]);
});

it('gives a user no more turns for coming anew', () => {
  const { enter } = quotasOf();
  const before = enter('ann');
  for (let i = 0; i < 3; i++) before.turn();
  before.leave();
  expect(enter('ann').turn()).toEqual(refused);
});

it('forgets who has had no session for a minute', async () => {
  const { clock, quotas, enter } = quotasOf();
  for (let i = 0; i < 1_000; i++) enter(`user ${i}`, `10.0.${i >> 8}.${i}`).leave();
  expect(quotas.size).toBe(1_000);
  await clock.advance(60_000);
  enter('ann');
  expect(quotas.size).toBe(1);
});

it('counts nothing without limits', () => {
  const { quotas, enter } = quotasOf(defaultDoorLimits);
  for (let i = 0; i < 1_000; i++) expect(enter('ann', '10.0.0.1').turn()).toBeUndefined();
  expect(quotas.size).toBe(0);
});
