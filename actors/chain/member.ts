import { Breaker } from './breaker.ts';
import type { ChainEventBody } from './events.ts';
import { Latency } from './latency.ts';
import { breakerOptions, type ChainOptions } from './options.ts';

/** One engine of a chain, and what is known of its health. */
export class Member<Engine extends { readonly name: string }> {
  readonly engine: Engine;
  /** Its place in the configured order, from 0. */
  readonly place: number;
  readonly breaker: Breaker;
  readonly latency = new Latency();
  /** Open while its streams break off too often: its answers are waited for as a whole then. */
  readonly streams: Breaker;
  /** ms of speech that it makes of a character; of speech engines, once known. */
  msPerChar: number | undefined;
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

  /** Whether the next answer is waited for as a whole. One answer that streams is the probe of the streams' breaker. */
  takeWhole(): boolean {
    return this.#alwaysWhole || (this.streams.state !== 'closed' && !this.streams.takeProbe());
  }
}
