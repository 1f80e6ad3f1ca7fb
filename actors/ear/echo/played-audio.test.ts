import { describe, expect, it } from 'vitest';
import { Random } from '../../../testing/simulation/random.ts';
import type { ResamplerFactory } from '../../ports/resampler.ts';
import { noResampling } from '../../reply/no-resampling-test-util.ts';
import { PlayedAudio } from './played-audio.ts';

const RATE = 16_000;
const FRAME = 320;

function frame(value: number): Int16Array {
  return new Int16Array(FRAME).fill(value);
}

function read(played: PlayedAudio, from: number, count: number): number[] {
  const out = new Float32Array(count);
  played.read(from, out);
  return [...out].map((one) => Math.round(one * 0x8000));
}

const open = () => new PlayedAudio(RATE, noResampling);

describe('the played audio', () => {
  it('begins when it is sent, and waits behind what was sent before', () => {
    const played = open();
    played.send(1, frame(1), 1_000);
    played.send(1, frame(2), 1_001);
    expect(read(played, 999, 2)).toEqual([0, 1]);
    expect(read(played, 1_319, 2)).toEqual([1, 2]);
    expect(read(played, 1_639, 2)).toEqual([2, 0]);
  });

  it('stands still while the client pauses, and continues at the same sample', () => {
    const played = open();
    played.send(1, frame(1), 0);
    played.send(1, frame(2), 0);
    played.order(1, 'paused', 400);
    expect(read(played, 399, 2)).toEqual([2, 0]);
    played.order(1, 'playing', 5_000);
    expect(read(played, 4_999, 2)).toEqual([0, 2]);
    expect(read(played, 5_000 + 239, 2)).toEqual([2, 0]);
  });

  it('is as soft as the client plays it while it is ducked, 20 ms after the order', () => {
    const played = open();
    for (let i = 0; i < 10; i++) played.send(1, frame(1_000), 0);
    played.order(1, 'ducked', 400);
    played.order(1, 'playing', 1_600);
    const at = (sample: number) => read(played, sample, 1)[0];
    expect([399, 400 + 160, 720, 1_599, 1_600 + 160, 1_920].map(at)).toEqual([
      1_000, 626, 251, 251, 626, 1_000,
    ]);
  });

  it('is at full level again with the next reply', () => {
    const played = open();
    played.send(1, frame(1_000), 0);
    played.order(1, 'ducked', 0);
    played.flush(1, 320);
    played.send(2, frame(1_000), 320);
    played.send(2, frame(1_000), 320);
    expect(read(played, 640, 1)).toEqual([1_000]);
  });

  it('ends where the client drops a reply', () => {
    const played = open();
    played.send(1, frame(1), 0);
    played.flush(1, 100);
    played.send(1, frame(9), 120);
    played.send(2, frame(2), 200);
    expect(read(played, 199, 2)).toEqual([1, 2]);
    expect(played.isDoubtful(150)).toBe(false);
  });

  it('is in doubt for a moment after the client was asked to drop a reply: it may still play, or its echo may be heard', () => {
    const played = open();
    for (let i = 0; i < 100; i++) played.send(1, frame(1), 0);
    played.flush(1, 100);
    const ends = 100 + 0.25 * RATE;
    expect(read(played, ends - 1, 2)).toEqual([1, 0]);
    const heardUntil = ends + 0.6 * RATE;
    expect([99, 100, ends, heardUntil - 1, heardUntil].map((at) => played.isDoubtful(at))).toEqual([
      ...[false, true, true, true, false],
    ]);
  });

  it('is not in doubt when the client has nothing to play any more', () => {
    const played = open();
    played.send(1, frame(1), 0);
    played.flush(1, 400);
    expect(played.isDoubtful(400)).toBe(false);
  });

  it('says once that playback begins to sound, or continues after a gap', () => {
    const played = open();
    played.send(1, frame(500), 1_000);
    expect([played.takeRestart(999), played.takeRestart(1_000), played.takeRestart(1_001)]).toEqual([
      false,
      true,
      false,
    ]);
    played.send(1, frame(500), 1_100);
    expect(played.takeRestart(1_400)).toBe(false);
    played.send(1, frame(500), 9_000);
    expect(played.takeRestart(9_100)).toBe(true);
    for (const value of [0, 0, 500, 0, 500]) played.send(1, frame(value), 30_000);
    const starts = [0, 1, 2, 3, 4].filter((index) => played.takeRestart(30_000 + index * FRAME));
    expect(starts.at(-1)).toBe(2);
  });

  it('has the last samples too, which the resampler held back', () => {
    let held = new Int16Array(0);
    const holdsBack: ResamplerFactory = {
      create: (from, to) => ({
        ...{ from, to },
        push: ({ samples }) => {
          const all = Int16Array.from([...held, ...samples]);
          held = all.slice(-40);
          return { rate: to, samples: all.slice(0, -40) };
        },
        flush: () => ({ rate: to, samples: new Int16Array(0) }),
        close: () => {},
      }),
    };
    const played = new PlayedAudio(24_000, holdsBack);
    played.send(1, frame(7), 0);
    expect(read(played, FRAME - 41, 42)).toEqual([...new Array(41).fill(7), 0]);
  });

  it('follows a client that plays much later than it is sent, from the next reply on', () => {
    const played = open();
    for (let i = 0; i < 30; i++) played.send(1, frame(1), 0);
    played.report(1, 1_600, 8_000); // 400 ms behind
    played.report(1, 3_200, 9_600);
    played.report(1, 4_800, 11_200);
    played.send(2, frame(2), 20_000);
    expect(read(played, 20_000 + 4_799, 2)).toEqual([0, 2]);
    for (let i = 0; i < 30; i++) played.send(2, frame(2), 20_000);
    played.report(2, 1_600, 22_400); // 50 ms behind what was sent, 250 ms before what is expected
    played.send(3, frame(3), 40_000);
    expect(read(played, 40_000, 1)).toEqual([3]);
  });

  it('is not misled by reports that come late, or many at once', () => {
    const random = Random.named(1, 'late reports');
    for (const behind of [1_600, 8_000]) {
      const played = open();
      const later = new Set<number>();
      for (let reply = 1; reply <= 20; reply++) {
        const from = reply * 64_000;
        for (let i = 0; i < 150; i++) played.send(reply, frame(1), from);
        let stuckUntil = 0;
        for (let said = 1_600; said < 48_000; said += 1_600) {
          // Every few reports nothing gets through for up to 600 ms; then all that waited comes at once.
          const leavesAt = from + said + behind;
          if (leavesAt >= stuckUntil && random.int(0, 2) === 0) stuckUntil = leavesAt + random.int(0, 9_600);
          played.report(reply, said, Math.max(leavesAt, stuckUntil));
        }
        if (reply > 2) later.add(played.later);
      }
      // Never after what is heard, at most 250 ms before, and the same for nearly all replies.
      expect(Math.max(...later)).toBeLessThanOrEqual(behind);
      expect(Math.min(...later)).toBeGreaterThanOrEqual(Math.max(0, behind - 4_000));
      expect(later.size).toBeLessThanOrEqual(2);
    }
  });

  it('takes neither a pause before a flush nor a gap in a reply for a late client', () => {
    const played = open();
    for (let i = 0; i < 10; i++) played.send(1, frame(1), 0);
    played.order(1, 'paused', 1_600);
    played.flush(1, 8_000);
    played.report(1, 1_500, 8_100);
    played.send(2, frame(2), 20_000);
    played.send(2, frame(2), 30_000);
    played.report(2, 400, 30_200);
    played.send(3, frame(3), 40_000);
    expect(read(played, 40_000, 1)).toEqual([3]);
  });

  it('is the same however rarely it is read', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = Random.named(seed, 'rarely read');
      const often = new PlayedAudio(24_000, remembers());
      const rarely = new PlayedAudio(24_000, remembers());
      const both = (act: (played: PlayedAudio) => void) => [often, rarely].forEach(act);
      let reply = 1;
      let at = 0;
      for (let step = 0; step < 1_000; step++, at += FRAME) {
        const frame = Int16Array.from({ length: 480 }, () => random.int(-9_000, 9_000));
        const kind = random.int(0, 200);
        if (kind === 0) both((played) => played.order(reply, 'paused', at));
        else if (kind < 3) both((played) => played.order(reply, 'playing', at));
        else if (kind === 3) both((played) => played.order(reply, 'ducked', at));
        if (kind === 4) both((played) => played.flush(reply, at));
        if (kind >= 4 && kind < 6) {
          reply++;
          if (kind === 5) at += random.int(0, 3) * 10 * FRAME;
        }
        both((played) => played.send(reply, frame, at));
        both((played) => played.heardNear(at, 12_800));
        read(often, at - FRAME, FRAME);
        if (random.int(0, 60) > 0) continue;
        for (let from = at - 64 * 160; from < at; from += 160)
          expect(read(rarely, from, 160)).toEqual(read(often, from, 160));
      }
    }
  });

  it('of a reply is not taken for that of a later one if nothing was heard in between', () => {
    const played = open();
    for (let i = 0; i < 10; i++) played.send(1, frame(1), 0);
    const later = 128_000; // where the ring begins anew
    for (let i = 0; i < 10; i++) played.send(2, frame(2), later);
    expect(read(played, later, FRAME)).toEqual(Array.from(frame(2)));
    expect(read(played, later + 9 * FRAME, FRAME)).toEqual(Array.from(frame(2)));
  });

  it('is not resampled while it is not read', () => {
    let pushes = 0;
    const played = new PlayedAudio(
      24_000,
      remembers(() => pushes++),
    );
    for (let i = 0; i < 1_000; i++) {
      played.send(1, new Int16Array(480).fill(1_000), i * FRAME);
      played.heardNear(i * FRAME, 12_800);
    }
    expect(pushes).toBe(2);
    // Only the newest 4 s are kept and resampled, with the frame before them.
    read(played, 999 * FRAME, FRAME);
    expect(pushes).toBeLessThan(210);
  });
});

/** From 24 to 16 kHz, with a filter of 81 samples: it holds back what it does not know yet. */
function remembers(onPush = () => {}): ResamplerFactory {
  return {
    create: (from, to) => {
      let known = new Int16Array(0);
      let first = 0;
      let given = 0;
      return {
        ...{ from, to },
        push: ({ samples }) => {
          onPush();
          const all = new Int16Array(known.length + samples.length);
          all.set(known);
          all.set(samples, known.length);
          const sample = (at: number) => all[at - first] ?? 0;
          const out: number[] = [];
          for (; Math.floor(1.5 * given) + 40 < first + all.length; given++) {
            const at = Math.floor(1.5 * given);
            out.push(Math.round((sample(at - 40) + sample(at) + sample(at + 40)) / 3));
          }
          const kept = Math.min(all.length, 120);
          first += all.length - kept;
          known = all.slice(all.length - kept);
          return { rate: to, samples: Int16Array.from(out) };
        },
        flush: () => ({ rate: to, samples: new Int16Array(0) }),
        close: () => {},
      };
    },
  };
}
