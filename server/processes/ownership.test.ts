import { expect, it } from 'vitest';
import { Ownership } from './ownership.ts';

const [a, b] = [{ name: 'a' }, { name: 'b' }];

it('a session has one owner, and only that one can end it', () => {
  const owners = new Ownership<{ name: string }>();
  owners.opened('s', a);
  owners.closed('s', b);
  expect(owners.ownerOf('s')).toBe(a);
  owners.closed('s', a);
  expect(owners.ownerOf('s')).toBeUndefined();
});

it('sessions of a process that ended are lost once, unless another one has them in time', () => {
  const owners = new Ownership<{ name: string }>();
  for (const session of ['s', 't']) owners.opened(session, a);
  owners.opened('u', b);
  owners.ended(a, 1_000);
  expect(owners.sessions()).toEqual(['u']);
  owners.opened('s', b);
  expect(owners.lost(999)).toEqual([]);
  expect(owners.lost(1_000)).toEqual(['t']);
  expect(owners.lost(2_000)).toEqual([]);
});

it('sessions that were left before are lost too, but not those that live', () => {
  const owners = new Ownership<{ name: string }>();
  owners.opened('s', a);
  owners.left(['s', 't'], 1_000);
  expect(owners.lost(1_000)).toEqual(['t']);
});

it('whoever wants a session that is about to be left waits for that', async () => {
  const owners = new Ownership<{ name: string }>();
  const log: string[] = [];
  await owners.unowned('s');
  owners.opened('s', a);
  const waiting = owners.unowned('s').then(() => log.push('free'));
  await Promise.resolve();
  log.push('left');
  owners.closed('s', a);
  await waiting;
  expect(log).toEqual(['left', 'free']);
});

it('sessions without an owner are not lost while the supervisor stands still', () => {
  const owners = new Ownership<{ name: string }>();
  owners.left(['s'], 1_000);
  owners.postpone(15_000);
  expect(owners.lost(15_500)).toEqual([]);
  expect(owners.lost(16_000)).toEqual(['s']);
});
