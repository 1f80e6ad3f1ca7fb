import type { Entry } from './entries.ts';

/** Kinds of events that a list can leave out. */
export const EVENT_FAMILIES = ['user', 'engines', 'playback', 'actions', 'timers'] as const;
export type EventFamily = (typeof EVENT_FAMILIES)[number];

/** Shown until something else is chosen. */
export const FAMILIES_AT_FIRST: ReadonlySet<EventFamily> = new Set(EVENT_FAMILIES);

const BY_SOURCE: Readonly<Record<string, EventFamily>> = {
  start: 'user',
  client: 'user',
  ear: 'user',
  timer: 'timers',
  playback: 'playback',
  actions: 'actions',
  lasting: 'actions',
};

/** The family of an event; children that have none of their own are engines. */
export function familyOf({ source }: Pick<Entry, 'source'>): EventFamily {
  return BY_SOURCE[source] ?? 'engines';
}

/** How many events of each family a growing journal has; each is looked at once. */
export class FamilyCounts {
  readonly #entries: readonly Entry[];
  readonly #counts = new Map<EventFamily, number>();
  #seen = 0;

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  of(family: EventFamily): number {
    for (; this.#seen < this.#entries.length; this.#seen++) {
      const entry = this.#entries[this.#seen];
      if (!entry) continue;
      const found = familyOf(entry);
      this.#counts.set(found, (this.#counts.get(found) ?? 0) + 1);
    }
    return this.#counts.get(family) ?? 0;
  }
}
