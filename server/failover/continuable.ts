import { timingSafeEqual } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ContinuableSession } from '../../actors/ports/store.ts';
import { type Rebuilt, rebuild } from '../../actors/session/rebuild.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { SqliteStore } from '../../adapters/store/sqlite.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import type { Journal } from '../../machines/journal/record.ts';
import type { AdoptingStore } from '../failover/adopt.ts';
import { machineHash } from '../machine-hash.ts';

/** What the store must offer for sessions to outlive their server. */
export type ContinuableStore = AdoptingStore &
  Pick<SqliteStore, 'continuable' | 'inputEnd' | 'journalRecords' | 'saveTurn'>;

/** What a client says of the reply that it was playing. */
export interface Played {
  readonly generation: number;
  readonly samples: number;
}

/** Who comes back to a session. */
export interface Return {
  readonly played?: Played | undefined;
  /** Its journal, if it was another server's. Default: that of the own store. */
  readonly journal?: Journal | undefined;
  /** The one that the session began with, if it did with one. */
  readonly behaviour?: BehaviourProgram | undefined;
  /** Called when a stage begins. */
  readonly onStage?: (stage: RebuildStage) => void;
}

/** What a client waits for besides the replay: the own store, and the sessions that are rebuilt before. */
export type RebuildStage = 'store' | 'others' | 'rebuild';

/** The sessions that the server before has left without an end. Each can be taken once. */
export class Continuable {
  readonly #store: ContinuableStore;
  readonly #waiting: Map<string, ContinuableSession>;
  /** One is rebuilt at a time: each takes the processor from those that talk already. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(store: ContinuableStore, sessions: readonly ContinuableSession[]) {
    this.#store = store;
    this.#waiting = new Map(sessions.map((one) => [one.session, one]));
  }

  static async of(store: ContinuableStore): Promise<Continuable> {
    return new Continuable(store, await store.continuable());
  }

  /** Without those of the server before. */
  static none(store: ContinuableStore): Continuable {
    return new Continuable(store, []);
  }

  /** Adds one whose journal is in the store by now. */
  add(session: ContinuableSession): void {
    this.#waiting.set(session.session, session);
  }

  /** Those without an owner. */
  get sessions(): readonly ContinuableSession[] {
    return [...this.#waiting.values()];
  }

  /** Whether the session waits for a client with this proof. */
  waitsFor(session: string, proof: string): boolean {
    const own = this.#waiting.get(session)?.proof;
    return own?.length === proof.length && timingSafeEqual(Buffer.from(own), Buffer.from(proof));
  }

  /**
   * Rebuilds a session; undefined if it is not there any more, or its journal does not lead to it. If it rejects, it waits
   * again.
   */
  async take(session: string, back: Return = {}): Promise<Rebuilt | undefined> {
    const known = this.#waiting.get(session);
    this.#waiting.delete(session);
    if (!known && !back.journal) return undefined;
    const { onStage = () => {} } = back;
    try {
      onStage('store');
      const [journal, inputEnd] = await Promise.all([
        back.journal ?? this.#store.readJournal(session),
        this.#store.inputEnd(session),
      ]);
      const { header } = journal;
      // Another machine would decide otherwise sooner or later, and may not know these parameters.
      if (header.machine !== machineHash()) return undefined;
      const options = {
        sha256,
        inputEnd,
        played: back.played,
        breathe: () => nextTurn(),
        behaviour: back.behaviour,
      };
      onStage('others');
      const rebuilt = this.#turn.then(() => {
        onStage('rebuild');
        return rebuild(journal, options);
      });
      this.#turn = rebuilt.catch(() => {});
      return await rebuilt;
    } catch (error) {
      if (known) this.#waiting.set(session, known);
      throw error;
    }
  }
}
