import { Backoff } from '../../actors/backoff.ts';
import { pause } from '../../actors/cancellation.ts';
import type { TakenSession } from '../../actors/failover/takeover.ts';
import type { JournalSink } from '../../actors/ports/journal.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { type AdoptingStore, adopt } from './adopt.ts';

/** Wait before a journal is stored, ms: those that are taken over at the same time, and whose clients wait, come first. */
const AFTER_MS = 1_000;
/** Attempts to store a journal, over some two minutes: a disk that was full may have room again. */
const TRIES = 16;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** A journal that the own store still gets. No promise of it rejects. */
interface Underway {
  /** Whether the first attempt has failed. */
  readonly tried: Promise<Error | undefined>;
  readonly done: Promise<Error | undefined>;
  /** Why the last attempt failed; undefined after another one. */
  failing?: Error | undefined;
  /** Aborted when the session ends here: the first attempt begins at once, and there is no other. */
  readonly over: AbortController;
}

/**
 * Sessions that go on here while the own store still gets their journals, one after another. The stream has them meanwhile, so their
 * clients need not wait for the disk. A store that fails is tried again; until then no action begins.
 */
export class Adoptions {
  readonly #clock: Pick<Clock, 'setTimer'>;
  readonly #underway = new Map<string, Underway>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Pick<Clock, 'setTimer'>) {
    this.#clock = clock;
  }

  /** See {@link adopt}; the own store follows. Rejects with STORE_FAILED or STORE_CLOSED. */
  async adopt(store: AdoptingStore, taken: TakenSession): Promise<Journal> {
    const { session } = taken.opening.header;
    await this.#underway.get(session)?.done;
    const { journal, complete } = await adopt(store, taken);
    const attempt = () =>
      complete().then(
        () => undefined,
        (error: Error) => error,
      );
    const over = new AbortController();
    const waited = pause(this.#clock, AFTER_MS, over.signal).catch(() => {});
    const tried = Promise.all([this.#last, waited]).then(attempt);
    const underway: Underway = {
      tried,
      done: tried.then((failure) => failure && this.#again(attempt, failure, underway)),
      over,
    };
    // The next one need not wait for a store to have room again.
    this.#last = tried;
    this.#underway.set(session, underway);
    void underway.done.then(() => {
      if (this.#underway.get(session) === underway) this.#underway.delete(session);
    });
    return journal;
  }

  /** Resolves when the own store has the journal of `session`, and not that of an earlier time. Rejects with why it never will. */
  async stored(session: string): Promise<void> {
    const failure = await this.#underway.get(session)?.done;
    if (failure) throw failure;
  }

  /** The sink that `open` makes, as soon as the journal before it is there. */
  continued(session: string, open: () => JournalSink, onFailure: (error: Error) => void): JournalSink {
    const underway = this.#underway.get(session);
    return underway ? later(underway, open, onFailure) : open();
  }

  async #again(
    attempt: () => Promise<Error | undefined>,
    failure: Error,
    underway: Underway,
  ): Promise<Error | undefined> {
    const wait = new Backoff(FIRST_RETRY_MS, LONGEST_RETRY_MS);
    const { signal } = underway.over;
    underway.failing = failure;
    for (let tries = 1; tries < TRIES && mayPass(underway.failing); tries++) {
      await pause(this.#clock, wait.nextMs(), signal).catch(() => {});
      if (signal.aborted) break;
      underway.failing = await attempt();
    }
    return underway.failing;
  }
}

function mayPass(failure: Error | undefined): boolean {
  return failure instanceof ParleyError && failure.code === 'STORE_FAILED';
}

/** Keeps what it gets until then. */
function later(underway: Underway, open: () => JournalSink, onFailure: (error: Error) => void): JournalSink {
  let sink: JournalSink | undefined;
  let held: ((sink: JournalSink) => void)[] = [];
  const opened = underway.done.then((failure) => {
    if (failure) {
      held = [];
      onFailure(failure);
      return failure;
    }
    sink = open();
    for (const pass of held.splice(0)) pass(sink);
    return sink;
  });
  const pass = (act: (sink: JournalSink) => void) => {
    if (sink) act(sink);
    else held.push(act);
  };
  /** The sink, for the last time. */
  const ending = () => {
    underway.over.abort();
    return opened;
  };
  return {
    append: (record) => pass((to) => to.append(record)),
    audio: (piece) => pass((to) => to.audio(piece)),
    async durable() {
      await underway.tried;
      if (underway.failing) throw underway.failing;
      const made = await opened;
      if (made instanceof Error) throw made;
      await made.durable();
    },
    async end() {
      const made = await ending();
      if (!(made instanceof Error)) await made.end();
    },
    async leave() {
      const made = await ending();
      if (!(made instanceof Error)) await made.leave();
    },
  };
}
