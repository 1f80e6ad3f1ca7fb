import { describe, expect, it } from 'vitest';
import { Playout } from './playout.ts';

const RATE = 24_000;
const FRAME = 480;
const QUANTUM = 128;

/** Frame `seq` of a ramp that never repeats a value within 2.7 s, so that a sample shows its own position. */
function ramp(seq: number, length = FRAME): Int16Array {
  return Int16Array.from({ length }, (_, i) => seq * FRAME + i - 32_000);
}

/** Renders `samples` in blocks of the audio thread and gives back the positions heard; silence is left out. */
function hear(playout: Playout, samples: number): number[] {
  const heard: number[] = [];
  for (let done = 0; done < samples; done += QUANTUM) {
    const block = new Float32Array(QUANTUM);
    const sounding = playout.render(block);
    for (const value of block.subarray(0, sounding)) heard.push(value * 0x8000 + 32_000);
    expect([...block.subarray(sounding)].every((value) => value === 0)).toBe(true);
  }
  return heard;
}

function positions(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function filled(frames: number, generation = 1): Playout {
  const playout = new Playout({ rate: RATE });
  for (let seq = 0; seq < frames; seq++) playout.push(generation, seq, ramp(seq));
  return playout;
}

describe('Playout', () => {
  it('plays every sample once and in order, and reports the exact total at the end', () => {
    const playout = filled(10);

    const heard = hear(playout, 6_000);

    expect(heard).toEqual(positions(0, 4_800));
    expect(playout.takeReports()).toEqual([
      { generation: 1, samples: 2_400, cause: 'progress' },
      { generation: 1, samples: 4_800, cause: 'drained' },
    ]);
  });

  it('gathers two frames before it makes a sound, but waits no longer than that for a short reply', () => {
    const playout = filled(1);

    const early = hear(playout, 7 * QUANTUM);
    const later = hear(playout, 5 * QUANTUM);

    expect(early).toEqual([]);
    expect(later).toEqual(positions(0, FRAME));
  });

  it('pauses when asked to before the next sample and goes on with that very sample', () => {
    const playout = filled(10);
    const before = hear(playout, 8 * QUANTUM);

    playout.setPlayback(1, 'paused');
    const during = hear(playout, 5_120);
    const paused = playout.takeReports().at(-1);
    playout.setPlayback(1, 'playing');
    const after = hear(playout, 6_000);

    expect(before).toEqual(positions(0, 1_024));
    expect(during).toEqual([]);
    expect(paused).toEqual({ generation: 1, samples: 1_024, cause: 'pause' });
    expect(after).toEqual(positions(1_024, 4_800));
  });

  it('takes audio in while it is paused', () => {
    const playout = filled(2);
    playout.setPlayback(1, 'paused');

    playout.push(1, 2, ramp(2));
    playout.setPlayback(1, 'playing');

    expect(hear(playout, 2_048)).toEqual(positions(0, 3 * FRAME));
  });

  it('leaves a newer generation audible when an older one is paused', () => {
    const playout = filled(4, 2);

    playout.setPlayback(1, 'paused');

    expect(hear(playout, 2_048)).toHaveLength(4 * FRAME);
  });

  it('is silent from the flush on, reports what was played, and drops what comes late', () => {
    const playout = filled(10);
    hear(playout, 8 * QUANTUM);

    playout.flush(1);
    playout.push(1, 10, ramp(10));

    expect(hear(playout, 4_096)).toEqual([]);
    expect(playout.takeReports()).toEqual([{ generation: 1, samples: 1_024, cause: 'flush' }]);
    expect(playout.stats.stale).toBe(1);
  });

  it('plays the next generation after a flush of the previous one, even while that was paused', () => {
    const playout = filled(10);
    playout.setPlayback(1, 'paused');
    playout.flush(1);
    playout.takeReports();

    for (let seq = 0; seq < 3; seq++) playout.push(2, seq, ramp(seq));

    expect(hear(playout, 2_048)).toEqual(positions(0, 3 * FRAME));
    expect(playout.takeReports()).toEqual([{ generation: 2, samples: 3 * FRAME, cause: 'drained' }]);
  });

  it('answers the flush of a generation of which nothing came with zero samples', () => {
    const playout = new Playout({ rate: RATE });

    playout.flush(7);

    expect(playout.takeReports()).toEqual([{ generation: 7, samples: 0, cause: 'flush' }]);
  });

  it('reports the end of a generation when the next one follows without a pause', () => {
    const playout = filled(3, 1);
    for (let seq = 0; seq < 3; seq++) playout.push(2, seq, ramp(seq));

    const heard = hear(playout, 4_096);

    expect(heard).toEqual([...positions(0, 1_440), ...positions(0, 1_440)]);
    expect(playout.takeReports()).toEqual([
      { generation: 1, samples: 1_440, cause: 'drained' },
      { generation: 2, samples: 1_440, cause: 'drained' },
    ]);
  });

  it('drops frames of an older generation and repeated frames, and counts gaps', () => {
    const playout = filled(3, 2);

    playout.push(1, 3, ramp(3));
    playout.push(2, 2, ramp(2));
    playout.push(2, 5, ramp(5));

    expect(hear(playout, 4_096)).toEqual([...positions(0, 1_440), ...positions(2_400, 2_880)]);
    expect(playout.stats).toMatchObject({ stale: 2, gaps: 2 });
  });

  it('counts it as an underrun only if more of the same reply follows, and then gathers more', () => {
    const playout = filled(2);
    hear(playout, 1_024);
    const atEnd = playout.stats.underruns;

    playout.push(1, 2, ramp(2));
    playout.push(1, 3, ramp(3));

    expect(atEnd).toBe(0);
    expect(playout.stats.underruns).toBe(1);
    expect(hear(playout, 7 * QUANTUM)).toEqual([]);
    playout.push(1, 4, ramp(4));
    expect(hear(playout, 2_048)).toEqual(positions(960, 2_400));
  });

  it('holds a bounded amount and counts the rest', () => {
    const playout = new Playout({ rate: RATE, capacityMs: 40 });

    for (let seq = 0; seq < 5; seq++) playout.push(1, seq, ramp(seq));

    expect(playout.stats.overflow).toBe(3 * FRAME);
    expect(hear(playout, 4_096)).toEqual(positions(0, 960));
  });

  it('silences all that has come so far without an order of the server', () => {
    const playout = filled(10, 3);
    hear(playout, 4 * QUANTUM);

    playout.silence();
    playout.push(3, 10, ramp(10));

    expect(hear(playout, 2_048)).toEqual([]);
    expect(playout.takeReports()).toEqual([{ generation: 3, samples: 512, cause: 'flush' }]);
  });

  it('says its count again after a lost connection, and forgets it for a new session', () => {
    const playout = filled(10);
    hear(playout, 4 * QUANTUM);

    playout.resume();
    const resumed = playout.takeReports();
    playout.reset();
    for (let seq = 0; seq < 2; seq++) playout.push(0, seq, ramp(seq));

    expect(resumed).toEqual([{ generation: 1, samples: 512, cause: 'resume' }]);
    expect(hear(playout, 1_024)).toEqual(positions(0, 960));
    expect(playout.takeReports()).toEqual([{ generation: 0, samples: 960, cause: 'drained' }]);
  });

  it('never lets a count fall, whatever order the orders come in', () => {
    const playout = filled(10);
    const counts: number[] = [];

    for (let step = 0; step < 60; step++) {
      hear(playout, QUANTUM);
      if (step % 7 === 3) playout.setPlayback(1, 'paused');
      if (step % 7 === 5) playout.setPlayback(1, 'playing');
      if (step === 50) playout.flush(1);
      counts.push(...playout.takeReports().map(({ samples }) => samples));
    }

    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.length).toBeGreaterThan(5);
  });
});

