import { type ErrorCode, ParleyError } from '../errors.ts';
import type { Journal, JournalRecord, Sha256 } from './record.ts';
import { chainAfter, headerHash, stateHashOf } from './writer.ts';

/** Why a journal is rejected, and at which record; -1 for the header, which precedes record 0. */
export interface JournalFault {
  readonly code: Extract<ErrorCode, `JOURNAL_${string}`>;
  readonly record: number;
  readonly detail: string;
}

export function faultError({ code, record, detail }: JournalFault): ParleyError {
  return new ParleyError(code, record < 0 ? detail : `record ${record}: ${detail}`);
}

/** Checks that the header is unchanged. */
export function checkHeader(
  { header, headerHash: stored }: Journal,
  sha256: Sha256,
): JournalFault | undefined {
  if (headerHash(header, sha256) === stored) return undefined;
  return { code: 'JOURNAL_ALTERED', record: -1, detail: 'the header is not the one that was recorded' };
}

/**
 * Checks that the record at `index` exists, is in its place and is unchanged; assumes that earlier records are valid.
 */
export function checkRecord(journal: Journal, index: number, sha256: Sha256): JournalFault | undefined {
  const record = journal.records[index];
  if (!record) return undefined;
  const fault = (code: JournalFault['code'], detail: string) => ({ code, record: index, detail });
  const before = chainBefore(journal, index);
  if (record.record !== index) {
    const elsewhere = journal.records.some((other) => other.record === index);
    return elsewhere || record.record < index
      ? fault('JOURNAL_ORDER', `record ${record.record} stands in its place`)
      : fault('JOURNAL_GAP', `it is missing; record ${record.record} comes next`);
  }
  if (intact(record, before, sha256)) return undefined;
  // Two swapped neighbours with swapped numbers: each fits in the other's place.
  const next = journal.records[index + 1];
  if (next && intact({ ...next, record: index }, before, sha256))
    return fault('JOURNAL_ORDER', 'it has changed places with the next one');
  return fault('JOURNAL_ALTERED', 'it is not as it was written: its hashes do not fit');
}

/** Checks that the journal is complete. */
export function checkEnd({ records, footer }: Journal): JournalFault | undefined {
  const missing = footer.records !== null && records.length < footer.records;
  if (missing)
    return {
      code: 'JOURNAL_GAP',
      record: records.length,
      detail: `it and all after it are missing; there were ${footer.records}`,
    };
  if (footer.records !== null && records.length > footer.records)
    return {
      code: 'JOURNAL_ALTERED',
      record: footer.records,
      detail: 'the session had ended before it',
    };
  if (footer.status === 'incomplete')
    return {
      code: 'JOURNAL_INCOMPLETE',
      record: records.length,
      detail: 'the store failed here; what happened after it was not recorded',
    };
  return undefined;
}

/** Checks a whole journal from its text alone, without stepping a machine. Undefined if it is valid. */
export function checkJournal(journal: Journal, sha256: Sha256): JournalFault | undefined {
  const header = checkHeader(journal, sha256);
  if (header) return header;
  for (let index = 0; index < journal.records.length; index++) {
    const fault = checkRecord(journal, index, sha256);
    if (fault) return fault;
  }
  return checkEnd(journal);
}

function chainBefore({ headerHash: header, records }: Journal, index: number): string {
  const before = records[index - 1];
  return before ? chainAfter(before) : header;
}

function intact(record: JournalRecord, before: string, sha256: Sha256): boolean {
  return (
    stateHashOf(record, before, sha256) === record.stateHash &&
    sha256(record.commands) === record.commandsHash
  );
}
