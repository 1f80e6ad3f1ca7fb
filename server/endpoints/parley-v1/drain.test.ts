import { describe, expect, it } from 'vitest';
import { startRig, startSession, until } from '../../door/door-test-util.ts';

describe('the shutdown of the door', () => {
  it('refuses new connections with 4503 and lets live ones continue for the grace', async () => {
    const { rig, client, session } = await startSession();
    const drained = rig.door.drain();
    expect(await client.json()).toMatchObject({ type: 'error', code: 'DRAINING', fatal: false });
    const late = await rig.connect().opened();
    expect(await late.json()).toMatchObject({ code: 'DRAINING', fatal: true });
    expect(await late.closed).toEqual({ code: 4503, reason: 'DRAINING' });
    client.say({ type: 'text', text: 'one more' });
    expect(await session.commands.take()).toMatchObject({ text: 'one more' });
    await rig.clock.advance(5_000);
    expect(await client.json()).toMatchObject({ code: 'DRAINING', fatal: true });
    expect((await client.closed).code).toBe(4503);
    expect(await session.closed).toBe('draining');
    await drained;
    expect(rig.door.stats()).toMatchObject({ connections: 0, sessions: 0, draining: true });
  });

  it('is drained as soon as the last client has left', async () => {
    const { rig, client } = await startSession();
    const drained = rig.door.drain();
    await client.json();
    client.say({ type: 'bye' });
    await drained;
    expect(await rig.door.drain()).toBeUndefined();
  });

  it('closes connections without hello at once', async () => {
    const rig = await startRig();
    const waiting = await rig.connect().opened();
    await until(() => rig.door.stats().connections === 1);
    await rig.door.drain();
    expect((await waiting.closed).code).toBe(4503);
  });

  it('waits for sessions that close slowly', async () => {
    const { rig, client, session } = await startSession();
    let saved = () => {};
    session.lastWords = () =>
      new Promise<void>((resolve) => {
        saved = resolve;
      });
    const drained = rig.door.drain();
    client.socket.close();
    await client.closed;
    await until(() => rig.door.stats().connections === 0);
    expect(rig.door.stats().sessions).toBe(1);
    saved();
    await drained;
    expect(rig.door.stats().sessions).toBe(0);
  });

  it('closes everything at once on close, and only once', async () => {
    const { rig, client, session } = await startSession();
    await Promise.all([rig.front.close(), rig.front.close()]);
    expect((await client.closed).code).toBe(4503);
    expect(await session.closed).toBe('draining');
    await expect(fetch(rig.address.url)).rejects.toThrow();
  });
});
