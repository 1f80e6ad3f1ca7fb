/** Ctrl-C is over by then, in ms, whatever hangs: two seconds, with room for a busy machine. */
const CTRL_C_MS = 1_500;
/** Live sessions get this much of it, in ms, to say their last word to the disk. */
const CTRL_C_GRACE_MS = 300;
/** What SIGTERM allows beyond the grace of the sessions, in ms. */
const REST_MS = 3_000;

const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Something that runs until the process is told to stop. */
interface Running {
  /** Ends it; live sessions may go on for `graceMs`, or as long as is configured. */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts something, and ends it at SIGINT or SIGTERM. Ctrl-C takes at most two seconds; SIGTERM gives live sessions `graceMs`.
 * A signal during the start, and a second one, end the process at once.
 */
export async function untilStopped<Started extends Running>(
  graceMs: number,
  start: () => Promise<Started>,
  onStarted: (started: Started) => void,
): Promise<void> {
  let onSignal: (signal: NodeJS.Signals) => void = leave;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => onSignal(signal));
  const started = await start();
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    onSignal = resolve;
  });
  onStarted(started);
  const signal = await signalled;
  onSignal = leave;
  console.error(`parley: ${signal}, ending the sessions …`);
  const fast = signal === 'SIGINT';
  const withinMs = fast ? CTRL_C_MS : graceMs + REST_MS;
  const timer = setTimeout(() => {
    console.error(`parley: not all of it ended within ${withinMs} ms; what is on disk is complete`);
    process.exit(1);
  }, withinMs);
  await started.close(fast ? CTRL_C_GRACE_MS : undefined);
  // If something else still keeps the process alive it ends it all the same.
  timer.unref();
}

function leave(signal: NodeJS.Signals): void {
  process.exit(EXIT_CODES[signal] ?? 1);
}
