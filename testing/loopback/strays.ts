/** Errors that nobody caught while something ran. */
export interface StrayWatch {
  /** Stops watching and tells what there was: uncaught exceptions and unhandled rejections. */
  end(): Promise<readonly unknown[]>;
}

/** Watches this process for errors that nobody catches. */
export function watchStrays(): StrayWatch {
  const strays: unknown[] = [];
  const note = (error: unknown) => strays.push(error);
  process.on('uncaughtExceptionMonitor', note);
  process.on('unhandledRejection', note);
  return {
    async end() {
      // Rejections are told after the promise jobs of the turn they came in.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      process.off('uncaughtExceptionMonitor', note);
      process.off('unhandledRejection', note);
      return strays;
    },
  };
}
