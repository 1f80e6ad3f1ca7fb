import { canonicalJson } from './canonical.ts';
import type { JournalHeader, JournalRecord, Sha256 } from './journal-record.ts';
import { type KernelState, StateText } from './journal-state.ts';
import type { KernelEvent, Step } from './kernel.ts';
import type { EventSource } from './log.ts';

/** What the journal needs to see of a kernel. */
export interface JournaledKernel extends KernelState {
  readonly context: { readonly generation: number };
}

const NONE = '[]';

/** The hash that a header stands for, and that the chain of its records begins with. */
export function headerHash(header: JournalHeader, sha256: Sha256): string {
  return sha256(`parley journal ${canonicalJson(header)}`);
}

type Unhashed = Omit<JournalRecord, 'stateHash' | 'commandsHash'>;

/**
 * The state hash of a record: of the one before it (both its hashes), of all that the record says happened, and of
 * what that changed. Whatever is altered, left out or moved breaks the chain there.
 */
export function stateHashOf(
  { record, seq, t, source, generation, stale, event, change }: Unhashed,
  before: string,
  sha256: Sha256,
): string {
  return sha256(
    `${before}[${record},${seq},${JSON.stringify(t)},${JSON.stringify(source)},${generation},${stale},${event},${change}]`,
  );
}

/** What the next record's hash begins with. */
export function chainAfter(record: Pick<JournalRecord, 'stateHash' | 'commandsHash'>): string {
  return record.stateHash + record.commandsHash;
}

/**
 * Makes the records of one session, step by step. The same in recording and in replay: a replay makes them anew
 * and compares.
 */
export class JournalWriter {
  readonly #sha256: Sha256;
  readonly #state = new StateText();
  readonly #noCommands: string;
  #before: string;
  #record = 0;
  #seq = 0;

  constructor(header: string, sha256: Sha256) {
    this.#before = header;
    this.#sha256 = sha256;
    this.#noCommands = sha256(NONE);
  }

  /** The record of the kernel's start. Call first. */
  start(kernel: JournaledKernel, step: Step): JournalRecord {
    return this.#stepped(kernel, step, null, 'start');
  }

  /** The record of an event that the kernel has just stepped. */
  step(kernel: JournaledKernel, step: Step, event: KernelEvent, source: EventSource): JournalRecord {
    return this.#stepped(kernel, step, event, source);
  }

  /** The record of an event that came from a child of the past. */
  stale(event: KernelEvent, source: EventSource, generation: number, t: number): JournalRecord {
    return this.#add(
      { seq: this.#seq, t, source, generation, stale: true, event: JSON.stringify(event), change: NONE },
      NONE,
    );
  }

  #stepped(
    kernel: JournaledKernel,
    { seq, atMs, commands }: Step,
    event: KernelEvent | null,
    source: JournalRecord['source'],
  ): JournalRecord {
    this.#seq = seq;
    const { generation } = kernel.context;
    return this.#add(
      {
        seq,
        t: atMs,
        source,
        generation,
        stale: false,
        event: JSON.stringify(event),
        change: this.#state.advance(kernel),
      },
      commands.length === 0 ? NONE : JSON.stringify(commands),
    );
  }

  #add(of: Omit<Unhashed, 'record' | 'commands'>, commands: string): JournalRecord {
    // Member by member: this is done for every event, and spreading is dear.
    const { seq, t, source, generation, stale, event, change } = of;
    const record = this.#record;
    const unhashed = { record, seq, t, source, generation, stale, event, change, commands };
    const stateHash = stateHashOf(unhashed, this.#before, this.#sha256);
    const commandsHash = commands === NONE ? this.#noCommands : this.#sha256(commands);
    this.#record += 1;
    this.#before = chainAfter({ stateHash, commandsHash });
    return { record, seq, t, source, generation, stale, event, change, commands, stateHash, commandsHash };
  }
}
