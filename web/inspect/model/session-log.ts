import type { JournalFooter, JournalHeader, JournalRecord } from '../../../machines/journal/record.ts';
import type { RecordedState } from '../../../machines/journal/state.ts';
import { publicState } from '../../../machines/session/public-state.ts';
import type { PublicState } from '../../../machines/wire.ts';
import { commandsOf, type Entry, errorOf, eventOf, typeOf } from './entries.ts';
import type { AudioPiece } from './journal-text.ts';
import { Links } from './links.ts';
import { lastWhere } from './search.ts';
import { changesOf, type PartChange, States } from './states.ts';

/** Origin of a journal. It is shown to the user and decides which functions are available. */
export type Origin = 'live' | 'store' | 'file';

export interface SessionLogOptions {
  readonly header: JournalHeader;
  readonly headerHash: string;
  readonly origin: Origin;
}

/**
 * One session in the page: its records as they came, and what follows from them. The same for a file, a past session
 * and one that is being recorded; it only grows.
 */
export class SessionLog {
  readonly header: JournalHeader;
  readonly headerHash: string;
  readonly origin: Origin;
  readonly records: JournalRecord[] = [];
  readonly entries: Entry[] = [];
  readonly links = new Links();
  readonly audio: AudioPiece[] = [];
  /** First record of each turn, from turn 1. */
  readonly turnStarts: number[] = [];
  /** Where the statechart was, as JSON, from each record on at which it moved. */
  readonly values: { readonly record: number; readonly value: string }[] = [];
  footer: JournalFooter = { status: 'open', records: null };
  readonly #states: States;
  #state: PublicState = 'idle';
  #turn = 0;

  constructor({ header, headerHash, origin }: SessionLogOptions) {
    this.header = header;
    this.headerHash = headerHash;
    this.origin = origin;
    this.#states = new States(this.records);
  }

  get session(): string {
    return this.header.session;
  }

  /** ms from the start to the last record. */
  get durationMs(): number {
    return this.records.at(-1)?.t ?? 0;
  }

  /** Takes in the records that follow; those that it has are passed over, and those after a gap refused. */
  append(records: readonly JournalRecord[]): void {
    for (const record of records) {
      if (record.record < this.records.length) continue;
      if (record.record > this.records.length) return;
      this.records.push(record);
      this.#take(record);
    }
  }

  /** The state after the record; an empty one before the first. */
  stateAt(index: number): RecordedState {
    return this.#states.at(index);
  }

  /** What the record changed, part by part. */
  changesAt(index: number): PartChange[] {
    const record = this.records[index];
    if (!record || record.change === '[]') return [];
    return changesOf(record.change, this.stateAt(index - 1), this.stateAt(index));
  }

  /** Where the statechart was after the record. */
  valueAt(index: number): unknown {
    return JSON.parse(this.stateAt(index).part('value') ?? '"idle"');
  }

  /** The last record at or before the time; -1 if none. */
  indexAt(t: number): number {
    return lastWhere(this.records, (record) => record.t <= t);
  }

  #take(record: JournalRecord): void {
    const state = this.#states.advance();
    const event = eventOf(record);
    const commands = commandsOf(record);
    const value = state.part('value') ?? '"idle"';
    if (value !== this.values.at(-1)?.value) {
      this.values.push({ record: record.record, value });
      this.#state = publicState(JSON.parse(value));
    }
    const turn = Number(state.part('context.turn') ?? 0);
    if (turn > this.#turn) {
      for (let one = this.#turn + 1; one <= turn; one++) this.turnStarts.push(record.record);
      this.#turn = turn;
    }
    const type = typeOf(event);
    this.links.add(record, type, commands);
    this.entries.push({
      index: record.record,
      t: record.t,
      type,
      source: record.source,
      generation: record.generation,
      stale: record.stale,
      turn: this.#turn,
      state: this.#state,
      changes: record.change === '[]' ? 0 : entryCount(record.change),
      commands: commands.length,
      error: errorOf(event, commands),
    });
  }
}

function entryCount(change: string): number {
  const entries: unknown = JSON.parse(change);
  return Array.isArray(entries) ? entries.length : 0;
}
