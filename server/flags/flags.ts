import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';

type Shares = Config['flags'];
/** The steps that one session has. */
export type Flags = { readonly [Flag in keyof Shares]: boolean };

/** The flags in force. A session has those of the time when it opened. */
export class FlagSource {
  #shares: Shares;

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  /** Of new sessions. */
  get shares(): Shares {
    return this.#shares;
  }

  /** For sessions from now on. */
  set(shares: Shares): void {
    this.#shares = shares;
  }

  /** An operator sets them, at all servers that share them. */
  operate(shares: Shares): void {
    this.set(shares);
    this.onOperated(shares);
  }

  /** Set by the store that shares them. */
  onOperated: (shares: Shares) => void = () => {};

  /** The same session and shares give the same flags, on any server. */
  of(session: string): Flags {
    const flag = (name: keyof Shares) => percentile(`${name} ${session}`) < this.#shares[name];
    return {
      sseCore: flag('sseCore'),
      ttsStreaming: flag('ttsStreaming'),
      bargeIn: flag('bargeIn'),
      outbox: flag('outbox'),
      memory: flag('memory'),
      speculation: flag('speculation'),
      filler: flag('filler'),
    };
  }
}

/** A place in [0, 100), evenly spread over texts. */
function percentile(text: string): number {
  return (createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32) * 100;
}
