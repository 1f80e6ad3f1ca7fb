import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { endLine, headerLine, recordLine } from '../../../machines/journal/lines.ts';
import type { JournalHeader, JournalRecord } from '../../../machines/journal/record.ts';
import { sourceOf } from '../../../machines/journal/record.ts';
import { audioLine } from '../../journal-file.ts';
import type { Archive } from './archive.ts';
import { INSPECT_LIMITS, type JournalPage } from './wire.ts';

/** Sends a session's journal as a file of JSON lines (docs/reference/journal.md), page by page. */
export async function sendExport(
  response: ServerResponse,
  archive: Archive,
  session: string,
  audio: boolean,
): Promise<void> {
  const first = await archive.journal(session, 0, INSPECT_LIMITS.records);
  response.writeHead(200, {
    'Content-Type': 'application/jsonl; charset=utf-8',
    'Content-Disposition': `attachment; filename="${session}.jsonl"`,
    'Cache-Control': 'no-store',
  });
  for await (const line of linesOf(first, archive, session, audio)) {
    if (response.destroyed) return;
    if (!response.write(`${line}\n`)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}

async function* linesOf(
  first: JournalPage,
  archive: Archive,
  session: string,
  audio: boolean,
): AsyncGenerator<string, void, void> {
  // Parameters and input are not parsed: their format belongs to the recording version, and the header's hash covers
  // them.
  const header = first.header as typeof first.header & JournalHeader;
  yield headerLine({ header, headerHash: first.headerHash });
  for (let page = first; ; ) {
    for (const record of page.records) yield recordLine(journalRecord(record));
    if (page.next === null) break;
    page = await archive.journal(session, page.next, INSPECT_LIMITS.records);
  }
  for (let from: number | null = audio ? 0 : null; from !== null; ) {
    const page: Awaited<ReturnType<Archive['audio']>> = await archive.audio(
      session,
      from,
      INSPECT_LIMITS.pieces,
    );
    for (const { pcm, ...piece } of page.pieces) {
      const bytes = Uint8Array.from(Buffer.from(pcm, 'base64'));
      yield audioLine({ ...piece, samples: new Int16Array(bytes.buffer) });
    }
    from = page.next;
  }
  yield endLine({ footer: first.footer });
}

function journalRecord(record: JournalPage['records'][number]): JournalRecord {
  return { ...record, source: sourceOf(record.source) ?? 'start' };
}
