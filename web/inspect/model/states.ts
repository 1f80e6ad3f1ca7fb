import type { JournalRecord } from '../../../machines/journal/record.ts';
import { RecordedState } from '../../../machines/journal/state.ts';
import { isMap } from './entries.ts';

/** A whole state is kept every 128 records: applying 128 changes takes about 0.5 ms. */
const KEYFRAME_EVERY = 128;

/** So many states are kept of those that were asked for. */
const LATELY = 4;

/** The states of a journal, by record, from its changes alone. Appending is cheap, and so is any moment. */
export class States {
  readonly #records: readonly JournalRecord[];
  readonly #keyframes: RecordedState[] = [];
  #last = new RecordedState();
  #applied = 0;
  /** The states asked for last: views ask for the same ones, and for those beside them. */
  readonly #lately = new Map<number, RecordedState>();

  /** `records` may grow; `advance` takes in what came. */
  constructor(records: readonly JournalRecord[]) {
    this.#records = records;
  }

  /** Takes in the next record and gives the state after it; not to be kept, as the next call changes it. */
  advance(): RecordedState {
    const record = this.#records[this.#applied];
    if (!record) return this.#last;
    this.#last.apply(record.change);
    if (this.#applied % KEYFRAME_EVERY === 0) this.#keyframes.push(this.#last.copy());
    this.#applied += 1;
    return this.#last;
  }

  /** The state after the record; before the first, an empty one. Not to be changed. */
  at(index: number): RecordedState {
    const wanted = Math.min(index, this.#applied - 1);
    if (wanted < 0) return new RecordedState();
    const known = this.#lately.get(wanted);
    if (known) return known;
    const frame = Math.floor(wanted / KEYFRAME_EVERY);
    const first = frame * KEYFRAME_EVERY;
    const near = Math.max(-1, ...[...this.#lately.keys()].filter((at) => at >= first && at < wanted));
    const from = near < 0 ? first : near;
    const state = (this.#lately.get(from) ?? this.#keyframes[frame])?.copy() ?? new RecordedState();
    for (let at = from + 1; at <= wanted; at++) state.apply(this.#records[at]?.change ?? '[]');
    const [oldest] = this.#lately.keys();
    if (oldest !== undefined && this.#lately.size >= LATELY) this.#lately.delete(oldest);
    this.#lately.set(wanted, state);
    return state;
  }
}

/** One part of the state before and after an event; JSON, undefined where it was not there. */
export interface PartChange {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What differs between two states, in the order in which the record names it. */
export function changesOf(change: string, before: RecordedState, after: RecordedState): PartChange[] {
  const entries: unknown = JSON.parse(change);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    const name: unknown = Array.isArray(entry) ? entry[0] : undefined;
    return typeof name === 'string' ? [{ name, before: before.part(name), after: after.part(name) }] : [];
  });
}

/** The JSON of a whole state as one object: `value`, `ended` and the context, its reply put together again. */
export function stateTree(state: RecordedState): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [name, text] of state.parts()) place(tree, name.split('.'), JSON.parse(text));
  return tree;
}

function place(tree: Record<string, unknown>, [head = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) tree[head] = value;
  else {
    const inner = isMap(tree[head]) ? tree[head] : {};
    tree[head] = inner;
    place(inner, rest, value);
  }
}
