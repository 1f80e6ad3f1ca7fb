/** Condition variable: wakes all waiters on each change. They then check the state themselves. */
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
