import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { sessionMonitor } from '../../machines/invariants.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/model.ts';
import type { Modality } from '../../machines/wire.ts';

/** Wait before the log of another process is read, ms: clients of lost sessions wait for this process meanwhile. */
const AFTER_MS = 3_000;
/** Entries of it that are read at once, some 2 ms, and the time between, ms. */
const STRETCH = 100;
const PACE_MS = 20;
/** Violations reported for a session: the first ones show the cause. */
const MAX_REPORTS = 10;

/**
 * Watches a live session's log for violated invariants and reports each. `before`: reads the log so far, if another process
 * began the session; what comes meanwhile waits until it is read. Its frames are not exact, so nothing in it is reported. If there is
 * none, the session is not watched.
 */
export function watchInvariants(
  parameters: SessionParameters,
  input: SessionInput,
  {
    hears,
    before,
    clock,
    onProblem,
  }: {
    readonly hears: Modality | undefined;
    readonly before?: (() => Promise<Iterable<LogEntry> | undefined>) | undefined;
    readonly clock: Pick<Clock, 'setTimer'>;
    readonly onProblem: (error: Error) => void;
  },
): (entry: LogEntry) => void {
  const monitor = sessionMonitor(parameters, input, hears);
  let told = 0;
  /** Violations in the log of another process, which are not reported. */
  let heldBack = 0;
  const observe = (entry: LogEntry) => {
    monitor.observe(entry);
    const { violations } = monitor;
    if (violations.length > told)
      for (const { invariant, what } of violations.slice(told, MAX_REPORTS + heldBack))
        onProblem(new ParleyError('INTERNAL', `invariant ${invariant} is broken: ${what}`));
    told = violations.length;
  };
  if (!before) return observe;

  let isWatched = true;
  let waiting: LogEntry[] | undefined = [];
  const unwatch = () => {
    isWatched = false;
    waiting = undefined;
  };
  const begin = async () => {
    const earlier = (await before())?.[Symbol.iterator]();
    if (earlier) read(earlier);
    else unwatch();
  };
  const read = (earlier: Iterator<LogEntry>) => {
    for (let left = STRETCH; left > 0; left--) {
      const next = earlier.next();
      if (next.done) return goOn();
      monitor.observe(next.value);
    }
    clock.setTimer(PACE_MS, () => read(earlier));
  };
  const goOn = () => {
    heldBack = monitor.violations.length;
    told = heldBack;
    const held = waiting ?? [];
    waiting = undefined;
    for (const entry of held) observe(entry);
  };
  clock.setTimer(AFTER_MS, () => void begin().catch(unwatch));
  return (entry) => {
    if (waiting) waiting.push(entry);
    else if (isWatched) observe(entry);
  };
}
