import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { proxiesOf } from './access.ts';
import { Admission, burstGate } from './admission.ts';
import { rawClient, startRig, startSession, until } from './door-test-util.ts';

describe('the door', () => {
  it('refuses new sessions and typed turns while a gate is closed, without affecting live sessions', async () => {
    let refusal: ParleyError | undefined;
    const lines: object[] = [];
    const log = { info: () => {}, warn: (fields: object) => lines.push(fields) };
    const { rig, client, session } = await startSession({ gates: [() => undefined, () => refusal], log });
    refusal = new ParleyError('OVERLOADED', 'really');

    const late = await rig.hello();
    expect(await late.json()).toMatchObject({ code: 'OVERLOADED', fatal: true });
    expect(await late.closed).toEqual({ code: 4429, reason: 'OVERLOADED' });
    client.say({ type: 'text', text: 'not now' });
    expect(await client.json()).toMatchObject({ code: 'OVERLOADED', fatal: false });
    client.say({ type: 'interrupt' });
    session.play(1, 0);
    expect(await client.received.take()).toMatchObject({ kind: 'audio' });
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });

    refusal = undefined;
    client.say({ type: 'text', text: 'now' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'now' });
    await rig.greet();
    expect(rig.door.stats()).toMatchObject({ sessionsRefused: 1, turnsRefused: 1 });
    expect(lines).toEqual([{ code: 'OVERLOADED', what: 'session' }]);
  });

  it('accepts a burst of typed turns and then one a second per session, and ignores the rest with an error', async () => {
    const rig = await startRig({ limits: { turnBurst: 3, turnsPerSecond: 1 } });
    const [eager, calm] = [await rig.greet(), await rig.greet()];
    for (let i = 0; i < 5; i++) eager.client.say({ type: 'text', text: `turn ${i}` });
    for (let i = 0; i < 3; i++)
      expect(await eager.session.commands.take()).toMatchObject({ text: `turn ${i}` });
    for (let i = 0; i < 2; i++)
      expect(await eager.client.json()).toMatchObject({ code: 'TOO_FAST', fatal: false });
    calm.client.say({ type: 'text', text: 'of another session' });
    expect(await calm.session.commands.take()).toMatchObject({ text: 'of another session' });
    await rig.clock.advance(1_000);
    eager.client.say({ type: 'text', text: 'later' });
    expect(await eager.session.commands.take()).toMatchObject({ text: 'later' });
    eager.client.say({ type: 'halt' });
    expect(await eager.session.commands.take()).toEqual({ type: 'halt' });
  });

  it('refuses connections beyond the limit of an address, and accepts one again when there is room', async () => {
    const { rig, client } = await startSession({ limits: { connectionsPerAddress: 2 } });
    await rig.connect().opened();
    const third = await rig.connect().opened();
    expect(await third.json()).toMatchObject({ code: 'TOO_MANY', fatal: true });
    expect((await third.closed).code).toBe(4429);
    client.say({ type: 'bye' });
    await client.closed;
    await until(() => rig.door.stats().connections === 1);
    await rig.greet();
  });

  it('accepts new connections while connections that were asked to close are still closing', async () => {
    const rig = await startRig({ limits: { connectionsPerAddress: 4, pendingConnections: 2 } });
    // Clients that never answer the closing handshake stay until the grace is over.
    const stubborn = await Promise.all(Array.from({ length: 8 }, () => rawClient(rig.address)));
    await rig.greet();
    expect(rig.door.stats()).toMatchObject({ sessions: 1 });
    for (const socket of stubborn) socket.destroy();
  });
});

describe('quotas', () => {
  it('refuse a user’s session and turn with when to try again, and do not touch others', async () => {
    const limits = { sessionsPerUser: 1, turnsPerMinutePerUser: 2 };
    const { rig, client, session } = await startSession(
      { limits, otherServer: () => 'wss://other:7400' },
      { user: 'anna' },
    );
    const second = await rig.hello({ user: 'anna' });
    const refused = await second.json();
    expect(refused).toMatchObject({ code: 'QUOTA_EXCEEDED', fatal: true, retryAfterMs: 10_000 });
    expect(refused).not.toHaveProperty('server');
    expect(await second.closed).toEqual({ code: 4429, reason: 'QUOTA_EXCEEDED' });
    await rig.greet({ user: 'ben' });

    for (const text of ['one', 'two', 'three']) client.say({ type: 'text', text });
    expect(await session.commands.take()).toMatchObject({ text: 'one' });
    expect(await session.commands.take()).toMatchObject({ text: 'two' });
    expect(await client.json()).toMatchObject({
      ...{ code: 'QUOTA_EXCEEDED', fatal: false, retryAfterMs: 30_000 },
      message: expect.stringContaining('2 turns a minute of this user; the next in 30 s'),
    });
    // A spoken turn asks the same.
    expect(rig.door.admission.refusal('turn', session.request.session)).toMatchObject({
      code: 'QUOTA_EXCEEDED',
    });
    client.say({ type: 'bye' });
    await client.closed;
    await until(() => rig.door.stats().sessions === 1);
    await rig.greet({ user: 'anna' });
  });

  it('of an address count the clients of a trusted proxy one by one', async () => {
    const proxies = proxiesOf(['127.0.0.1']);
    const rig = await startRig({ limits: { sessionsPerUser: 1 }, proxies, token: 'of the door' });
    const enter = async (address: string) => {
      const client = await rig.connect({ headers: { 'x-forwarded-for': address } }).opened();
      client.say({ type: 'hello', token: 'of the door' });
      return (await client.json()).code ?? 'admitted';
    };
    expect(await enter('198.51.100.1')).toBe('admitted');
    expect(await enter('198.51.100.2')).toBe('admitted');
    expect(await enter('198.51.100.1')).toBe('QUOTA_EXCEEDED');
    expect(rig.door.stats().sessionsRefused).toBe(1);
  });
});

it('a sudden burst of turns is admitted only as far as its load could be measured', async () => {
  const clock = new VirtualClock();
  let overload: ParleyError | undefined = new ParleyError('OVERLOADED', 'measured');
  const silent = { info: () => {}, warn: () => {} };
  const admission = new Admission([() => overload, burstGate(clock, 32)], clock, silent);
  const admitted = (what: 'session' | 'turn') =>
    Array.from({ length: 300 }, () => admission.refusal(what)).filter((refusal) => !refusal).length;
  expect(admitted('turn')).toBe(0);
  overload = undefined;
  expect([admitted('turn'), admitted('session')]).toEqual([32, 300]);
  expect(admission.refusal('turn')).toMatchObject({
    code: 'OVERLOADED',
    message: expect.stringContaining('too many turns began within 1 s'),
  });
  await clock.advance(500);
  expect(admitted('turn')).toBe(16);
});
