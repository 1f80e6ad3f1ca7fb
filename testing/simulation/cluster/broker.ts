import type { SessionRecord, SessionRecords } from '../../../actors/ports/session-records.ts';
import { readSnapshot, type SessionSnapshot } from '../../../actors/records/snapshot.ts';
import type { Clock } from '../../../machines/clock.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Faults } from '../faults.ts';
import type { Random } from '../random.ts';
import type { Sometimes } from '../sometimes.ts';
import type { Life } from './life.ts';

/** A server's way to the broker. */
export interface Link {
  /** Of the server. */
  readonly url: string;
  /** The server's: what it waits for comes late while it is slow. */
  readonly clock: Clock;
  readonly isCut: () => boolean;
  /** The session in the server. */
  readonly life: () => Life | undefined;
}

export interface BrokerOptions {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly random: Random;
  readonly found: (what: string) => void;
  readonly reached: (name: Sometimes) => void;
  /** A server reads the record: it may take the session. */
  readonly onRead: () => void;
}

/** Time of one way, ms. */
const WAY_MS = [0.5, 4] as const;
const SLOW_MS = [100, 1_500] as const;
const UNREACHABLE_MS = [5, 600] as const;

/** What was written once. */
interface Entry {
  readonly atMs: number;
  readonly revision: number;
  /** Undefined: the record was deleted. */
  readonly record: SessionRecord | undefined;
  /** Whose session it is: of a server that has just taken it, the one before. */
  readonly by: Life | undefined;
  /** Stored a second time. */
  readonly isRepeated?: boolean;
}

/** What the brokers have on their disks. */
interface Memory {
  /** Newest last. */
  readonly entries: Entry[];
  revision: number;
}

const nothing = (): Memory => ({ entries: [], revision: 0 });

/**
 * The record of one session, as the brokers have it. Every server reaches them through a link of its own, which loses
 * calls and answers, and may answer reads from a copy that is out of date.
 */
