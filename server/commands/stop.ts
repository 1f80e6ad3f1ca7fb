/** When the process exits at the latest, in ms, whatever hangs. Ending its threads takes some more. */
const CTRL_C_MS = 1_000;
/** What SIGTERM allows beyond the grace of the sessions, in ms. */
const REST_MS = 3_000;

const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Something that runs until a signal stops it. */
interface Running {
  /** Ends what is live after `graceMs`, or after the configured grace, with its records on disk. */
  drain(graceMs?: number): Promise<void>;
  /** Drains, and frees everything. */
  close(): Promise<void>;
}

/**
 * Starts something, and ends it at SIGINT or SIGTERM. Ctrl-C ends live sessions at once, and the process within two seconds; SIGTERM gives them `graceMs`.
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
  if (fast) {
    await started.drain(0);
    // What is left, such as threads and connections, ends with the process.
    process.exit();
  }
  await started.close();
  timer.unref();
}

function leave(signal: NodeJS.Signals): void {
  process.exit(EXIT_CODES[signal] ?? 1);
}
