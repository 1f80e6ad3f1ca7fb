import { ParleyError } from '../errors.ts';
import type { EventSource } from '../log.ts';
import type { SessionParameters } from '../parameters.ts';
import { CHILD_KINDS } from '../session/children.ts';
import type { SessionInput } from '../session/model.ts';

/** Version of the journal's format: of records, of their hashes, and of the exported file. See docs/reference/journal.md. */
export const JOURNAL_FORMAT = 3;

/** The versions of Parley that read an older format. */
const READ_BY: Readonly<Record<number, string>> = { 1: '0.1.x', 2: '0.2.0' };

/** Throws JOURNAL_FORMAT unless this version reads `format`; the message names the version that does. */
export function requireFormat(format: number, name: string): void {
  if (format === JOURNAL_FORMAT) return;
  const reader = READ_BY[format] ?? (format > JOURNAL_FORMAT ? 'of a newer version' : undefined);
  const hint = reader === undefined ? 'no version reads it' : `read it with Parley ${reader}`;
  throw new ParleyError(
    'JOURNAL_FORMAT',
    `${name} is a journal of format ${format}: ${hint}; this version reads format ${JOURNAL_FORMAT}`,
  );
}

/** Header of a journal: everything that a fresh kernel needs to replay the session. */
export interface JournalHeader {
  readonly format: number;
  readonly session: string;
  /** Hash of the sources that decide a session's behaviour; see docs/reference/journal.md. */
  readonly machine: string;
  /** Version of Parley that recorded it. */
  readonly version: string;
  /** Wall-clock time of the start, ISO 8601. */
  readonly startedAt: string;
  /** The machine's parameters: the part of the configuration that affects decisions. */
  readonly parameters: SessionParameters;
  /** The session's input, including its seed. */
  readonly input: SessionInput;
}

/** One event and its effects. JSON is kept as text, because the hashes are computed over the text. */
export interface JournalRecord {
  /** Position in the journal, from 0 (the start) without gaps. */
  readonly record: number;
  /** The kernel's event number; for a stale event, the number of the last event before it. */
  readonly seq: number;
  /** ms since the session's start. */
  readonly t: number;
  readonly source: EventSource | 'start' | 'restored';
  /** Generation of the session after the event; for a stale event, of the child that sent it. */
  readonly generation: number;
  /** True if the event came from a child that had ended or was replaced: it had no effect. */
  readonly stale: boolean;
  /** `null` for the start; a `RestoredEvent` where another process resumes the session. */
  readonly event: string;
  /** Change of the state; see `StateText`. */
  readonly change: string;
  /** The resulting commands, in order. */
  readonly commands: string;
  readonly stateHash: string;
  readonly commandsHash: string;
}

/**
 * `open`: it was being written when last seen. `incomplete`: the store failed, and records after the last are missing.
 */
export type JournalStatus = 'open' | 'ended' | 'incomplete';

/** Status of a journal, besides its records. */
export interface JournalFooter {
  readonly status: JournalStatus;
  /** Number of records that it must have; null while it is open. */
  readonly records: number | null;
}

export interface Journal {
  readonly header: JournalHeader;
  /** As stored: a difference from `header` shows that one of them was changed. */
  readonly headerHash: string;
  readonly records: readonly JournalRecord[];
  readonly footer: JournalFooter;
}

/** SHA-256 of a text's UTF-8, in lower-case hex. Injected: this folder computes no hashes itself. */
export type Sha256 = (text: string) => string;

const SOURCES = ['start', 'restored', 'client', 'server', 'ear', 'timer', ...CHILD_KINDS] as const;

/** Returns the source with this name in a stored record; undefined if unknown. */
export function sourceOf(name: string): JournalRecord['source'] | undefined {
  return SOURCES.find((source) => source === name);
}
