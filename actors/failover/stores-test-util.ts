import { type Clock, VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { JournalRecord } from '../../machines/journal/record.ts';
import type { JournalOpening, JournalStream, StreamedBatch } from '../ports/journal-stream.ts';
import type { LeaseEntry, LeaseStore } from '../ports/lease.ts';

/** What becomes of one call. `lost`: it arrives, but its answer does not. */
export interface Weather {
  delayMs: number;
  /** Time that the answer takes, ms. Default: 0. */
  answerMs?: number;
  fate: 'fine' | 'away' | 'lost';
}

/** What all servers have in common. Each reaches it through a link of its own. */
export class SharedBroker {
  readonly #leases = new Map<string, LeaseEntry>();
  readonly batches = new Map<string, readonly StreamedBatch[]>();
  readonly #clock: Clock;
  #revision = 0;
  #seq = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It was restarted, with an empty memory, and counts anew. */
  forget(): void {
    this.#leases.clear();
    this.batches.clear();
    this.#revision = 0;
    this.#seq = 0;
  }

  /** A broker that was stopped for a while stores the last `count` batches a second time. */
  repeat(session: string, count: number): void {
    const all = this.batches.get(session) ?? [];
    const again = all.slice(-count).map((one) => ({ ...one, seq: ++this.#seq }));
    this.batches.set(session, [...all, ...again]);
  }

  link(weather: Weather): { readonly leases: LeaseStore; readonly stream: JournalStream } {
    const call = async <T>(work: () => T): Promise<T> => {
      const { delayMs, answerMs, fate } = weather;
      if (fate === 'away') throw new ParleyError('BUS_UNREACHABLE');
      await new Promise<void>((go) => this.#clock.setTimer(delayMs, go));
      const result = work();
      if (answerMs !== undefined) await new Promise<void>((go) => this.#clock.setTimer(answerMs, go));
      if (fate === 'lost') throw new ParleyError('BUS_UNREACHABLE');
      return result;
    };
    const batchesOf = (session: string) => this.batches.get(session) ?? [];
    return {
      leases: {
        read: (session) => call(() => this.#leases.get(session)),
        swap: (session, lease, revision) =>
          call(() => {
            if ((this.#leases.get(session)?.revision ?? 0) !== revision) return undefined;
            this.#revision += 1;
            this.#leases.set(session, { lease, revision: this.#revision });
            return this.#revision;
          }),
        all: () => call(() => [...this.#leases.keys()]),
        release: (session, revision) =>
          call(() => {
            const isAt = this.#leases.get(session)?.revision === revision;
            if (isAt) this.#leases.delete(session);
            return isAt;
          }),
      },
      stream: {
        maxBatch: 10_000,
        append: (session, batch, last) =>
          call(() => {
            const before = batchesOf(session);
            if ((before.at(-1)?.seq ?? 0) !== last) return undefined;
            this.#seq += 1;
            const stored = { batch, seq: this.#seq, atMs: this.#clock.nowMs() };
            this.batches.set(session, [...before, stored]);
            return this.#seq;
          }),
        read: (session, _upTo, from = 0) => call(() => batchesOf(session).filter(({ seq }) => seq >= from)),
        last: (session) => call(() => batchesOf(session).at(-1)),
        delete: (session) => call(() => void this.batches.delete(session)),
      },
    };
  }
}

export function testClock(): VirtualClock {
  return new VirtualClock({ settle: () => new Promise((go) => setImmediate(go)) });
}

export function recordOf(record: number): JournalRecord {
  const hashes = { stateHash: `s${record}`, commandsHash: `c${record}` };
  return {
    ...{ record, seq: record, t: record, source: 'client', generation: 0, stale: false },
    ...{ event: '{}', change: '[]', commands: '[]', ...hashes },
  };
}

export const opening: JournalOpening = {
  header: {
    ...{ format: 3, session: 's', machine: 'm', version: '1', startedAt: '2026-01-01T00:00:00Z' },
    ...{ parameters: {} as never, input: {} as never },
  },
  headerHash: 'h',
  startedAt: '2026-01-01T00:00:00Z',
  language: 'en',
  proof: 'p',
};
