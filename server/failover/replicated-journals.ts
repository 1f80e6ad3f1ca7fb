import type { JournalSink, JournalStore } from '../../actors/ports/journal.ts';
import type { JournalHeader } from '../../machines/journal/record.ts';
import type { ReplicatedSession } from './replicated-session.ts';

type Opened = Pick<JournalStore, 'openJournal' | 'continueJournal'>;

/** `journals`, whose records are also copied for other servers, in the sessions for which `copyOf` has a copy. */
export function replicatedJournals<Journals extends Opened>(
  journals: Journals,
  copyOf: (
    session: string,
    head?: { header: JournalHeader; headerHash: string },
  ) => ReplicatedSession | undefined,
): Journals {
  return {
    ...journals,
    openJournal(header, headerHash, onFailure) {
      const sink = journals.openJournal(header, headerHash, onFailure);
      return both(sink, copyOf(header.session, { header, headerHash }));
    },
    continueJournal: (session, records, onFailure) =>
      both(journals.continueJournal(session, records, onFailure), copyOf(session)),
  };
}

function both(sink: JournalSink, copy: ReplicatedSession | undefined): JournalSink {
  if (!copy) return sink;
  return {
    append(record) {
      sink.append(record);
      copy.append(record);
    },
    audio: (piece) => sink.audio(piece),
    async durable() {
      await Promise.all([sink.durable(), copy.durable()]);
    },
    async acknowledged() {
      const here = Promise.all([sink.durable().catch(() => {}), copy.acknowledged()]);
      // The stream is enough: after a takeover the own store may be behind for a while.
      await Promise.race([here, copy.durable().catch(() => here)]);
    },
    async end() {
      // The journal of the other server is the session's.
      await (copy.fenced ? sink.leave() : sink.end());
      await copy.end();
    },
    async leave() {
      await Promise.all([sink.leave(), copy.leave()]);
    },
  };
}
