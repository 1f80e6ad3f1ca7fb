import type { JournalRecord } from './journal-record.ts';
import { CHILD_KINDS } from './session/events.ts';

const SOURCES: readonly JournalRecord['source'][] = ['start', 'client', 'ear', 'timer', ...CHILD_KINDS];

/** The source that a stored record names; undefined if there is none of that name. */
export function sourceOf(name: string): JournalRecord['source'] | undefined {
  return SOURCES.find((source) => source === name);
}
