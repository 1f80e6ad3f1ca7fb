import type { InspectStore } from '../actors/ports/inspect.ts';
import type { JournalPiece, JournalStore } from '../actors/ports/journal.ts';
import { sha256 } from '../adapters/store/sha256.ts';
import {
  checkEnd,
  checkHeader,
  checkRecord,
  faultError,
  type JournalFault,
} from '../machines/journal/check.ts';
import { headerLine } from '../machines/journal/lines.ts';
import type { Journal, JournalRecord } from '../machines/journal/record.ts';
import { fileLines, JournalFileReader, pieceLine } from './journal-file.ts';

// Journals from and to files, a page at a time: a journal need not fit into memory.

/** Records and pieces of audio read from the store at once. */
const RECORDS = 1_000;
const PIECES = 50;

/**
 * Imports the file at `path`; resolves with its session. If the file differs from the recording, rejects with the fault
 * and stores nothing.
 */
export async function importJournalFile(
  path: string,
  store: Pick<JournalStore, 'importJournal'>,
): Promise<string> {
  const lines = fileLines(path);
  const reader = new JournalFileReader(path);
  const { value: first = '' } = await lines.next();
  reader.line(first);
  const { head } = reader;
  try {
    await store.importJournal(head, checkedPieces(head, piecesOfLines(lines, reader)));
  } finally {
    await lines.return();
  }
  return head.header.session;
}

async function* piecesOfLines(
  lines: AsyncIterable<string>,
  reader: JournalFileReader,
): AsyncGenerator<JournalPiece, void, void> {
  let end: JournalPiece | undefined;
  for await (const line of lines) {
    const piece = reader.line(line);
    if (piece?.type === 'end') end = piece;
    else if (piece) yield piece;
  }
  // Only now is it certain that nothing follows the end line.
  if (!end) throw reader.cut();
  yield end;
}

/** Passes `pieces` on after checking them against their hashes and neighbours. Rejects with the first fault. */
async function* checkedPieces(
  head: Pick<Journal, 'header' | 'headerHash'>,
  pieces: AsyncIterable<JournalPiece>,
): AsyncGenerator<JournalPiece, void, void> {
  const records: JournalRecord[] = []; // checked ones are deleted again
  const journal = (footer: Journal['footer']): Journal => ({ ...head, records, footer });
  const open = journal({ status: 'open', records: null });
  const refuse = (fault: JournalFault | undefined) => {
    if (fault && fault.code !== 'JOURNAL_INCOMPLETE') throw faultError(fault);
  };
  refuse(checkHeader(open, sha256));
  for await (const piece of pieces) {
    const last = records.length - 1;
    if (piece.type === 'record') records.push(piece.record);
    if (last >= 0 && piece.type !== 'audio') refuse(checkRecord(open, last, sha256));
    if (piece.type === 'record') delete records[last - 1];
    if (piece.type === 'end') refuse(checkEnd(journal(piece.footer)));
    yield piece;
  }
}

/** The text of a session's journal file, one page of lines at a time. Rejects with SESSION_UNKNOWN. */
export async function* exportedText(
  store: InspectStore,
  session: string,
  audio: boolean,
): AsyncGenerator<string, void, void> {
  const head = await store.journalHead(session);
  yield `${headerLine(head)}\n`;
  for (let next = 0; ; ) {
    const records = await store.journalRecords(session, next, RECORDS);
    yield records.map((record) => `${pieceLine({ type: 'record', record })}\n`).join('');
    const last = records.at(-1);
    if (!last || records.length < RECORDS) break;
    next = last.record + 1;
  }
  for (let from = 0; audio; from += PIECES) {
    const pieces = await store.journalAudio(session, from, PIECES);
    yield pieces.map((piece) => `${pieceLine({ type: 'audio', audio: piece })}\n`).join('');
    if (pieces.length < PIECES) break;
  }
  yield `${pieceLine({ type: 'end', footer: head.footer })}\n`;
}
