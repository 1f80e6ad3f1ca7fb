import { ParleyError } from '../../machines/errors.ts';
import { sessionMonitor } from '../../machines/invariants.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import type { Modality } from '../../machines/wire.ts';

/**
 * Watches a live session's log for violated invariants and reports each. `before`: the log so far, if another process
 * began the session. Its frames are not exact, so nothing in it is reported.
 */
export function watchInvariants(
  parameters: SessionParameters,
  input: SessionInput,
  {
    hears,
    before = [],
    onProblem,
  }: {
    readonly hears: Modality | undefined;
    readonly before?: readonly LogEntry[] | undefined;
    readonly onProblem: (error: Error) => void;
  },
): (entry: LogEntry) => void {
  const monitor = sessionMonitor(parameters, input, hears);
  for (const entry of before) monitor.observe(entry);
  let told = monitor.violations.length;
  return (entry) => {
    monitor.observe(entry);
    const { violations } = monitor;
    if (violations.length > told)
      for (const { invariant, what } of violations.slice(told))
        onProblem(new ParleyError('INTERNAL', `invariant ${invariant} is broken: ${what}`));
    told = violations.length;
  };
}
