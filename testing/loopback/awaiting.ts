/** A peer of a test that receives something and gives up after this, in ms. */
const PATIENCE_MS = 20_000;

export interface AwaitingOptions {
  /** What has come so far, for the error. */
  readonly story: () => string;
  /** Nothing more can come. */
  readonly closed?: () => boolean;
}

/** Waits for conditions on what a peer of a test receives. */
export class Awaiting {
  readonly #options: AwaitingOptions;
  readonly #checks = new Set<() => void>();

  constructor(options: AwaitingOptions) {
    this.#options = options;
  }

  /** Something came, or the connection closed. */
  check(): void {
    for (const check of [...this.#checks]) check();
  }

  /** Resolves as soon as `condition` holds; it is checked with everything that comes. */
  until(condition: () => boolean, what: string): Promise<void> {
    const { story, closed } = this.#options;
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.#checks.delete(check);
        settle();
      };
      const fail = (why: string) => done(() => reject(new Error(`${why} ${what}; received:\n${story()}`)));
      const check = () => {
        if (condition()) done(resolve);
        else if (closed?.()) fail('closed without');
      };
      const timer = setTimeout(() => fail('no'), PATIENCE_MS);
      this.#checks.add(check);
      check();
    });
  }
}
