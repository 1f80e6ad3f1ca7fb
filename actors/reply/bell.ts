/** Wakes everybody who waits for something to change. What has changed they look up themselves. */
export class Bell {
  #wake: () => void = () => {};
  #rung: Promise<void> | undefined;

  ring(): void {
    const wake = this.#wake;
    this.#wake = () => {};
    this.#rung = undefined;
    wake();
  }

  /** Resolves with the next ring. */
  next(): Promise<void> {
    this.#rung ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    return this.#rung;
  }
}
