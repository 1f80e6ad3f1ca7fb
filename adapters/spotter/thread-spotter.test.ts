import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import type { PoolThread } from '../thread-pool.ts';
import type { ToThread } from './protocol.ts';
import { threadSpotter } from './thread-spotter.ts';

/** A thread that says that it has heard a piece `msPerPiece` after it got it. */
class SlowThread implements PoolThread {
  readonly pieces: { sample: number; length: number }[] = [];
  readonly #clock: VirtualClock;
  readonly #msPerPiece: number;
  readonly #listeners = new Map<string, (what: never) => void>();
  #busyUntilMs = 0;

  constructor(clock: VirtualClock, msPerPiece: number) {
    this.#clock = clock;
    this.#msPerPiece = msPerPiece;
    clock.setTimer(0, () => this.#say({ type: 'ready' }));
  }

  on(event: string, listener: (what: never) => void): this {
    this.#listeners.set(event, listener);
    return this;
  }

  postMessage(message: ToThread): void {
    if (message.type !== 'audio') return;
    this.pieces.push({ sample: message.sample, length: message.samples.length });
    this.#busyUntilMs = Math.max(this.#busyUntilMs, this.#clock.nowMs()) + this.#msPerPiece;
    this.#clock.setTimer(this.#busyUntilMs - this.#clock.nowMs(), () =>
      this.#say({ type: 'heard', id: message.id }),
    );
  }

  async terminate(): Promise<void> {
    this.#listeners.get('exit')?.(1 as never);
  }

  hang(): void {
    this.#listeners.delete('message');
  }

  ref(): void {}
  unref(): void {}

  #say(message: object): void {
    this.#listeners.get('message')?.(message as never);
  }
}

/** A spotter whose thread takes a second for each piece, and a stretch of it. */
function slowSpotter() {
  const clock = new VirtualClock();
  const crashes: string[] = [];
  const threads: SlowThread[] = [];
  const spotter = threadSpotter(
    {
      ...{ name: 'slow', phrases: ['stop'], threads: 1, stretches: 1 },
      start: () => {
        const thread = new SlowThread(clock, 1_000);
        threads.push(thread);
        return thread;
      },
    },
    { clock, maxBehindMs: 60_000, stallMs: 5_000, onCrash: ({ message }) => crashes.push(message) },
  );
  const stretch = spotter.listen({
    ...{ onSuspected: () => {}, onConfirmed: () => {}, onRefuted: () => {}, onLost: () => {} },
  });
  return { clock, crashes, threads, spotter, stretch };
}

it('a thread that hears seconds of sound at once shows piece by piece that it lives', async () => {
  const { clock, crashes, threads, spotter, stretch } = slowSpotter();
  stretch.push(new Int16Array(16_000));
  await clock.advance(10_000);

  expect(threads.flatMap(({ pieces }) => pieces)).toEqual(
    Array.from({ length: 10 }, (_, piece) => ({ sample: 1_600 * piece, length: 1_600 })),
  );
  expect(crashes).toEqual([]);
  await spotter.close();
});

it('a thread that has heard everything is kept while no sound arrives', async () => {
  const { clock, crashes, threads, spotter, stretch } = slowSpotter();
  stretch.push(new Int16Array(320));
  await clock.advance(60_000);
  stretch.push(new Int16Array(320));
  await clock.advance(1_000);

  expect(threads.map(({ pieces }) => pieces.length)).toEqual([2]);
  expect(crashes).toEqual([]);
  await spotter.close();
});

it('a thread that does not answer is restarted', async () => {
  const { clock, crashes, threads, spotter, stretch } = slowSpotter();
  await clock.advance(1);
  threads[0]?.hang();
  stretch.push(new Int16Array(320));
  await clock.advance(4_999);
  expect(crashes).toEqual([]);
  await clock.advance(1);

  expect(crashes).toHaveLength(1);
  expect(threads).toHaveLength(2);
  await spotter.close();
});
