import { errorRecord } from '../errors.ts';
import { canonicalJson } from '../json.ts';
import type { KernelEvent, KernelStart, Step } from '../kernel.ts';
import { checkEnd, checkHeader, checkRecord, type JournalFault } from './check.ts';
import type { Journal, JournalRecord, Sha256 } from './record.ts';
import { restoredIn, restoreKernel } from './restored.ts';
import { type KernelState, RecordedState, StateText } from './state.ts';
import { type JournaledKernel, JournalWriter } from './writer.ts';

/** A kernel of this or another version, as used by a replay. */
export interface ReplayKernel extends JournaledKernel {
  readonly initial: Step;
  step(event: KernelEvent, atMs: number): Step;
  popTimer(nowMs: number): unknown;
  readonly nowMs: number;
  /** Absent in versions that resumed no session from a snapshot. */
  restore?(from: KernelStart): void;
}

/** One side of a difference: canonical JSON, the state in parts by name. */
export interface ReplaySide {
  readonly state: ReadonlyMap<string, string>;
  readonly commands: readonly string[];
}

/** The first step with a different result. */
export interface ReplayDifference {
  readonly record: number;
  readonly seq: number;
  readonly t: number;
  readonly source: JournalRecord['source'];
  /** Canonical JSON; `null` for the start. */
  readonly event: string;
  readonly differs: 'state' | 'commands' | 'both';
  readonly recorded: ReplaySide;
  readonly replayed: ReplaySide;
  /** Error thrown by the kernel, if any. */
  readonly thrown?: string;
}

export interface ReplayResult {
  /** Number of replayed records, and of stale ones among them. */
  readonly records: number;
  readonly stale: number;
  /** The kernel's event number at the last replayed record. */
  readonly seq: number;
  /** State hash of the last replayed record. */
  readonly stateHash: string;
  readonly difference?: ReplayDifference;
  readonly fault?: JournalFault;
}

export interface ReplayOptions {
  readonly kernel: ReplayKernel;
  readonly sha256: Sha256;
  /** Stop after the kernel's event with this number. */
  readonly untilSeq?: number;
  /** Index of the first record to replay; earlier ones are taken as they are. Default: 0. */
  readonly from?: number;
  /** Makes the records again, and can go on with the journal afterwards. Default: one of its own. */
  readonly writer?: JournalWriter;
}

/**
 * Feeds a journal's events to a fresh kernel and compares hashes at every step. It ends at the first difference, or at
 * the first record that was changed. The replay succeeded if the result contains neither.
 */
export function replayJournal(journal: Journal, options: ReplayOptions): ReplayResult {
  return drained(replaySteps(journal, options));
}

/**
 * The same, one record per iteration, so that the caller can do other work in between. Yields the number of replayed
 * records.
 */
export function* replaySteps(
  journal: Journal,
  options: ReplayOptions,
): Generator<number, ReplayResult, undefined> {
  const { kernel, sha256, untilSeq = Number.POSITIVE_INFINITY, from = 0 } = options;
  const done = { records: 0, stale: 0, seq: 0, stateHash: '' };
  const bad = checkHeader(journal, sha256);
  if (bad) return { ...done, fault: bad };
  const writer = options.writer ?? new JournalWriter(journal.headerHash, sha256);
  for (const [index, record] of journal.records.entries()) {
    if (index < from) continue;
    if (record.seq > untilSeq) return done;
    let made: JournalRecord | undefined;
    let thrown: unknown;
    try {
      made = remake(writer, kernel, record, index);
    } catch (error) {
      thrown = error;
    }
    if (!made || !same(record, made)) {
      const fault = checkRecord(journal, index, sha256);
      return {
        ...done,
        ...(fault ? { fault } : { difference: difference(journal, index, kernel, made, thrown) }),
      };
    }
    done.records += 1;
    done.seq = record.seq;
    done.stateHash = record.stateHash;
    if (record.stale) done.stale += 1;
    yield done.records;
  }
  const end = untilSeq === Number.POSITIVE_INFINITY ? checkEnd(journal) : undefined;
  return end ? { ...done, fault: end } : done;
}

