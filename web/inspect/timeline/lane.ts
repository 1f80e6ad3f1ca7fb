import { lastWhere } from '../model/search.ts';

/** One thing on the time axis: a span, or a mark if it ends where it begins. */
export interface Item {
  /** ms since the session's start. */
  readonly from: number;
  /** Undefined while it lasts. */
  to: number | undefined;
  /** What it looks like: a class name. */
  kind: string;
  /** Text of the session's own: shown as text only. */
  label: string;
  /** Position of the record that began it. */
  readonly record: number;
  /** Which of the lane's rows it lies in. */
  readonly row: number;
}

export type NewItem = Pick<Item, 'from' | 'to' | 'kind' | 'label' | 'record'>;

/** Rows that a lane may take where its items overlap; more lie over each other. */
const MOST_ROWS = 3;

/** Items in the order of their beginnings. */
export class Lane {
  readonly name: string;
  readonly title: string;
  readonly items: Item[] = [];
  /** At least 1. */
  rows = 1;
  readonly #open = new Set<Item>();
  readonly #rowEnds: number[] = [];
  #longest = 0;

  constructor(name: string, title: string) {
    this.name = name;
    this.title = title;
  }

  add({ from, to, kind, label, record }: NewItem): Item {
    const begins = Math.max(from, this.items.at(-1)?.from ?? 0);
    const item: Item = { from: begins, to, kind, label, record, row: this.#rowFor(begins) };
    this.#rowEnds[item.row] = to ?? Number.POSITIVE_INFINITY;
    this.items.push(item);
    if (to === undefined) this.#open.add(item);
    else this.#longest = Math.max(this.#longest, to - begins);
    return item;
  }

  mark(at: number, kind: string, label: string, record: number): void {
    this.add({ from: at, to: at, kind, label, record });
  }

  /** Adds an item that lasts until `end` is called for it. */
  begin(from: number, kind: string, label: string, record: number): Item {
    return this.add({ from, to: undefined, kind, label, record });
  }

  end(item: Item, at: number, kind: string = item.kind): void {
    if (!this.#open.delete(item)) return;
    item.to = Math.max(at, item.from);
    item.kind = kind;
    this.#rowEnds[item.row] = item.to;
    this.#longest = Math.max(this.#longest, item.to - item.from);
  }

  /** Items that touch the window, in order. */
  *visible(from: number, to: number): Generator<Item> {
    const start = lastWhere(this.items, (item) => item.from < from - this.#longest) + 1;
    for (const item of this.#open) {
      const before = this.items[start];
      if (item.from <= to && (!before || item.from < before.from)) yield item;
    }
    for (let at = start; at < this.items.length; at++) {
      const item = this.items[at];
      if (!item || item.from > to) return;
      if ((item.to ?? Number.POSITIVE_INFINITY) >= from) yield item;
    }
  }

  #rowFor(from: number): number {
    const free = this.#rowEnds.findIndex((end) => end <= from);
    if (free >= 0) return free;
    if (this.rows === MOST_ROWS && this.#rowEnds.length === MOST_ROWS) return MOST_ROWS - 1;
    this.rows = Math.max(1, this.#rowEnds.length + 1);
    return this.#rowEnds.length;
  }
}
