/**
 * Maximum time until the process exits after Ctrl-C, in ms, even if something hangs. Ending its threads takes a little
 * longer.
 */
const CTRL_C_MS = 1_000;
/** Extra time after the sessions' grace on SIGTERM, in ms. */
const REST_MS = 3_000;

const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** A service that runs until a signal stops it. */
interface Running {
  /** Ends live sessions or requests after `graceMs` (default: the configured grace), with their records on disk. */
  drain(graceMs?: number): Promise<void>;
  /** Drains and releases everything. */
  close(): Promise<void>;
}

/** Starts a service and stops it on SIGINT or SIGTERM. Ctrl-C ends live sessions at once, and the process within two seconds; SIGTERM gives them `graceMs`. A signal during the start, or a second signal, ends the process at once.
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
    console.error(`parley: shutdown did not finish within ${withinMs} ms; the records on disk are complete`);
    process.exit(1);
  }, withinMs);
  if (fast) {
    await started.drain(0);
    // Remaining threads and connections end with the process.
    process.exit();
  }
  await started.close();
  timer.unref();
}

function leave(signal: NodeJS.Signals): void {
  process.exit(EXIT_CODES[signal] ?? 1);
}
