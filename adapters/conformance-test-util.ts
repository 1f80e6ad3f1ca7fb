import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { VirtualClock } from '../machines/clock.ts';
import type { Outcome } from '../testing/loopback/outcome.ts';
import type { PoolThread } from './thread-pool.ts';

/** What the conformance suites do to an engine besides using it. */
export interface EngineUnderTest {
  /** Requests that it takes at a time; more are refused with ENGINE_OVERLOADED. */
  readonly limit: number;
  /** Whether it notices by itself that its worker hangs. A request to a server that hangs is ended by its deadline elsewhere. */
  readonly noticesHang: boolean;
  /** Ends its workers, or breaks its connections, now and in the next answer. */
  crash(): unknown;
  /** From now on its workers, or its server, do not answer. */
  hang(): void;
  /** Answers again. Virtual time passes until a hang was noticed. */
  recover(): Promise<void>;
  close(): Promise<unknown>;
}

/** How a request may end whose worker or server broke: with its result after another attempt, or with one of these codes. */
export const BROKEN = [
  'done',
  'ENGINE_CRASHED',
  'ENGINE_UNREACHABLE',
  'ENGINE_PROTOCOL',
  'STT_FAILED',
  'LLM_FAILED',
  'TTS_FAILED',
];

/** Requests of the overload test. */
export const CROWD = 1_000;

/**
 * Turns of the event loop within which a cancelled request must end. None of them waits for a thread, a process or a server, so that it
 * is far less than 50 ms on a machine that can answer.
 */
const TURNS = 10;

/** Checks that a cancelled request ends at once, with CANCELLED. */
export async function expectCancelled(outcome: Promise<Outcome<unknown>>): Promise<void> {
  let end: string | undefined;
  const watched = outcome.then((ended) => {
    end = ended.end;
  });
  for (let turn = 0; turn < TURNS && end === undefined; turn++) await setImmediate();
  expect(end).toBe('CANCELLED');
  await watched;
}

/** Checks that so many of the requests are refused at once, with ENGINE_OVERLOADED. */
export async function expectRefused(
  crowd: readonly Promise<Outcome<unknown>>[],
  count: number,
): Promise<void> {
  let refused = 0;
  for (const outcome of crowd)
    void outcome.then(({ end }) => {
      if (end === 'ENGINE_OVERLOADED') refused += 1;
    });
  for (let turn = 0; turn < TURNS && refused < count; turn++) await setImmediate();
  expect(refused).toBe(count);
}

/** Far more than any engine waits for a sign of life, in ms. */
const LONG_MS = 60_000;

/** The threads or processes of an engine, and its time. */
export class HeldThreads {
  readonly clock = new VirtualClock();
  readonly #threads: HeldThread[] = [];

  /** Wraps a new thread of the engine. */
  readonly add = (thread: PoolThread): PoolThread => {
    const held = new HeldThread(thread);
    this.#threads.push(held);
    return held;
  };

  readonly crash = (): Promise<unknown> => Promise.all(this.#threads.map((thread) => thread.terminate()));

  readonly hang = (): void => {
    for (const thread of this.#threads) thread.held = true;
  };

  readonly recover = async (): Promise<void> => {
    await this.clock.advance(LONG_MS);
  };
}

/** A thread that can be kept from hearing and answering, as if it hung. */
class HeldThread implements PoolThread {
  held = false;
  readonly #thread: PoolThread;

  constructor(thread: PoolThread) {
    this.#thread = thread;
  }

  on(event: 'message' | 'error' | 'exit', listener: (what: never) => void): this {
    if (event === 'exit') this.#thread.on('exit', listener as (code: number) => void);
    else if (event === 'error') this.#thread.on('error', listener as (what: unknown) => void);
    else
      this.#thread.on('message', (message) => {
        if (!this.held) (listener as (what: unknown) => void)(message);
      });
    return this;
  }

  postMessage(message: unknown): void {
    if (!this.held) this.#thread.postMessage(message);
  }

  terminate(): Promise<unknown> {
    return this.#thread.terminate();
  }

  ref(): void {
    this.#thread.ref();
  }

  unref(): void {
    this.#thread.unref();
  }
}

/** How a test's server answers, for engines of a network. */
export class ServerMood {
  #mood: 'well' | 'breaks' | 'hangs' = 'well';

  readonly crash = (): void => {
    this.#mood = 'breaks';
  };

  readonly hang = (): void => {
    this.#mood = 'hangs';
  };

  readonly recover = async (): Promise<void> => {
    this.#mood = 'well';
  };

  /** The steps of an answer. */
  choose<Step>(
    well: readonly Step[],
  ): readonly (Step | { readonly do: 'reset' } | { readonly do: 'hang' })[] {
    if (this.#mood === 'breaks') return [{ do: 'reset' }];
    return this.#mood === 'hangs' ? [{ do: 'hang' }] : well;
  }
}
