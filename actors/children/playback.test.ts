import { describe, expect, it } from 'vitest';
import { samplesInMs, samplesPerFrame } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ramp, sound, start } from './playback-test-util.ts';

describe('playback', () => {
  it.each([16_000, 24_000] as const)(
    'at %i Hz sends 20 ms frames, at most 200 ms ahead of real time',
    async (rate) => {
      const { clock, track, frames, write, output } = start(rate);
      write(3_000);
      track.end();
      await clock.advance(4_000);
      expect(frames.map(({ seq }) => seq)).toEqual(Array.from({ length: 150 }, (_, i) => i));
      expect(frames.every(({ samples }) => samples.length === samplesPerFrame(rate))).toBe(true);
      const aheadMs = frames.map(({ seq, atMs }) => (seq + 1) * 20 - atMs);
      expect(Math.max(...aheadMs)).toBe(200);
      expect(Math.min(...aheadMs.slice(9))).toBe(200);
      expect(sound(frames)).toEqual(ramp(samplesInMs(3_000, rate)));
      expect(output()).toEqual({ samples: samplesInMs(3_000, rate) });
    },
  );

  it('sends 40 ms frames to a client that asks for them, at most 200 ms ahead of real time', async () => {
    const { clock, track, frames, write } = start(24_000, undefined, undefined, undefined, 40);
    write(1_000);
    track.end();
    await clock.advance(2_000);
    expect(frames.map(({ samples }) => samples.length)).toEqual(Array(25).fill(960));
    const aheadMs = frames.map(({ seq, atMs }) => (seq + 1) * 40 - atMs);
    expect(aheadMs.slice(0, 4)).toEqual([40, 80, 120, 160]);
    expect(aheadMs.slice(4).every((one) => one === 200)).toBe(true);
    expect(sound(frames)).toEqual(ramp(24_000));
  });

  it('ends when the last sample should have been heard, not when it is sent', async () => {
    const { clock, track, write, output } = start();
    write(500);
    track.end();
    await clock.advance(499);
    expect(output()).toBeUndefined();
    await clock.advance(1);
    expect(output()).toEqual({ samples: 12_000 });
  });

  it('for a client with a queue of its own sends further ahead, and still ends when the last sample was heard', async () => {
    const { clock, track, frames, write, output, sentAtMs, listener } = start(
      24_000,
      undefined,
      undefined,
      2_000,
    );
    listener.asked('one two');
    listener.begins(0, {
      made: 72_000,
      words: [
        { sample: 0, offset: 0 },
        { sample: 36_000, offset: 4 },
      ],
      ready: true,
    });
    write(3_000);
    await clock.advance(0);
    expect(frames).toHaveLength(100);
    await clock.advance(900);
    track.end();
    expect(sentAtMs).toEqual([]);
    await clock.advance(200);
    expect(sentAtMs).toEqual([1_000]);
    expect(frames).toHaveLength(150);
    expect(output()).toBeUndefined();
    expect(listener.heardAt(35_999)).toBe('');
    expect(listener.heardAt(36_000)).toBe('one');
    await clock.advance(1_900);
    expect(output()).toEqual({ samples: 72_000 });
    expect(sentAtMs).toHaveLength(1);
  });

  it('pads the last frame with silence, which does not count as played', async () => {
    const { clock, track, frames, write, output } = start();
    write(50);
    track.end();
    await clock.advance(100);
    expect(frames).toHaveLength(3);
    expect([...(frames[2]?.samples ?? [])].slice(240)).toEqual(Array.from({ length: 240 }, () => 0));
    expect(output()).toEqual({ samples: 1_200 });
  });

  it('waits for a whole frame while more may come', async () => {
    const { clock, frames, write } = start();
    write(15);
    await clock.advance(100);
    expect(frames).toEqual([]);
    write(5);
    await clock.advance(0);
    expect(frames).toHaveLength(1);
  });

  it('after running dry continues with the next sample, again at most 200 ms ahead', async () => {
    const { clock, track, frames, write, output } = start();
    write(300);
    await clock.advance(1_000);
    expect(frames).toHaveLength(15);
    write(1_000);
    track.end();
    await clock.advance(0);
    expect(frames).toHaveLength(25);
    await clock.advance(2_000);
    expect(frames.map(({ seq }) => seq)).toEqual(Array.from({ length: 65 }, (_, i) => i));
    const aheadMs = frames.slice(15).map(({ seq, atMs }) => (seq - 14) * 20 - (atMs - 1_000));
    expect(Math.max(...aheadMs)).toBe(200);
    expect(sound(frames)).toEqual(ramp(1_300 * 24));
    expect(output()).toEqual({ samples: 1_300 * 24 });
  });

  it('does not treat a short gap as the end while the client still has audio', async () => {
    const { clock, frames, write } = start();
    write(300);
    await clock.advance(250);
    write(300);
    await clock.advance(0);
    // 300 ms were sent and 250 are played, so 150 more may go.
    expect(frames).toHaveLength(22);
  });

  it('sends nothing while paused, and continues at the same sample', async () => {
    const { clock, track, listener, mailbox, frames, write, output } = start();
    write(2_000);
    track.end();
    await clock.advance(510);
    mailbox.push({ type: 'pause' });
    await clock.advance(0);
    const sent = frames.length;
    const at = { sent: sent * 480, played: 510 * 24 };
    expect(listener.sample(clock.nowMs())).toMatchObject(at);
    await clock.advance(3_000);
    expect(frames).toHaveLength(sent);
    expect(listener.sample(clock.nowMs())).toMatchObject(at);
    mailbox.push({ type: 'resume' });
    await clock.advance(0);
    expect(listener.sample(clock.nowMs())).toMatchObject(at);
    await clock.advance(1_489);
    expect(output()).toBeUndefined();
    await clock.advance(1);
    expect(output()).toEqual({ samples: 48_000 });
    expect(sound(frames)).toEqual(ramp(48_000));
    const aheadMs = frames.slice(sent).map(({ seq, atMs }) => (seq + 1) * 20 - (atMs - 3_000));
    expect(Math.max(...aheadMs)).toBeLessThanOrEqual(200);
  });

  it('that is paused before its first sound starts only when resumed', async () => {
    const { clock, track, mailbox, frames, events, write } = start();
    mailbox.push({ type: 'pause' });
    await clock.advance(0);
    write(100);
    track.end();
    await clock.advance(500);
    expect({ frames, events }).toEqual({ frames: [], events: [] });
    mailbox.push({ type: 'resume' });
    await clock.advance(100);
    expect(frames).toHaveLength(5);
    expect(events[0]).toEqual({ type: 'playout.started' });
  });

  it('ignores a second pause or resume', async () => {
    const { clock, track, mailbox, frames, write, output } = start();
    write(400);
    track.end();
    await clock.advance(100);
    for (const type of ['pause', 'pause'] as const) mailbox.push({ type });
    await clock.advance(100);
    for (const type of ['resume', 'resume'] as const) mailbox.push({ type });
    await clock.advance(300);
    expect(output()).toEqual({ samples: 9_600 });
    expect(sound(frames)).toEqual(ramp(9_600));
  });

  it('publishes each mouth shape for the moment when its sample sounds', async () => {
    const { clock, track, visemes, write } = start();
    for (const [ms, viseme] of [
      [0, 1],
      [130, 2],
      [410, 3],
      [500, 0],
    ] as const)
      track.cue({ sample: ms * 24, phoneme: 'x', viseme });
    write(500);
    track.end();
    await clock.advance(500);
    expect(visemes).toEqual([
      { viseme: 1, atMs: 0 },
      { viseme: 2, atMs: 130 },
      { viseme: 3, atMs: 410 },
      { viseme: 0, atMs: 500 },
    ]);
  });

  it('of an empty track ends at once', async () => {
    const { clock, track, frames, output } = start();
    track.end();
    await clock.advance(0);
    expect(output()).toEqual({ samples: 0 });
    expect(frames).toEqual([]);
  });

  it('sends nothing more once stopped', async () => {
    const { clock, frames, actor, write, failure } = start();
    write(2_000);
    await clock.advance(300);
    const sent = frames.length;
    actor.stop();
    write(2_000);
    await clock.advance(2_000);
    expect(frames).toHaveLength(sent);
    expect(failure()).toBeUndefined();
  });

  it('fails when a frame cannot be sent, without an error in its timer or its writer', async () => {
    for (const bad of [0, 20]) {
      const { clock, frames, write, failure } = start(24_000, (seq) => {
        if (seq === bad) throw new Error('the bus is closed');
      });
      write(1_000);
      await clock.advance(1_000);
      write(1_000);
      await clock.advance(1_000);
      expect(failure()).toEqual(new Error('the bus is closed'));
      expect(frames).toHaveLength(bad);
    }
  });

  it('does not drift: the last frame of three minutes is sent on time', async () => {
    const clock = new VirtualClock({ startMs: 0.3 });
    const { track, frames, write } = start(24_000, () => {}, clock);
    write(4_000);
    let late = 0;
    for (let second = 4; second < 180; second++) {
      await clock.advance(1_000);
      write(1_000);
      for (const { seq, atMs } of frames.splice(0))
        late = Math.max(late, Math.abs(atMs - 0.3 - Math.max(0, (seq + 1) * 20 - 200)));
      expect(track.buffered).toBeLessThanOrEqual(samplesInMs(5_000, 24_000));
    }
    expect(late).toBeLessThan(1);
  });

  it('of many replies that begin together is staggered, but each sends its first frame at once', async () => {
    const clock = new VirtualClock();
    const replies = Array.from({ length: 200 }, () => start(24_000, () => {}, clock));
    for (const { write } of replies) write(1_000);
    for (const { frames } of replies) expect(frames[0]).toMatchObject({ seq: 0, atMs: 0 });
    await clock.advance(600);
    const all = replies.flatMap(({ frames }) => frames);
    for (const { seq, atMs } of all) {
      expect((seq + 1) * 20 - atMs).toBeLessThanOrEqual(200);
      expect(atMs - Math.max(0, (seq + 1) * 20 - 200)).toBeLessThan(20);
    }
    const inOneMs = Array.from({ length: 20 }, (_, ms) => all.filter(({ atMs }) => atMs === 400 + ms).length);
    expect(Math.max(...inOneMs)).toBeLessThanOrEqual(20);
    expect(inOneMs.reduce((sum, count) => sum + count)).toBe(200);
  });
});
