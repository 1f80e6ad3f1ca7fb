import { ParleyError } from './errors.ts';
import type { EventSource } from './log.ts';
import type { SessionParameters } from './parameters.ts';
import type { SessionInput } from './session/context.ts';

/** Version of the journal's format: of records, of their hashes, and of the exported file. See docs/journal.md. */
export const JOURNAL_FORMAT = 2;

/** The versions of Parley that read an older format. */
const READ_BY: Readonly<Record<number, string>> = { 1: '0.1.x' };

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

/** What a journal begins with: all that a fresh kernel needs to live through the session again. */
export interface JournalHeader {
  readonly format: number;
  readonly session: string;
  /** Of the sources that decide; see docs/journal.md. */
  readonly machine: string;
  /** Version of Parley that recorded it. */
  readonly version: string;
  /** Wall-clock time of the start, ISO 8601. */
  readonly startedAt: string;
  /** What the machine was made with: the part of the configuration that decides. */
  readonly parameters: SessionParameters;
  /** What the session was born with, its seed included. */
  readonly input: SessionInput;
}

/** One event and what came of it. JSON is kept as text: it is what the hashes are of. */
export interface JournalRecord {
  /** Position in the journal, from 0 (the start itself) without a gap. */
  readonly record: number;
  /** The kernel's count of events: of this one, or, if it was stale, of the last one before it. */
  readonly seq: number;
  /** ms since the session's start. */
  readonly t: number;
  readonly source: EventSource | 'start';
  /** The session's after the event; of a stale event, that of the child it came from. */
  readonly generation: number;
  /** True if the event came from a child that had ended or was replaced: it changed nothing. */
  readonly stale: boolean;
  /** `null` for the start. */
  readonly event: string;
  /** What it changed in the state; see `StateText`. */
  readonly change: string;
  /** The commands that it caused, in order. */
  readonly commands: string;
  readonly stateHash: string;
  readonly commandsHash: string;
}

/** `open`: it was being written when last seen. `incomplete`: the store failed, and records after the last are missing. */
export type JournalStatus = 'open' | 'ended' | 'incomplete';

/** How a journal stands, besides its records. */
export interface JournalFooter {
  readonly status: JournalStatus;
  /** How many records it must have; null while it is open. */
  readonly records: number | null;
}

export interface Journal {
  readonly header: JournalHeader;
  /** As stored: if it is not that of `header`, somebody changed one of them. */
  readonly headerHash: string;
  readonly records: readonly JournalRecord[];
  readonly footer: JournalFooter;
}

/** SHA-256 of a text's UTF-8, in lower-case hex. Given from outside: this folder computes no hashes itself. */
export type Sha256 = (text: string) => string;
