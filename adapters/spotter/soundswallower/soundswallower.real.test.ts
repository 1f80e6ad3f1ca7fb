import { readFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDialog } from '../../../actors/dialog/mod.ts';
import type { StopSpotter, StopStretch } from '../../../actors/ports/stop-spotter.ts';
import { pieces, speak } from '../../../lab/hearing/speech.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { levelled, Sounds } from '../../../testing/eval/sounds.ts';
import { espeakTts } from '../../tts/espeak/espeak.ts';
import { startWorkerThread } from '../../worker-thread.ts';
import { canSpot, type SoundswallowerSpotterOptions, soundswallowerSpotter } from './soundswallower.ts';

const dialog = parseDialog(
  readFileSync(new URL('../../../examples/robot.dialog.yaml', import.meta.url), 'utf8'),
  'robot.dialog.yaml',
);

/** A stretch whose callbacks are written down; `until` resolves when one begins with `what`. */
function listening(spotter: StopSpotter) {
  const log: string[] = [];
  let waiting: { what: string; resolve: () => void } | undefined;
  const note = (line: string) => {
    log.push(line);
    if (waiting && line.startsWith(waiting.what)) waiting.resolve();
  };
  const stretch = spotter.listen({
    onSuspected: (phrase) => note(`suspected ${phrase}`),
    onConfirmed: (phrase) => note(`confirmed ${phrase}`),
    onRefuted: () => note('refuted'),
    onLost: (error) => note(`lost ${'code' in error ? error.code : error.message}`),
  });
  const until = (what: string) =>
    log.some((line) => line.startsWith(what))
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          waiting = { what, resolve };
        });
  return { stretch, log, until };
}

async function hear(stretch: StopStretch, text: string, voice = 'en-us'): Promise<void> {
  for await (const { samples } of pieces(await speak(text, voice))) stretch.push(samples);
}

/** Tests push audio faster than real time, and a thread of a busy machine takes seconds to decide. */
function made(options: Partial<SoundswallowerSpotterOptions> = {}) {
  const threads: Worker[] = [];
  const spotter = soundswallowerSpotter({
    ...{ dialog, maxBehindMs: 60_000, stallMs: 30_000, spottersPerWorker: 1 },
    startThread: (thread) => {
      const worker = startWorkerThread(import.meta.url, 'worker', thread);
      threads.push(worker);
      return worker;
    },
    ...options,
  });
  return { spotter, threads };
}

describe('the stop spotter', () => {
  let spotter: StopSpotter;

  beforeAll(async () => {
    ({ spotter } = made());
    await spotter.warm?.();
  });

  afterAll(() => spotter.close());

  it('listens for the shortest halt phrases of the dialog', () => {
    expect(spotter.phrases).toEqual(['stop']);
  });

  it.each(['en-us', 'en-gb', 'en-us+f3'])('suspects and confirms "stop" in the voice %s', async (voice) => {
    const { stretch, log, until } = listening(spotter);
    await hear(stretch, 'stop', voice);
    await until('confirmed');
    expect(log).toEqual(['suspected stop', 'confirmed stop']);
    stretch.abort();
  });

  it.each([
    ['knocks', 'en-us+f4', -36],
    ['hum', 'en-us+f3', -40],
  ] as const)('confirms "stop" over %s', async (kind, voice, dbfs) => {
    const { stretch, log, until } = listening(spotter);
    const { samples } = await speak('stop', voice);
    const noise = levelled(await new Sounds(espeakTts()).noise(kind, 4_000, 11), dbfs);
    const word = levelled(
      Float32Array.from(samples, (one) => one / 0x8000),
      -26,
    );
    stretch.push(Int16Array.from(noise, (one, i) => 0x8000 * (one + (word[i - 9_600] ?? 0))));
    stretch.end();
    await until('confirmed');
    expect(log).toEqual(['suspected stop', 'confirmed stop']);
  });

  it('passes over what sounds like "stop" within other words', async () => {
    const { stretch, log, until } = listening(spotter);
    await hear(stretch, 'he set up the tripod and sat upon it', 'en-us+m7');
    await hear(stretch, 'stop');
    await until('confirmed');
    expect(log).toEqual(['suspected stop', 'confirmed stop']);
    stretch.abort();
  });

  it('decides a suspicion at the end of the sound', async () => {
    const { stretch, log, until } = listening(spotter);
    const { samples } = await speak('stop', 'en-us');
    stretch.push(samples.subarray(0, samples.length - 6_400));
    stretch.end();
    await until('confirmed');
    expect(log).toEqual(['suspected stop', 'confirmed stop']);
  });

  it.each(['what time is it', 'no', 'go back'])('does not confirm a stop in "%s"', async (text) => {
    const { stretch, log, until } = listening(spotter);
    await hear(stretch, text);
    await hear(stretch, 'stop');
    await until('confirmed');
    expect(log.filter((line) => line.startsWith('confirmed'))).toHaveLength(1);
    expect(log.at(-1)).toBe('confirmed stop');
    stretch.abort();
  });

  it('keeps a bounded line: the stretch that has waited longest is lost', async () => {
    const { spotter: crowded } = made({ maxWaiting: 1 });
    afterTest(() => crowded.close());
    await crowded.warm?.();
    const [, second, third] = [listening(crowded), listening(crowded), listening(crowded)];
    expect([second?.log, third?.log]).toEqual([['lost ENGINE_OVERLOADED'], []]);
  });

  it('drops the oldest audio of a thread that is behind, and reports it', async () => {
    const dropped: number[] = [];
    const { spotter: slow } = made({ maxBehindMs: 100, onDropped: (samples) => dropped.push(samples) });
    afterTest(() => slow.close());
    await slow.warm?.();
    const { stretch } = listening(slow);
    for (let piece = 0; piece < 20; piece++) stretch.push(new Int16Array(320));
    // 4 pieces are with the thread, 5 wait.
    expect(dropped).toEqual(Array.from({ length: 11 }, () => 320));
  });

  it('refutes a suspicion whose thread dies, and listens on with another', async () => {
    // Without the runtime: a thread must not be terminated within it.
    const { spotter: mortal, threads } = made({ word: false });
    afterTest(() => mortal.close());
    const { stretch, log, until } = listening(mortal);
    const { samples } = await speak('stop', 'en-us');
    // So far that the word is heard, and not yet decided.
    stretch.push(samples.subarray(0, samples.length - 8_000));
    await until('suspected');
    await threads[0]?.terminate();
    await until('refuted');
    await hear(stretch, 'stop');
    await until('confirmed');
    expect(log).toEqual(['suspected stop', 'refuted', 'suspected stop', 'confirmed stop']);
    stretch.abort();
  });

  it('is made for English dialogs with a halt entry only', () => {
    const without = { ...dialog, halts: [] };
    expect([canSpot(dialog), canSpot({ ...dialog, language: 'de' }), canSpot(without)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
