import type { TakenSession } from '../../actors/failover/takeover.ts';
import type { JournalSink } from '../../actors/ports/journal.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { type AdoptingStore, adopt } from './adopt.ts';

/**
 * Sessions that go on here while the own store still gets their journals, one after another. The stream has them meanwhile, so their
 * clients need not wait for the disk.
 */
export class Adoptions {
  /** Never reject. */
  readonly #underway = new Map<string, Promise<Error | undefined>>();
  #last: Promise<unknown> = Promise.resolve();

  /** See {@link adopt}; the own store follows. Rejects with STORE_FAILED or STORE_CLOSED. */
  async adopt(store: AdoptingStore, taken: TakenSession): Promise<Journal> {
    const { session } = taken.opening.header;
    await this.#underway.get(session);
    const { journal, complete } = await adopt(store, taken);
    const completed = this.#last.then(complete).then(
      () => undefined,
      (error: Error) => error,
    );
    this.#last = completed;
    this.#underway.set(session, completed);
    void completed.then(() => {
      if (this.#underway.get(session) === completed) this.#underway.delete(session);
    });
    return journal;
  }

  /** The sink that `open` makes, as soon as the journal before it is there. */
  continued(session: string, open: () => JournalSink, onFailure: (error: Error) => void): JournalSink {
    const underway = this.#underway.get(session);
    return underway ? later(underway, open, onFailure) : open();
  }
}

/** Keeps what it gets until then. */
function later(
  underway: Promise<Error | undefined>,
  open: () => JournalSink,
  onFailure: (error: Error) => void,
): JournalSink {
  let sink: JournalSink | undefined;
  let held: ((sink: JournalSink) => void)[] = [];
  const opened = underway.then((failure) => {
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
  return {
    append: (record) => pass((to) => to.append(record)),
    audio: (piece) => pass((to) => to.audio(piece)),
    async durable() {
      const made = await opened;
      if (made instanceof Error) throw made;
      await made.durable();
    },
    async end() {
      const made = await opened;
      if (!(made instanceof Error)) await made.end();
    },
    async leave() {
      const made = await opened;
      if (!(made instanceof Error)) await made.leave();
    },
  };
}
