/** Uncaught errors during a test. */
export interface StrayWatch {
  /** Stops watching and returns the uncaught exceptions and unhandled rejections. */
  end(): Promise<readonly unknown[]>;
}

/** Watches this process for uncaught errors. */
export function watchStrays(): StrayWatch {
  const strays: unknown[] = [];
  const note = (error: unknown) => strays.push(error);
  process.on('uncaughtExceptionMonitor', note);
  process.on('unhandledRejection', note);
  return {
    async end() {
      // Node reports rejections after the promise jobs of the turn in which they happened.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      process.off('uncaughtExceptionMonitor', note);
      process.off('unhandledRejection', note);
      return strays;
    },
  };
}
