import type { JournalRecord } from './journal-record.ts';
import { CHILD_KINDS } from './session/events.ts';

const SOURCES: readonly JournalRecord['source'][] = ['start', 'client', 'ear', 'timer', ...CHILD_KINDS];

/** Returns the source with this name in a stored record; undefined if unknown. */
export function sourceOf(name: string): JournalRecord['source'] | undefined {
  return SOURCES.find((source) => source === name);
}
