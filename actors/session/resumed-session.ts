import type { SessionKernel } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { ListenerSample } from '../../machines/session/model.ts';
import type { JournalSoFar } from '../journal/recorder.ts';
import type { SessionSnapshot } from '../records/snapshot.ts';

/** A session that another process began and this one resumes. */
export interface ResumedSession {
  readonly kernel: SessionKernel;
  /** What the kernel was made of. Absent: its journal. */
  readonly snapshot?: SessionSnapshot;
  /** Absent: it has no journal so far. */
  readonly journal?: JournalSoFar | undefined;
  /** Reads its log so far; resolves with undefined if it is not whole. */
  log(): Promise<Iterable<LogEntry> | undefined>;
  /** Where the listener was in the reply of that time, if there was one. */
  readonly listener: ListenerSample | undefined;
  /** Samples of input so far. */
  readonly inputEnd: number;
}
