import type { JournalRecord } from '../../../machines/journal/record.ts';

/** One step of one of two runs that are laid side by side. */
export interface Side {
  /** Record of the journal that it is, or was made from; undefined for a step that only this run has. */
  readonly record: number | undefined;
  /** ms since the session's start. */
  readonly t: number;
  readonly source: JournalRecord['source'];
  /** JSON. */
  readonly event: string;
  /** Where the statechart was after it, as JSON. */
  readonly value: string;
  /** JSON. */
  readonly commands: string;
  readonly stale: boolean;
  /** What the machine threw, if it did. */
  readonly thrown?: string;
}

/** A step of both runs, or of one. */
export interface Row {
  readonly left: Side | undefined;
  readonly right: Side | undefined;
  readonly same: boolean;
  /** What is to be said about it. */
  readonly why: string | undefined;
}

/** Index of the first row in which the runs differ; -1 if they do not. */
export function firstDifference(rows: readonly Row[]): number {
  return rows.findIndex(({ same }) => !same);
}
