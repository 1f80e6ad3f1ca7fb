import type { Rebuilt } from '../../actors/session/rebuild.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import type { SessionMachine } from '../../machines/session/machine.ts';

/** Checks that a session as rebuilt is the one that a replay of the whole journal gives. */
export function compareRebuilt(
  machine: SessionMachine,
  journal: Journal,
  { kernel }: Rebuilt,
  found: (what: string) => void,
): void {
  const whole = new SessionKernel(machine, journal.header.input);
  replayJournal(journal, { kernel: whole, sha256 });
  const [one, other] = [kernel, whole].map((of) => {
    const { context, ...rest } = of.plain() as Record<string, object>;
    return JSON.stringify([Object.keys(of.context), rest, { ...context, listener: null }]);
  });
  if (one !== other) found(`rebuilt as ${one}, and replayed as ${other}`);
}

/** Checks that the journal of all processes replays as one. */
export function checkReplay(machine: SessionMachine, journal: Journal, found: (what: string) => void): void {
  const kernel = new SessionKernel(machine, journal.header.input);
  const { difference, fault } = replayJournal(journal, { kernel, sha256 });
  if (fault) found(`the journal is not whole: ${fault.detail}`);
  if (difference) found(`the journal of all processes replays otherwise from record ${difference.record}`);
}