describe('ducked playback', () => {
  const LOUD = new Int16Array(4_800).fill(16_384);

  function level(block: Float32Array, at: number): number {
    return Math.round(20 * Math.log10((block[at] ?? 0) / 0.5));
  }

  function playing(): Playout {
    const playout = new Playout({ rate: 24_000, targetMs: 0 });
    playout.push(1, 0, LOUD);
    return playout;
  }

  it('is 12 dB softer within 20 ms, without a jump, and loud again as fast', () => {
    const playout = playing();
    const block = new Float32Array(960);
    playout.render(block);
    expect(level(block, 959)).toBe(0);
    playout.setPlayback(1, 'ducked');
    playout.render(block);
    expect(level(block, 480)).toBe(-12);
    const steps = block.slice(1).map((value, i) => Math.abs(value - (block[i] ?? 0)));
    expect(Math.max(...steps)).toBeLessThan(0.001);
    playout.setPlayback(1, 'playing');
    playout.render(block);
    expect(level(block, 480)).toBe(0);
  });

  it('plays the same number of samples', () => {
    const playout = playing();
    playout.setPlayback(1, 'ducked');
    playout.render(new Float32Array(2_400));
    playout.setPlayback(1, 'paused');
    expect(playout.takeReports().at(-1)).toMatchObject({ samples: 2_400, cause: 'pause' });
  });

  it('resumes softly after a pause, and another reply is as loud as ever', () => {
    const playout = playing();
    playout.setPlayback(1, 'paused');
    playout.render(new Float32Array(480));
    playout.setPlayback(1, 'ducked');
    const block = new Float32Array(480);
    playout.render(block);
    expect(level(block, 479)).toBe(-12);
    playout.flush(1);
    playout.render(new Float32Array(128));
    playout.push(2, 0, LOUD);
    playout.render(block);
    expect(level(block, 0)).toBe(0);
  });
});
