import { type EventFamily, FAMILIES_AT_FIRST, familyOf } from './event-families.ts';
import { lastWhere } from './search.ts';
import type { SessionLog } from './session-log.ts';

export interface EventFilter {
  /** Found in the event or in the commands. */
  readonly text: string;
  readonly families: ReadonlySet<EventFamily>;
  /** `moves`: what moved the machine or caused something. */
  readonly kind: 'all' | 'moves' | 'stale' | 'errors';
}

export const NO_EVENT_FILTER: EventFilter = { text: '', families: FAMILIES_AT_FIRST, kind: 'all' };

/** The records of a growing journal that match a filter; each is looked at once. */
export class EventMatches {
  readonly #log: SessionLog;
  readonly #filter: EventFilter;
  readonly #text: string;
  readonly #found: number[] = [];
  #seen = 0;

  constructor(log: SessionLog, filter: EventFilter) {
    this.#log = log;
    this.#filter = filter;
    this.#text = filter.text.toLowerCase();
  }

  /** Records, in order. */
  found(): readonly number[] {
    for (; this.#seen < this.#log.entries.length; this.#seen++)
      if (this.#matches(this.#seen)) this.#found.push(this.#seen);
    return this.#found;
  }

  /** Position among the found of the last one at or before `record`; -1 if there is none. */
  positionOf(record: number): number {
    return lastWhere(this.found(), (one) => one <= record);
  }

  #matches(index: number): boolean {
    const entry = this.#log.entries[index];
    const record = this.#log.records[index];
    if (!entry || !record) return false;
    const { families, kind } = this.#filter;
    if (!families.has(familyOf(entry))) return false;
    if (kind === 'stale' && !entry.stale) return false;
    if (kind === 'errors' && entry.error === undefined) return false;
    if (kind === 'moves' && entry.commands === 0 && !record.change.includes('"value"')) return false;
    if (this.#text === '') return true;
    return (
      record.event.toLowerCase().includes(this.#text) || record.commands.toLowerCase().includes(this.#text)
    );
  }
}
