import type { BusMessage, Subscription } from '../../../actors/ports/bus.ts';
import type { JournalSink, JournalStore } from '../../../actors/ports/journal.ts';
import { subjects } from '../../../actors/subjects.ts';
import type { TimerHandle } from '../../../machines/clock.ts';
import type { LogEntry } from '../../../machines/log.ts';
import { decode, type InspectBus, lease, type Presence, tell } from './bus-wire.ts';
import { Feeder } from './feeder.ts';
import { LeaseBook } from './leases.ts';
import { Roster } from './roster.ts';
import type { LiveSession } from './wire.ts';

/** Changes of the list are published at most four times a second. */
const LIST_EVERY_MS = 250;
/** Sessions of one message on the bus: some 60 kB. */
const SESSIONS_A_MESSAGE = 200;

export type TappedStore = Pick<JournalStore, 'openJournal' | 'continueJournal'>;

interface Watchable {
  /** Records written so far. */
  records: number;
  feeder: Feeder | undefined;
}

/** Publishes this process's sessions to inspectors, limited to what their leases request. */
export class WatchedSessions {
  readonly #bus: InspectBus;
  readonly #leases: LeaseBook;
  readonly #roster: Roster;
  readonly #sessions = new Map<string, Watchable>();
  readonly #subscription: Subscription;
  /** Changes of the list that are not published yet. */
  readonly #changed = new Set<string>();
  #timer: TimerHandle | undefined;

  /** `now`: wall-clock time, ISO 8601. */
  constructor(inspectBus: InspectBus, now: () => string) {
    const { bus, clock, server } = inspectBus;
    this.#bus = inspectBus;
    this.#leases = new LeaseBook(clock, (session) => this.#stopFeed(session, false));
    this.#roster = new Roster(server, clock, now, (session) => this.#listChanged(session));
    this.#subscription = bus.subscribe(subjects.inspectWatch, (message) => this.#onLease(message));
  }

  /** Undefined if it is not live in this process. */
  get(session: string): LiveSession | undefined {
    return this.#roster.get(session);
  }

  opened(session: string, language: string, endpoint?: string): void {
    this.#watchable(session);
    this.#roster.open(session, language, endpoint);
  }

  closed(session: string): void {
    this.#stopFeed(session, true);
    this.#sessions.delete(session);
    this.#roster.close(session);
  }

  /** Processes an entry of a session's log. */
  observe(session: string, entry: LogEntry): void {
    this.#roster.observe(session, entry);
    if (entry.type !== 'child.start' && entry.type !== 'child.end') return;
    const { child, kind, generation, atMs: at } = entry;
    const end = entry.type === 'child.end' ? { end: entry.how } : {};
    this.#sessions.get(session)?.feeder?.child({ child, kind, generation, at, ...end });
  }

  /** `store`, with its writes also published to watching inspectors. */
  tapped<Store extends TappedStore>(store: Store): TappedStore {
    const tap = (session: string, sink: JournalSink): JournalSink => {
      const watchable = this.#watchable(session);
      return {
        ...sink,
        append: (record) => {
          sink.append(record);
          watchable.records = record.record + 1;
          watchable.feeder?.record(record);
        },
      };
    };
    return {
      openJournal: (header, headerHash, onFailure) =>
        tap(header.session, store.openJournal(header, headerHash, onFailure)),
      continueJournal: (session, records, onFailure) =>
        tap(session, store.continueJournal(session, records, onFailure)),
    };
  }

  close(): void {
    this.#subscription.unsubscribe();
    this.#timer?.cancel();
    if (this.#leases.list) this.#tell({ full: true, sessions: [], gone: [] });
    for (const session of this.#sessions.keys()) this.#stopFeed(session, true);
    this.#leases.close();
  }

  #watchable(session: string): Watchable {
    const known = this.#sessions.get(session) ?? { records: 0, feeder: undefined };
    this.#sessions.set(session, known);
    return known;
  }

  #onLease({ payload }: BusMessage): void {
    const { data } = lease.safeParse(decode(payload));
    if (!data) {
      this.#bus.bus.reportMalformed?.(subjects.inspectWatch, 'no wish of an inspector');
      return;
    }
    const told = this.#leases.list;
    this.#leases.take(data);
    if (data.list) {
      if (data.full || !told) this.#tellAll();
      else this.#tell({ full: false, sessions: [], gone: [] });
    }
    for (const session of data.sessions) {
      const watchable = this.#sessions.get(session);
      if (!watchable) continue;
      const begins = watchable.feeder === undefined;
      watchable.feeder ??= new Feeder(session, this.#bus, () => this.#roster.ageMs(session));
      if (begins || data.fresh.includes(session)) watchable.feeder.begin(watchable.records);
    }
  }

  #stopFeed(session: string, ended: boolean): void {
    const watchable = this.#sessions.get(session);
    watchable?.feeder?.close(ended);
    if (watchable) watchable.feeder = undefined;
  }

  #listChanged(session: string): void {
    if (!this.#leases.list) return;
    this.#changed.add(session);
    this.#timer ??= this.#bus.clock.setTimer(LIST_EVERY_MS, () => this.#tellChanges());
  }

  #tellChanges(): void {
    this.#timer = undefined;
    const names = [...this.#changed];
    this.#changed.clear();
    const sessions = names.flatMap((session) => this.#roster.get(session) ?? []);
    this.#tell({ full: false, sessions, gone: names.filter((session) => !this.#roster.get(session)) });
  }

  #tellAll(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#changed.clear();
    this.#tell({ full: true, sessions: [...this.#roster.all()], gone: [] });
  }

  #tell({ full, sessions, gone }: Omit<Presence, 'server'>): void {
    for (let at = 0; at === 0 || at < sessions.length; at += SESSIONS_A_MESSAGE) {
      const part: Presence = {
        server: this.#bus.server,
        full: full && at === 0,
        sessions: sessions.slice(at, at + SESSIONS_A_MESSAGE),
        gone: at === 0 ? gone : [],
      };
      tell(this.#bus, subjects.inspectPresence, part);
    }
  }
}
