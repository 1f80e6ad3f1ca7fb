/** A session whose server may end at any moment, and is resumed from its record by the next one. */
import { RecordKeeper } from '../../actors/records/record-keeper.ts';
import { restoreSession } from '../../actors/records/restore.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import type { Session, SessionClient } from '../../actors/session/handle.ts';
import type { ResumedSession } from '../../actors/session/resumed-session.ts';
import { openSession, type SessionDeps } from '../../actors/session/session.ts';
import type { SessionOptions } from '../../actors/session/session-input.ts';
import { logOf } from '../../actors/session/story.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { TimerHandle } from '../../machines/clock.ts';
import { callsOf } from '../../machines/journal/calls.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import type { LogEntry } from '../../machines/log.ts';
import type { TurnOutcome } from '../../machines/session/commands.ts';
import { publishedIn } from '../../machines/session/facts.ts';
import type { SessionMessage } from '../../machines/wire.ts';
import type { Audit } from './audit.ts';
import type { ClientEar } from './client-ear.ts';
import { Disk, type DiskOptions } from './disk.ts';
import { checkReplay } from './replays.ts';
import type { Sometimes } from './sometimes.ts';

export interface CrashingOptions extends DiskOptions {
  readonly deps: SessionDeps;
  readonly session: SessionOptions;
  readonly client: SessionClient;
  readonly audit: Pick<Audit, 'resume'>;
  readonly ear: Pick<ClientEar, 'played' | 'resumed'>;
  readonly found: (what: string) => void;
  readonly reached: (name: Sometimes) => void;
  /** Nothing leads back to the session. */
  readonly onLost: () => void;
}

/** A client that was sent away comes back after this time, ms. */
const RETURN_MS = 300;
/** The next process after this time, ms. */
const DOWN_MS = [50, 4_000] as const;

type Resumed = ResumedSession & { readonly revision: number };

/** A session, as its client uses it. */
export type Handle = Pick<Session, 'command' | 'audio' | 'present' | 'stopHeard' | 'close'>;

/** Opens a session that outlives its server, if that dies. */
export function openCrashing(options: CrashingOptions): Handle {
  return new CrashingSession(options);
}

class CrashingSession implements Handle {
  readonly #options: CrashingOptions;
  readonly #disk: Disk;
  /** Actions that have begun outside. */
  readonly #begun = new Set<string>();
  #inner: Session;
  #process = 0;
  #up: Promise<void> = Promise.resolve();
  #down = false;
  #here = true;
  #over = false;
  /** Index in the client's input of the first sample that this process gets. */
  #inputFrom: number | undefined = 0;
  #lastSeq = 0;
  /** Generation of the reply that was in the air when the server died, until it has ended. */
  #ending: number | undefined;
  readonly #deaths = new Set<TimerHandle>();

  constructor(options: CrashingOptions) {
    this.#options = options;
    this.#disk = new Disk(options);
    this.#inner = this.#open();
  }

