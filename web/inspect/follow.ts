import type { JournalRecord } from '../../machines/journal/record.ts';
import type { SessionFeed } from '../../server/endpoints/inspect/wire.ts';
import type { InspectorApi, LoadedJournal } from './api.ts';

export interface FollowEvents {
  /** The journal's first page: its header, before any record. */
  onJournal(journal: LoadedJournal): void;
  /** The next records, in order and without a gap. */
  onRecords(records: readonly JournalRecord[]): void;
  /** Loading failed. Called at most once until `refill` is called. */
  onError(error: Error): void;
}

/**
 * Joins a session's stored journal and its live feed into one sequence of records. Pages are loaded up to the start of the
 * feed, and again where the feed has a gap.
 */
export class RecordFollower {
  readonly #api: Pick<InspectorApi, 'journal'>;
  readonly #session: string;
  readonly #events: FollowEvents;
  readonly #abort = new AbortController();
  /** Of the feed, not yet due. */
  readonly #ahead = new Map<number, JournalRecord>();
  #next = 0;
  #told = false;
  #loading: Promise<void> | undefined;
  /** The store has more than what is loaded. */
  #more = false;

  constructor(api: Pick<InspectorApi, 'journal'>, session: string, events: FollowEvents) {
    this.#api = api;
    this.#session = session;
    this.#events = events;
  }

  /** Number of records passed on. */
  get records(): number {
    return this.#next;
  }

  /** Loads stored records that were not passed on yet. Call it first, and whenever the session is watched again. */
  refill(): Promise<void> {
    this.#more = true;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Takes what the live feed brought. */
  feed({ records }: Pick<SessionFeed, 'records'>): void {
    for (const record of records) if (record.record >= this.#next) this.#ahead.set(record.record, record);
    if (this.#loading) return;
    this.#giveAhead();
    if (this.#ahead.size > 0) void this.refill();
  }

  close(): void {
    this.#abort.abort();
    this.#ahead.clear();
  }

  async #load(): Promise<void> {
    try {
      while (this.#more) {
        this.#more = false;
        for (let from: number | null = this.#next; from !== null; ) {
          const page: LoadedJournal = await this.#api.journal(this.#session, from, {
            signal: this.#abort.signal,
          });
          if (!this.#told) this.#events.onJournal(page);
          this.#told = true;
          this.#give(page.records.filter(({ record }) => record >= this.#next));
          this.#giveAhead();
          from = page.next === null ? null : Math.max(page.next, this.#next);
        }
      }
    } catch (thrown) {
      if (!this.#abort.signal.aborted)
        this.#events.onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #giveAhead(): void {
    const ready: JournalRecord[] = [];
    for (let at = this.#next; ; at++) {
      const record = this.#ahead.get(at);
      if (!record) break;
      this.#ahead.delete(at);
      ready.push(record);
    }
    this.#give(ready);
    for (const at of this.#ahead.keys()) if (at < this.#next) this.#ahead.delete(at);
  }

  #give(records: readonly JournalRecord[]): void {
    const last = records.at(-1);
    if (!last || this.#abort.signal.aborted) return;
    this.#next = last.record + 1;
    this.#events.onRecords(records);
  }
}
