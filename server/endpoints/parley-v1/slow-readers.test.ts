import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  closeCodeIn,
  collected,
  expectEnd,
  type Rig,
  rawClient,
  rawFrame,
  readsOn,
  startRig,
  startSession,
  until,
} from '../../door/door-test-util.ts';

const TEXT = 1;
const PONG = 10;

describe('a client that does not read', () => {
  it('closes with 4508 when a client stops reading, long before the kernel’s buffers are full', async () => {
    const rig = await startRig();
    const stalled = await rawClient(rig.address);
    stalled.write(rawFrame(TEXT, '{"type":"hello"}'));
    const session = await rig.host.opened.take();
    stalled.pause();
    for (let seq = 0; seq < 100; seq++) {
      session.play(1, seq);
      await rig.clock.advance(20);
    }
    expect(await session.closed).toBe('lost');
    const sent = await readsOn(stalled, rig.clock);
    expect(closeCodeIn(sent)).toBe(4508);
    expect(sent.byteLength).toBeLessThan(100_000);
  });

  it('measures the time without reading, not the amount of data sent at once', async () => {
    const { client, session } = await startSession();
    const text = 'word '.repeat(18_000);
    session.say({ type: 'reply', turn: 1, generation: 1, text });
    for (let i = 0; i < 1_000; i++)
      session.say({ type: 'transcript', turn: 1, text: text.slice(0, 1_024), final: false });
    expect(await client.json()).toMatchObject({ type: 'reply', text });
    for (let i = 0; i < 1_000; i++) expect(await client.json()).toMatchObject({ type: 'transcript' });
    session.say({ type: 'speech', event: 'start', at: 0 });
    expect(await client.json()).toMatchObject({ type: 'speech' });
  });

  /** 40 pings for data sent at once, which the client answers on demand. */
  const slowReader = async (rig: Rig) => {
    const client = await rig.connect({ autoPong: false }).opened();
    const pings: Buffer[] = [];
    client.socket.on('ping', (data) => pings.push(data));
    client.say({ type: 'hello' });
    const session = await rig.host.opened.take();
    for (let i = 0; i < 40; i++)
      session.say({ type: 'transcript', turn: 1, text: 'x'.repeat(16_384), final: false });
    await until(() => pings.length === 40);
    const answer = async (data: Buffer | undefined) => {
      client.socket.pong(data);
      // Our own ping comes back when the server has read the pong before it.
      await client.pinged();
    };
    return { client, session, pings, answer };
  };

  it('keeps a client that reads slowly but steadily', async () => {
    const rig = await startRig();
    const { client, pings, answer } = await slowReader(rig);
    for (let second = 0; second < 8; second++) {
      await rig.clock.advance(1_000);
      await answer(pings[second * 5 + 4]);
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    expect(rig.door.stats().closes).toEqual({});
  });

  it('closes with 4508 a client that reads nothing for 1.5 s, or is 10 s behind', async () => {
    const rig = await startRig();
    const stalled = await slowReader(rig);
    await rig.clock.advance(1_000);
    await stalled.answer(stalled.pings[0]);
    await rig.clock.advance(1_499);
    expect(stalled.client.socket.readyState).toBe(stalled.client.socket.OPEN);
    await rig.clock.advance(1);
    await expectEnd(stalled.client, 'SLOW_READER', 4508);

    const behind = await slowReader(rig);
    for (let second = 0; second < 9; second++) {
      await rig.clock.advance(1_000);
      await behind.answer(behind.pings[second]);
    }
    await rig.clock.advance(999);
    expect(behind.client.socket.readyState).toBe(behind.client.socket.OPEN);
    await rig.clock.advance(1);
    await expectEnd(behind.client, 'SLOW_READER', 4508);
  });

  it('does not count a stall of the server as silence of its client', async () => {
    const rig = await startRig();
    const { client, pings } = await slowReader(rig);
    client.socket.pong(pings.at(-1));
    // The server reads nothing, while all its timers become due.
    const stalledFromMs = rig.clock.nowMs();
    while (rig.clock.nowMs() < stalledFromMs + 1_500) rig.clock.fireNext();
    await client.pinged();
    expect(rig.door.stats()).toMatchObject({ closes: {}, sessions: 1 });
  });

  it('serves a reading client for any duration', async () => {
    const { rig, client, session } = await startSession();
    for (let seq = 0; seq < 500; seq++) {
      session.play(1, seq);
      expect(await client.received.take()).toMatchObject({ kind: 'audio', seq });
    }
    expect(rig.door.stats()).toMatchObject({ audioMessagesOut: 500, sessions: 1 });
  });

  it('detects a dead or silent peer by missing pongs', async () => {
    const rig = await startRig();
    const mute = await rawClient(rig.address);
    mute.write(rawFrame(TEXT, '{"type":"hello"}'));
    const session = await rig.host.opened.take();
    const received = collected(mute);
    // An unsolicited pong is not an answer.
    mute.write(rawFrame(PONG, '99'));
    await rig.clock.advance(15_000);
    await rig.clock.advance(10_000);
    expect(await session.closed).toBe('lost');
    await rig.clock.advance(1_000);
    await once(mute, 'close');
    expect(closeCodeIn(received())).toBe(4508);
  });

  it('keeps a silent client that answers its pings', async () => {
    const { rig, client } = await startSession({ limits: { idleMs: 600_000 } });
    for (let i = 0; i < 20; i++) {
      const pinged = once(client.socket, 'ping');
      await rig.clock.advance(15_000);
      await pinged;
      // Our own ping comes back when the server has read the pong before it.
      await client.pinged();
    }
    expect(rig.door.stats()).toMatchObject({ connections: 1, sessions: 1 });
  });
});
