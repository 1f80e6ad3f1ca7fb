import { describe, expect, it } from 'vitest';
import { AsyncQueue } from '../../../actors/async-queue.ts';
import { expectEnd, startRig, startSession } from '../../door/door-test-util.ts';

/** A client that may come back, what its `ready` said, and its session. */
async function begun(options: Parameters<typeof startRig>[0] = {}) {
  const rig = await startRig(options);
  const client = await rig.hello({ resume: true });
  const session = await rig.host.opened.take();
  const { session: id, secret, epoch } = await client.json('ready');
  return { rig, client, session, resume: { resume: true, session: id, secret, epoch } };
}

/** A server that has a session of an earlier server, for any client. */
async function begunBefore() {
  const rig = await startRig();
  rig.host.waitsFor = () => true;
  return { rig, resume: { resume: true, session: 'before', secret: 'secret', epoch: 1 } };
}

describe('a client that lost its connection', () => {
  it('gets its session back, and what it missed', async () => {
    const { rig, client, session, resume } = await begun();
    client.socket.terminate();
    expect(await session.commands.take()).toBe('away');
    session.say({ type: 'flush', generation: 3 });
    session.play(4, 0);

    const again = await rig.hello(resume);
    expect(await again.json()).toMatchObject({
      ...{ type: 'ready', session: resume.session, epoch: 2, resumed: true },
    });
    expect(await again.json()).toEqual({ type: 'flush', generation: 3 });
    expect(await session.commands.take()).toBe('back');
    again.say({ type: 'text', text: 'hello' });
    expect(await session.commands.take()).toEqual({ type: 'text', text: 'hello' });
    expect(rig.door.stats().sessions).toBe(1);
  });

  it('takes the session over from a connection that the server still believes in', async () => {
    const { rig, client, session, resume } = await begun();
    const again = await rig.hello(resume);
    expect(await client.json()).toMatchObject({ type: 'error', code: 'EPOCH_SUPERSEDED', fatal: true });
    expect(await client.closed).toEqual({ code: 4409, reason: 'EPOCH_SUPERSEDED' });
    expect(await again.json()).toMatchObject({ type: 'ready', epoch: 2, resumed: true });
    expect([await session.commands.take(), await session.commands.take()]).toEqual(['away', 'back']);
    again.say({ type: 'interrupt' });
    expect(await session.commands.take()).toEqual({ type: 'interrupt' });
  });

  it('that has been let in by another server since does not get it from this one, which ends it', async () => {
    const asked: string[] = [];
    const elsewhere = {
      async find({ session }: { session: string }) {
        asked.push(session);
        return undefined;
      },
    };
    const { rig, client, session, resume } = await begun({ elsewhere });
    client.socket.terminate();
    expect(await session.commands.take()).toBe('away');
    const again = await rig.hello({ ...resume, epoch: 2 });
    expect(await session.closed).toBe('superseded');
    expect(await again.json()).toMatchObject({ type: 'ready', resumed: false });
    expect(asked).toEqual([resume.session]);
  });

  it('gets an epoch that is newer than any of the server before', async () => {
    const { rig, resume } = await begunBefore();
    const again = await rig.hello({ ...resume, epoch: 7 });
    expect(await again.json()).toMatchObject({ type: 'ready', epoch: 9, resumed: true });
  });

  it('gets a session that is still being continued for an earlier connection, and once', async () => {
    const { rig, resume } = await begunBefore();
    const [begins, mayOpen] = [new AsyncQueue<string>(), new AsyncQueue<void>()];
    rig.host.beforeOpen = ({ session }) => {
      begins.push(session);
      return mayOpen.take();
    };
    const first = await rig.hello(resume);
    await begins.take();
    const second = await rig.hello(resume);
    await expectEnd(first, 'EPOCH_SUPERSEDED', 4409);
    mayOpen.push();
    expect(await second.json()).toMatchObject({ type: 'ready', session: resume.session });
    expect(rig.door.stats().sessions).toBe(1);
    const session = await rig.host.opened.take();
    expect(await session.commands.take()).toBe('back');
  });

  it('finds its session gone after half a minute', async () => {
    const { rig, client, session, resume } = await begun();
    client.socket.terminate();
    await session.commands.take();
    await rig.clock.advance(29_999);
    expect(rig.door.stats().sessions).toBe(1);
    await rig.clock.advance(1);
    expect(await session.closed).toBe('lost');
    const again = await rig.hello(resume);
    expect(await again.json()).toMatchObject({ type: 'ready', epoch: 1, resumed: false });
  });

  it.each([
    ['another secret', { secret: 'a guess' }],
    ['no secret', { secret: undefined }],
    ['another rate', { audio: { outputRate: 16_000 } }],
    ['another user', { user: 'anna' }],
  ])('gets a new session with %s', async (_, change) => {
    const { rig, client, session, resume } = await begun();
    client.socket.terminate();
    await session.commands.take();
    const again = await rig.hello({ ...resume, ...change });
    const ready = await again.json();
    expect(ready).toMatchObject({ type: 'ready', epoch: 1, resumed: false });
    expect(ready.session).not.toBe(resume.session);
  });

  it.each([
    ['that said bye', {}, 'bye'],
    ['while the server drains', {}, 'drain'],
    ['of a server that holds none', { limits: { awayMs: 0 } }, 'lost'],
  ])('%s has no session to come back to', async (_, options, how) => {
    const { rig, client, session } = await begun(options);
    if (how === 'drain') void rig.door.drain();
    if (how === 'bye') client.say({ type: 'bye' });
    else client.socket.terminate();
    expect(await session.closed).toBe(how === 'drain' ? 'draining' : how);
  });

  it('that did not ask for it ends its session', async () => {
    const { client, session } = await startSession();
    client.socket.terminate();
    expect(await session.closed).toBe('lost');
  });
});
