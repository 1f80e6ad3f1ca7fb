import { sha256 } from '../../adapters/store/sha256.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { SessionKernel } from '../../machines/kernel.ts';

/** Checks that the journal of all processes replays as one. */
export function checkReplay(journal: Journal, found: (what: string) => void): void {
  const kernel = new SessionKernel(journal.header.parameters, journal.header.input);
  const { difference, fault } = replayJournal(journal, { kernel, sha256 });
  if (fault) found(`the journal is not whole: ${fault.detail}`);
  if (difference) found(`the journal of all processes replays otherwise from record ${difference.record}`);
}
