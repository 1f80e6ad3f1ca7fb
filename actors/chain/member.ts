import { Breaker } from './breaker.ts';
import type { ChainEventBody } from './events.ts';
import { Latency } from './latency.ts';
import { breakerOptions, type ChainOptions } from './options.ts';

/** One engine of a chain and its health. */
export class Member<Engine extends { readonly name: string }> {
  readonly engine: Engine;
  /** Position in the configured order, from 0. */
  readonly place: number;
  readonly breaker: Breaker;
  readonly latency = new Latency();
  /** Open while its streams keep breaking off: its answers are then requested whole. */
  readonly streams: Breaker;
  /** Speech per character in its slower texts, ms; of speech engines, once known. */
  msPerChar = 0;
  readonly #alwaysWhole: boolean;

  constructor(engine: Engine, place: number, options: ChainOptions, emit: (event: ChainEventBody) => void) {
    this.engine = engine;
    this.place = place;
    this.#alwaysWhole = options.stream === false;
    const limits = breakerOptions(options.breaker);
    this.breaker = new Breaker(options.clock, limits, (change) => emit({ type: 'breaker', ...change }));
    this.streams = new Breaker(options.clock, limits, ({ state }) => {
      if (state !== 'probing') emit({ type: 'streaming', on: state === 'closed' });
    });
  }

  /** Whether the next answer is requested whole. One streamed answer serves as the probe of this breaker. */
  takeWhole(): boolean {
    return this.#alwaysWhole || (this.streams.state !== 'closed' && !this.streams.takeProbe());
  }
}