function drained<T>(steps: Generator<unknown, T, undefined>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function remake(
  writer: JournalWriter,
  kernel: ReplayKernel,
  record: JournalRecord,
  index: number,
): JournalRecord {
  const { source } = record;
  const restored = restoredIn(record);
  if (restored) {
    restoreKernel(kernel, restored);
    return writer.restored(kernel, restored);
  }
  if (source === 'start' || source === 'restored' || index === 0) return writer.start(kernel, kernel.initial);
  const event = eventOf(record);
  if (record.stale) return writer.stale(event, source, record.generation, record.t);
  return writer.step(kernel, feed(kernel, record, event), event, source);
}

/** In a replay the journal fires the timers; the kernel only forgets those that it sees fire. */
function feed(kernel: ReplayKernel, record: JournalRecord, event: KernelEvent): Step {
  if (record.source === 'timer') kernel.popTimer(record.t);
  return kernel.step(event, record.t);
}

/** Its type is that of the recording kernel; the chain of hashes guarantees it. */
function eventOf(record: JournalRecord): KernelEvent {
  return JSON.parse(record.event) as KernelEvent;
}

function same(a: JournalRecord, b: JournalRecord): boolean {
  return (
    a.stateHash === b.stateHash &&
    a.commandsHash === b.commandsHash &&
    a.record === b.record &&
    a.seq === b.seq &&
    a.t === b.t &&
    a.source === b.source &&
    a.generation === b.generation &&
    a.stale === b.stale &&
    a.change === b.change &&
    a.commands === b.commands &&
    a.event === b.event
  );
}

function difference(
  journal: Journal,
  index: number,
  kernel: KernelState,
  made: JournalRecord | undefined,
  thrown: unknown,
): ReplayDifference {
  const recorded = recordedSide(journal, index);
  const replayed = { state: stateParts(kernel), commands: commandList(made?.commands ?? '[]') };
  return describe(journal, index, recorded, replayed, thrown);
}

function describe(
  { records }: Journal,
  index: number,
  recorded: ReplaySide,
  replayed: ReplaySide,
  thrown: unknown,
): ReplayDifference {
  const record = records[index];
  const state = canonicalJson([...recorded.state]) !== canonicalJson([...replayed.state]);
  const commands = recorded.commands.join() !== replayed.commands.join();
  return {
    record: index,
    seq: record?.seq ?? 0,
    t: record?.t ?? 0,
    source: record?.source ?? 'start',
    event: record?.event ?? 'null',
    differs: state && commands ? 'both' : commands ? 'commands' : 'state',
    recorded,
    replayed,
    ...(thrown === undefined ? {} : { thrown: errorRecord(thrown, 'INTERNAL').message }),
  };
}

export interface AgainstResult {
  readonly records: number;
  /** The first event with other commands or another public state. */
  readonly difference?: ReplayDifference;
}

/**
 * Feeds a journal's events to another version's kernel and compares its decisions: the commands. Its internal state may
 * differ.
 */
export function replayAgainst(journal: Journal, kernel: ReplayKernel): AgainstResult {
  for (const [index, record] of journal.records.entries()) {
    if (record.stale) continue;
    let commands = '[]';
    let thrown: unknown;
    try {
      const restored = restoredIn(record);
      if (restored) restoreKernel(kernel, restored);
      else {
        const step = index === 0 ? kernel.initial : feed(kernel, record, eventOf(record));
        commands = JSON.stringify(step.commands);
      }
    } catch (error) {
      thrown = error;
    }
    if (thrown === undefined && sameJson(commands, record.commands)) continue;
    const replayed = { state: stateParts(kernel), commands: commandList(commands) };
    return {
      records: index,
      difference: describe(journal, index, recordedSide(journal, index), replayed, thrown),
    };
  }
  return { records: journal.records.length };
}

/** Another version may order the members of an object differently. */
function sameJson(a: string, b: string): boolean {
  return a === b || canonicalJson(JSON.parse(a)) === canonicalJson(JSON.parse(b));
}

function recordedSide({ records }: Journal, index: number): ReplaySide {
  const state = new RecordedState();
  for (const record of records.slice(0, index + 1)) state.apply(record.change);
  return { state: state.parts(), commands: commandList(records[index]?.commands ?? '[]') };
}

function stateParts(kernel: KernelState): ReadonlyMap<string, string> {
  const state = new RecordedState();
  state.apply(new StateText().advance(kernel));
  return state.parts();
}

function commandList(commands: string): string[] {
  const list: unknown = JSON.parse(commands);
  return Array.isArray(list) ? list.map((command) => canonicalJson(command)) : [];
}
