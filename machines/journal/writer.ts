import { canonicalJson } from '../json.ts';
import type { KernelEvent, Step } from '../kernel.ts';
import type { EventSource } from '../log.ts';
import type { JournalHeader, JournalRecord, Sha256 } from './record.ts';
import type { RestoredEvent } from './restored.ts';
import { ALL_PARTS, type KernelState, StateText } from './state.ts';

/** The members of a kernel that the journal needs. */
export interface JournaledKernel extends KernelState {
  readonly context: { readonly generation: number };
}

const NONE = '[]';

/** The hash of a header, with which the chain of its records begins. */
export function headerHash(header: JournalHeader, sha256: Sha256): string {
  return sha256(`parley journal ${canonicalJson(header)}`);
}

type Unhashed = Omit<JournalRecord, 'stateHash' | 'commandsHash'>;

/**
 * The state hash of a record: over both hashes of the record before it, the contents of the record, and the change. Any
 * altered, missing or moved record breaks the chain there.
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

/** Input of the next record's hash. */
export function chainAfter(record: Pick<JournalRecord, 'stateHash' | 'commandsHash'>): string {
  return record.stateHash + record.commandsHash;
}

/**
 * Makes the records of one session, step by step. Recording and replay use the same code: a replay makes them again and
 * compares.
 */
export class JournalWriter {
  readonly #sha256: Sha256;
  #state = new StateText();
  readonly #noCommands: string;
  #before: string;
  #record = 0;
  #seq = 0;

  /** `after`: goes on after this record, and the state that it led to. Without the state, `restored` comes next. */
  constructor(
    header: string,
    sha256: Sha256,
    after?: { readonly record: JournalRecord; readonly state?: KernelState },
  ) {
    this.#before = header;
    this.#sha256 = sha256;
    this.#noCommands = sha256(NONE);
    if (!after) return;
    this.#before = chainAfter(after.record);
    this.#record = after.record.record + 1;
    this.#seq = after.record.seq;
    if (after.state) this.#state.advance(after.state);
  }

  /** The record of another process that resumes the session with this kernel. The state is written whole. */
  restored(kernel: JournaledKernel & { readonly nowMs: number }, event: RestoredEvent): JournalRecord {
    this.#state = new StateText();
    this.#seq = event.snapshot.seq;
    const { generation } = kernel.context;
    const whole = this.#state.advance(kernel).slice(1);
    return this.#add(
      {
        ...{ seq: this.#seq, t: kernel.nowMs, source: 'restored', generation, stale: false },
        ...{ event: JSON.stringify(event), change: `[["${ALL_PARTS}"],${whole}` },
      },
      NONE,
    );
  }

  /** The record of the kernel's start. Call first. */
  start(kernel: JournaledKernel, step: Step): JournalRecord {
    return this.#stepped(kernel, step, null, 'start');
  }

  /** The record of an event that the kernel has just stepped. */
  step(kernel: JournaledKernel, step: Step, event: KernelEvent, source: EventSource): JournalRecord {
    return this.#stepped(kernel, step, event, source);
  }

  /** The record of a stale event, from a child of the past. */
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
    // Copied member by member: this runs for every event, and spreading is slow.
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
