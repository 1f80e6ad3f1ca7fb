/** What decides where a new connection goes. */
export interface Load {
  readonly sessions: number;
  /** Connections that were given to it lately and may become sessions. */
  readonly arriving: number;
  /** How late its timers fire, ms. */
  readonly lateMs: number;
}

/** A process whose timers fire later than this gets new connections only if all do, ms: replies are sent 200 ms ahead. */
const LATE_MS = 50;

/** The process with the fewest sessions among those that are not overloaded; of equals, the first. Undefined without any. */
export function leastLoaded<Process>(
  processes: readonly Process[],
  loadOf: (process: Process) => Load,
): Process | undefined {
  const timely = processes.filter((process) => loadOf(process).lateMs <= LATE_MS);
  const count = (process: Process) => loadOf(process).sessions + loadOf(process).arriving;
  return (timely.length > 0 ? timely : processes).reduce<Process | undefined>(
    (best, one) => (best === undefined || count(one) < count(best) ? one : best),
    undefined,
  );
}
