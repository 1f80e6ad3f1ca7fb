import type { Rebuilt } from '../../actors/session/rebuild.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Journal, JournalRecord } from '../../machines/journal/record.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import { SessionKernel } from '../../machines/kernel.ts';

/** Checks that a session as rebuilt is the one that a replay of its whole journal gives. A journal that has grown is replayed on from where it was. */
export class WholeReplay {
  readonly #found: (what: string) => void;
  #at: { readonly kernel: SessionKernel; readonly writer: JournalWriter; last?: JournalRecord } | undefined;

  constructor(found: (what: string) => void) {
    this.#found = found;
  }

  compare(journal: Journal, { kernel }: Rebuilt): void {
    const [one, other] = [kernel, this.#replayed(journal)].map((of) => {
      const { context, ...rest } = of.plain() as Record<string, object>;
      return JSON.stringify([Object.keys(of.context), rest, { ...context, listener: null }]);
    });
    if (one !== other) this.#found(`rebuilt as ${one}, and replayed as ${other}`);
  }

  #replayed(journal: Journal): SessionKernel {
    const { header, headerHash, records } = journal;
    const before = this.#at?.last;
    const isLonger = before && records[before.record]?.stateHash === before.stateHash;
    if (!this.#at || !isLonger)
      this.#at = {
        kernel: new SessionKernel(header.parameters, header.input),
        writer: new JournalWriter(headerHash, sha256),
      };
    const { kernel, writer, last } = this.#at;
    replayJournal(journal, { kernel, writer, sha256, from: last ? last.record + 1 : 0 });
    const end = records.at(-1);
    if (end) this.#at.last = end;
    return kernel;
  }
}

/** Checks that the journal of all processes replays as one. */
export function checkReplay(journal: Journal, found: (what: string) => void): void {
  const kernel = new SessionKernel(journal.header.parameters, journal.header.input);
  const { difference, fault } = replayJournal(journal, { kernel, sha256 });
  if (fault) found(`the journal is not whole: ${fault.detail}`);
  if (difference) found(`the journal of all processes replays otherwise from record ${difference.record}`);
}
