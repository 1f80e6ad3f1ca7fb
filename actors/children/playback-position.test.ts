import { describe, expect, it } from 'vitest';
import { samplesInMs, samplesPerFrame } from '../../machines/audio.ts';
import { StallingClock, settle, start } from './playback-test-util.ts';

describe('the position of playback', () => {
  it('knows where the listener was before gaps and pauses and their ends, for events handled late', async () => {
    const { clock, listener, mailbox, write } = start();
    const playedAt = (atMs: number) => listener.sample(atMs)?.played;
    write(100);
    await clock.advance(200);
    write(300);
    expect([50, 100, 150, 200].map(playedAt)).toEqual([1_200, 2_400, 2_400, 2_400]);
    await clock.advance(100);
    mailbox.push({ type: 'pause' });
    await clock.advance(100);
    expect([250, 300, 400].map(playedAt)).toEqual([3_600, 4_800, 4_800]);
    mailbox.push({ type: 'resume' });
    await clock.advance(50);
    expect([350, 425].map(playedAt)).toEqual([4_800, 5_400]);
    expect([50, 150, 250].map(playedAt)).toEqual([1_200, 2_400, 3_600]);
  });

  it('stands still when asked to, and goes on when asked to, whatever comes before its next frame', async () => {
    const clock = new StallingClock({ settle });
    const { listener, mailbox, write } = start(24_000, undefined, clock);
    const played = () => listener.sample(clock.nowMs())?.played;
    write(1_000);
    await clock.advance(100);
    mailbox.push({ type: 'pause' });
    clock.stall(46);
    expect(played()).toBe(2_400);
    mailbox.push({ type: 'resume' });
    clock.stall(10);
    expect(played()).toBe(2_640);
  });

  it('counts from when the first frame was sent, also after a gap, however long it took to make', async () => {
    const clock = new StallingClock({ settle });
    const { listener, frames, write } = start(24_000, (seq) => clock.stall(seq % 5 === 0 ? 39 : 0), clock);
    write(100);
    await clock.advance(30);
    expect(listener.sample(clock.nowMs())?.played).toBe(
      samplesInMs(clock.nowMs() - (frames[0]?.atMs ?? 0), 24_000),
    );
    await clock.advance(200);
    write(100);
    await clock.advance(30);
    expect(listener.sample(clock.nowMs())?.played).toBe(
      samplesInMs(100 + clock.nowMs() - (frames[5]?.atMs ?? 0), 24_000),
    );
  });

  it('stood still while the process did, between two frames that were due at once', async () => {
    const clock = new StallingClock({ settle });
    const { listener, frames, write } = start(24_000, (seq) => clock.stall(seq === 1 ? 79 : 0), clock);
    write(400);
    await clock.advance(10);
    const second = frames[1]?.atMs ?? 0;
    expect(second).toBe(79);
    expect(listener.sample(clock.nowMs())?.played).toBe(samplesInMs(20 + clock.nowMs() - second, 24_000));
    expect(listener.sample(60)?.played).toBe(samplesInMs(20, 24_000));
  });

  it('emits only its start; the listener knows the position at any time', async () => {
    const { clock, track, listener, events, write } = start();
    write(650);
    track.end();
    const positions: (number | undefined)[] = [];
    for (let ms = 0; ms <= 700; ms += 50) {
      positions.push(listener.sample(clock.nowMs())?.played);
      await clock.advance(50);
    }
    expect(positions).toEqual(positions.map((_, i) => Math.min(650, i * 50) * 24));
    expect(events).toEqual([{ type: 'playout.started' }]);
    // A delay that expired a moment ago uses the position of that time.
    expect(listener.sample(clock.nowMs() - 200)?.played).toBe(550 * 24);
  });

  it('is never ahead of what it has sent', async () => {
    // given speech that trickles in slower than it is played, and stops within a frame
    const { clock, write, listener, frames } = start();
    await settle();
    for (const ms of [39, 17, 17, 17, 9]) {
      write(ms);
      await clock.advance(30);
      const { sent = 0, played = 0 } = listener.sample(clock.nowMs()) ?? {};
      expect(played).toBeLessThanOrEqual(sent);
    }
    // when no more arrives
    await clock.advance(1_000);
    // then all sent audio was played
    const sent = frames.length * samplesPerFrame(24_000);
    expect(listener.sample(clock.nowMs())).toMatchObject({ sent, played: sent });
  });
});
