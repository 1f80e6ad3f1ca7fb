import { type JournalOptions, journalOf, type OpenJournal } from '../../actors/journal/recorder.ts';
import type { SessionRecord, SessionRecords } from '../../actors/ports/session-records.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Journal, JournalHeader, JournalRecord } from '../../machines/journal/record.ts';
import { headerHash } from '../../machines/journal/writer.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';

export interface DiskOptions {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly random: Random;
}

/** Records that are not waited for are committed within this time. */
const GROUP_MS = 50;

interface StoredRecord {
  readonly record: SessionRecord;
  readonly revision: number;
}

/** One session's journal and record, on a disk that commits late. A crash loses what is not committed. */
export class Disk {
  readonly #options: DiskOptions;
  #header: JournalHeader | undefined;
  #records: JournalRecord[] = [];
  #kept = 0;
  /** Number of crashes: a commit of the process before comes to nothing. */
  #crashes = 0;
  #committing: Promise<void> | undefined;
  #waiting = false;
  /** The record of the session: the newest, and the one that is committed. */
  #record: StoredRecord | undefined;
  #keptRecord: StoredRecord | undefined;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** Of a store, what a session needs. */
  readonly store: JournalOptions['store'] = {
    openJournal: (header) => {
      this.#header = header;
      return this.#sink();
    },
    continueJournal: () => this.#sink(),
  };

  readonly open: OpenJournal = this.opener(this.store);

  opener(store: JournalOptions['store']): OpenJournal {
    return journalOf({ ...{ machine: '', version: '', audio: 'none', now: () => '', sha256 }, store });
  }

  /** The record that a crash would leave. */
  leftRecord(): StoredRecord | undefined {
    return this.#keptRecord;
  }

  /** Of the session, for the process that runs now. */
  records(): Pick<SessionRecords, 'load' | 'save' | 'delete'> {
    const process = this.#crashes;
    const never = new Promise<never>(() => {});
    const alive = () => process === this.#crashes;
    return {
      load: async () => (alive() ? this.#record : never),
      save: async (session, record, revision) => {
        if (!alive()) return never;
        if (revision !== (this.#record?.revision ?? 0)) throw new ParleyError('EPOCH_SUPERSEDED', session);
        this.#record = { record, revision: revision + 1 };
        await this.#commit();
        return alive() ? revision + 1 : never;
      },
      delete: async () => {
        if (alive()) this.#record = undefined;
      },
    };
  }

  /** What a crash would leave. */
  left(): Journal {
    return this.#journal(this.#records.slice(0, this.#kept));
  }

  /** All of it. */
  whole(): Journal {
    return this.#journal(this.#records);
  }

  /** What a reader gets: everything so far, as soon as it is committed. */
  async read(): Promise<Journal> {
    await this.#commit();
    return this.left();
  }

  crash(): void {
    this.#crashes += 1;
    this.#records = this.#records.slice(0, this.#kept);
    this.#record = this.#keptRecord;
    this.#committing = undefined;
    this.#waiting = false;
  }

  get isEmpty(): boolean {
    return this.#header === undefined;
  }

  #journal(records: readonly JournalRecord[]): Journal {
    const header = this.#header;
    if (!header) throw new Error('there is no journal');
    return {
      header,
      headerHash: headerHash(header, sha256),
      records,
      footer: { status: 'open', records: null },
    };
  }

  #sink() {
    const process = this.#crashes;
    const alive = () => process === this.#crashes;
    return {
      append: (record: JournalRecord) => {
        if (!alive()) return;
        this.#records.push(record);
        if (this.#waiting) return;
        this.#waiting = true;
        this.#options.clock.setTimer(GROUP_MS, () => {
          if (!alive()) return;
          this.#waiting = false;
          void this.#commit();
        });
      },
      audio: () => {},
      durable: () => (alive() ? this.#commit() : new Promise<void>(() => {})),
      end: async () => {},
      leave: () => (alive() ? this.#commit() : Promise.resolve()),
    };
  }

  /** One commit at a time, for all that was recorded when it began. */
  #commit(): Promise<void> {
    if (this.#committing) return this.#committing.then(() => this.#commit());
    const { clock, faults, random } = this.#options;
    const process = this.#crashes;
    const records = this.#records.length;
    const record = this.#record;
    if (records === this.#kept && record === this.#keptRecord) return Promise.resolve();
    const afterMs = faults.does('server.slowDisk') ? random.ms(200, 2_000) : random.ms(1, 20);
    this.#committing = new Promise((resolve) => {
      clock.setTimer(afterMs, () => {
        if (process !== this.#crashes) return;
        this.#committing = undefined;
        this.#kept = records;
        this.#keptRecord = record;
        resolve();
      });
    });
    return this.#committing;
  }
}