  command(command: ClientCommand): void {
    if (this.#down) return;
    this.#inner.command(command);
  }

  audio(pcm: Uint8Array, sample: number): void {
    if (this.#down) return;
    this.#inputFrom ??= sample;
    this.#inner.audio(pcm, sample - this.#inputFrom);
  }

  stopHeard(event: Parameters<Session['stopHeard']>[0]): void {
    if (!this.#down) this.#inner.stopHeard(event);
  }

  present(here: boolean): void {
    this.#here = here;
    if (!this.#down) this.#inner.present(here);
  }

  async close(reason: 'bye' | 'lost'): Promise<void> {
    this.#over = true;
    for (const death of this.#deaths) death.cancel();
    await this.#up;
    await this.#inner.close(reason);
    checkReplay(this.#disk.whole(), this.#options.found);
  }

  #open(rebuilt?: Resumed): Session {
    const { deps, session, client, clock, found } = this.#options;
    const process = this.#process;
    const alive = () => process === this.#process;
    const mine: SessionDeps = {
      ...deps,
      journal: this.#disk.open,
      record: new RecordKeeper({
        ...{ session: session.session, records: this.#disk.records(), owner: `process ${process}`, clock },
        ...{ wallMs: () => clock.nowMs(), taken: rebuilt && { revision: rebuilt.revision, epoch: 1 } },
        opening: { startedAt: '', language: session.language, proof: 'proof' },
        onFenced: () => found('the only process of a session was fenced'),
        onProblem: ({ message }) => found(`the record of a session was not written: ${message}`),
      }),
      onLog: (id, entry) => {
        if (!alive()) return;
        deps.onLog?.(id, entry);
        this.#watch(entry);
      },
      onProblem: (id, error) => {
        if (alive()) deps.onProblem(id, error);
      },
    };
    return openSession(
      mine,
      session,
      {
        message: (message) => {
          if (alive()) this.#tell(message);
        },
        audio: (generation, seq, pcm) => {
          if (alive()) client.audio(generation, seq, pcm);
        },
      },
      rebuilt,
    );
  }

  #tell(message: SessionMessage): void {
    if (message.type === 'state') this.#lastSeq = message.seq;
    if (message.type === 'reply.end' && message.generation === this.#ending) {
      this.#ending = undefined;
      if (message.reason !== 'interrupted') this.#options.found('the reply of a dead server was completed');
    }
    this.#options.client.message(message);
  }

  #watch(entry: LogEntry): void {
    const { found } = this.#options;
    if (entry.type === 'action.start') {
      if (this.#begun.has(entry.id)) found(`the action ${entry.id} began twice`);
      this.#begun.add(entry.id);
      if (!callsOf(this.#disk.left().records).some(({ id }) => id === entry.id))
        found(`the action ${entry.id} began, and the journal on disk does not have it`);
      if (!this.#disk.leftRecord()?.record.snapshot.includes(`"id":"${entry.id}"`))
        found(`the action ${entry.id} began, and the record on disk does not have it`);
    }
    const message = publishedIn(entry);
    if (message?.type === 'action' && message.status === 'started') this.#mayDie(60);
    if (message?.type === 'reply.end') this.#mayDie(100);
    if (message?.type === 'state') this.#mayDie(3_000);
  }

  #mayDie(withinMs: number): void {
    const { faults, clock } = this.#options;
    if (this.#over || !faults.does('server.dies')) return;
    const death = clock.setTimer(faults.stream('server.dies').ms(0, withinMs), () => {
      this.#deaths.delete(death);
      if (!faults.calm && !this.#down && !this.#over) this.#die();
    });
    this.#deaths.add(death);
  }

  #die(): void {
    const { clock, random, found } = this.#options;
    const old = this.#inner;
    // Before that there is no session to come back to.
    if (!this.#disk.leftRecord()) return;
    const lost = this.#disk.whole().records.length - this.#disk.left().records.length;
    if (lost > 0) this.#options.reached('a server died with records that were not on disk');
    this.#process += 1;
    this.#down = true;
    this.#disk.crash();
    // What it ran ends with it.
    old.leave('superseded').catch((error: unknown) => found(`a dead process: ${String(error)}`));
    this.#up = new Promise<void>((resolve) => {
      clock.setTimer(random.ms(...DOWN_MS), () => {
        this.#resume().then(resolve, (error: unknown) => {
          found(error instanceof Error ? (error.stack ?? error.message) : String(error));
          resolve();
        });
      });
    });
  }

  /** While the store fails, the client is sent away, and comes back. */
  async #saved(turn: TurnOutcome): Promise<void> {
    const { deps, session, clock } = this.#options;
    const save = () =>
      deps.store.saveTurn({ session: session.session, ...turn, timings: { ...turn.timings } });
    await save().catch(async () => {
      await new Promise<void>((resolve) => void clock.setTimer(RETURN_MS, resolve));
      return this.#saved(turn);
    });
  }

  async #resume(): Promise<void> {
    const { found, reached, audit, ear } = this.#options;
    const left = this.#disk.leftRecord();
    if (!left) throw new Error('there is no record');
    const { records } = this.#disk.left();
    const last = records.at(-1);
    const { deps } = this.#options;
    const options = {
      parameters: deps.parameters,
      behaviour: deps.behaviour,
      last,
      lastSeq: this.#lastSeq,
      played: ear.played(),
    };
    const restored = restoreSession(left.record, options);
    if (!restored) throw new Error('the session was not resumed');
    const { kernel, snapshot, listener } = restored;
    const { reply } = kernel.context;
    const log = [...logOf(records.filter(({ seq }) => seq <= snapshot.kernel.seq))];
    audit.resume(log);
    ear.resumed();
    const rebuilt: Resumed = {
      ...{ kernel, snapshot, listener, revision: left.revision, log: async () => log },
      inputEnd: snapshot.inputEnd,
      journal: last && { records: records.length, writer: new JournalWriter('', sha256, { record: last }) },
    };
    for (const turn of snapshot.unsaved) await this.#saved(turn);
    for (const message of restored.missed(this.#lastSeq)) this.#tell(message);
    this.#ending = reply?.generation;
    this.#inner = this.#open(rebuilt);
    await this.#inner.durable();
    this.#down = false;
    this.#inputFrom = undefined;
    if (this.#ending !== undefined) found(`the reply ${this.#ending} of the server before did not end`);
    if (this.#here) this.#inner.present(true);
    reached('a session went on after its server had died');
    if (reply) reached('a server died in mid-reply');
  }
}
