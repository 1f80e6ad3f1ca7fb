import type { KernelEvent, SessionKernel, Step } from '../../machines/kernel.ts';
import type { TurnOutcome } from '../../machines/session/commands.ts';
import { LastReply } from '../session/last-reply.ts';
import { turnMessages } from '../session/story.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { type SessionSnapshot, snapshotText, type TurnMessage } from './snapshot.ts';

/** Messages kept for a client that misses them: some 10 s of a conversation. */
const MAX_MESSAGES = 32;
/** Turns kept for a store that fails. */
const MAX_UNSAVED = 8;

/** Makes the snapshots of one session from its steps, and decides when they are saved. */
export class SessionKeeper {
  readonly #record: RecordKeeper;
  readonly #reply: LastReply;
  #messages: readonly TurnMessage[];
  #unsaved: readonly TurnOutcome[] = [];

  /** `now`: the kernel, and the number of samples of input so far. `from`: of a session that is resumed. */
  constructor(
    record: RecordKeeper,
    now: () => readonly [kernel: SessionKernel, inputEnd: number],
    from?: SessionSnapshot,
  ) {
    this.#record = record;
    this.#reply = new LastReply(from?.reply);
    this.#messages = from?.messages ?? [];
    record.follow(() => {
      const [kernel, inputEnd] = now();
      return snapshotText({
        ...{ kernel: kernel.snapshot(), reply: this.#reply.audio, inputEnd },
        ...{ unsaved: this.#unsaved, messages: this.#messages },
      });
    });
  }

  /** Call after the start and each step, before the commands are carried out. What the client sees of it is saved at once. */
  stepped({ seq, commands }: Step, event: KernelEvent | undefined, generation: number): void {
    if (event) this.#reply.note(event, generation);
    // Before the record is saved: its snapshot is one after the turn.
    const turns = commands.flatMap((command) => (command.type === 'persist' ? [command.turn] : []));
    if (turns.length > 0) this.#unsaved = [...this.#unsaved, ...turns].slice(-MAX_UNSAVED);
    const published = commands.some(({ type }) => type === 'publish') ? turnMessages(commands) : [];
    if (published.length > 0) {
      const added = published.map((message) => ({ seq, message }));
      this.#messages = [...this.#messages, ...added].slice(-MAX_MESSAGES);
    }
    this.#record.change(published.length > 0 || turns.length > 0);
  }

  /** A turn that has ended is in the store once `saved` resolves. */
  saving(turn: TurnOutcome, saved: Promise<void>): void {
    const remove = () => {
      this.#unsaved = this.#unsaved.filter((one) => one !== turn);
      this.#record.change(false);
    };
    saved.then(remove, () => {});
  }
}