export class Broker {
  readonly #options: BrokerOptions;
  #memory = nothing();
  /** Of disks that were lost. */
  #lost: readonly Entry[] = [];
  electingUntilMs = 0;
  /** Who wrote the first record that they have. */
  openedBy: Life | undefined;
  #elected = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  get record(): SessionRecord | undefined {
    return this.#memory.entries.at(-1)?.record;
  }

  get snapshot(): SessionSnapshot | undefined {
    const { record } = this;
    return record && readSnapshot(record.snapshot, record.contextVersion);
  }

  /** Number of the last event in the record. */
  get seq(): number {
    return this.snapshot?.kernel.seq ?? 0;
  }

  /** Whose session the record of this revision has. */
  authorOf(revision?: number): Life | undefined {
    const { entries } = this.#memory;
    return (revision === undefined ? entries.at(-1) : entries.find((one) => one.revision === revision))?.by;
  }

  /** Whether an older record is the newest, because the brokers stored it a second time. */
  isRepeated(revision: number): boolean {
    const { entries } = this.#memory;
    const at = entries.findIndex((one) => one.revision === revision);
    return entries[at - 1]?.isRepeated === true;
  }

  /** Whether a record has ever had this call. */
  knewCall(id: string): boolean {
    const has = ({ record }: Entry) => record?.snapshot.includes(`"id":${JSON.stringify(id)}`) === true;
    return this.#memory.entries.findLast(has) !== undefined || this.#lost.some(has);
  }

  /** Until then they have no leader, and no request is answered. What has arrived is done by the next leader, or lost. */
  elect(ms: number): void {
    this.electingUntilMs = this.#options.clock.nowMs() + ms;
    this.#elected = true;
  }

  /** They begin anew, with empty disks. What is on its way to them is lost. */
  forget(): void {
    this.#lost = [...this.#lost, ...this.#memory.entries];
    this.#memory = nothing();
    this.openedBy = undefined;
  }

  link(link: Link): SessionRecords {
    const call = <T>(work: (memory: Memory, seenMs: number) => T) => this.#call(link, work);
    const done = <T>(result: T | ParleyError): T => {
      if (result instanceof ParleyError) throw result;
      return result;
    };
    return {
      load: async () => {
        const read = (seenMs: number) =>
          call(({ entries }, nowMs) => {
            this.#options.onRead();
            return entries.findLast(({ atMs }) => atMs <= Math.max(nowMs, seenMs));
          });
        // What seems not to be there is looked for again after a write.
        const found = (await read(0)) ?? (await read(Number.POSITIVE_INFINITY));
        return found?.record && { record: found.record, revision: found.revision };
      },
      save: async (_session, record, revision) =>
        done(await call((memory) => this.#write(memory, record, revision, link.life()))),
      delete: async (_session, revision) => {
        done(await call((memory) => this.#write(memory, undefined, revision, link.life())));
      },
      watch: async () => () => {},
    };
  }

  /** One call; `seenMs`: how new the copy is that a read sees. */
  async #call<T>({ clock, isCut }: Link, work: (memory: Memory, seenMs: number) => T): Promise<T> {
    const { faults, random, clock: time } = this.#options;
    const memory = this.#memory;
    const wait = (on: Clock, range: readonly [number, number]) =>
      new Promise<void>((resolve) => void on.setTimer(random.ms(...range), resolve));
    const lost = async (): Promise<never> => {
      await wait(clock, UNREACHABLE_MS);
      throw new ParleyError('BUS_UNREACHABLE', 'as planned');
    };
    if (isCut()) return lost();
    const arrive = () => work(memory, time.nowMs() - (faults.does('broker.stale') ? random.ms(1, 400) : 0));
    /** Given up, and carried out nevertheless. */
    const arriveLate = (afterMs: number) =>
      time.setTimer(afterMs, () => {
        if (memory === this.#memory) arrive();
      });
    if (faults.does('broker.late')) {
      arriveLate(random.ms(100, 4_000));
      return lost();
    }
    const slow = faults.does('broker.slow') ? random.pick(['there', 'back']) : undefined;
    await wait(time, slow === 'there' ? SLOW_MS : WAY_MS);
    if (memory !== this.#memory) return lost();
    const electingMs = this.electingUntilMs - time.nowMs();
    if (electingMs > 0) {
      if (random.chance(0.5)) arriveLate(electingMs);
      return lost();
    }
    const result = arrive();
    if (isCut() || faults.does('broker.answerLost')) return lost();
    await wait(clock, slow === 'back' ? SLOW_MS : WAY_MS);
    return result;
  }

  /** Resolves with the new revision, or with why it was refused. As the adapter, it makes anew what the brokers have lost. */
  #write(
    memory: Memory,
    record: SessionRecord | undefined,
    revision: number,
    life: Life | undefined,
  ): number | ParleyError {
    const before = memory.entries.at(-1);
    const isFree = before?.record === undefined;
    if (before && revision === 0 && !isFree) return new ParleyError('EPOCH_SUPERSEDED');
    if (before && revision > 0 && before.revision !== revision)
      return new ParleyError(isFree ? 'SESSION_DELETED' : 'EPOCH_SUPERSEDED');
    if (!before && record === undefined) return new ParleyError('SESSION_DELETED');
    const { found, reached, clock, faults } = this.#options;
    const was = before?.record;
    if (was && record && record.owner !== was.owner && record.epoch < was.epoch)
      found(`epoch ${record.epoch} of ${record.owner} replaced epoch ${was.epoch} of ${was.owner}`);
    if (this.#elected && before) reached('a record was saved when the brokers had another leader');
    this.#elected = false;
    if (!before) this.openedBy = life;
    memory.revision += 1;
    const made = memory.revision;
    const by = life ?? before?.by;
    memory.entries.push({ atMs: clock.nowMs(), revision: made, record, by });
    if (record && faults.does('broker.repeats')) this.#repeat(memory);
    return made;
  }

  /** As brokers do that were stopped for a while: behind what they have stored meanwhile. */
  #repeat(memory: Memory): void {
    const { clock, random } = this.#options;
    const again = memory.entries.at(-random.pick([1, 2, 3]));
    if (!again?.record) return;
    memory.revision += 1;
    memory.entries.push({ ...again, atMs: clock.nowMs(), revision: memory.revision, isRepeated: true });
  }
}
