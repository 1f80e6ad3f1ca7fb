import { canonicalJson } from '../json.ts';
import type { Journal, JournalRecord } from './record.ts';

// The lines of a journal's file, as docs/reference/journal.md describes them, without line ends.

export function headerLine({ header, headerHash }: Pick<Journal, 'header' | 'headerHash'>): string {
  const { format, session, machine, version, startedAt, parameters, input } = header;
  const facts = { type: 'header', format, session, machine, version, startedAt, headerHash };
  // The long part comes last, so that the rest is easy to read in the file.
  return `${JSON.stringify(facts).slice(0, -1)},"input":${canonicalJson(input)},"parameters":${canonicalJson(parameters)}}`;
}

export function recordLine(record: JournalRecord): string {
  const { seq, t, source, generation, stale, event, change, commands, stateHash, commandsHash } = record;
  const facts = JSON.stringify({ type: 'record', record: record.record, seq, t, source, generation, stale });
  const hashes = JSON.stringify({ stateHash, commandsHash });
  return `${facts.slice(0, -1)},"event":${event},"change":${change},"commands":${commands},${hashes.slice(1)}`;
}

export function endLine({ footer: { status, records } }: Pick<Journal, 'footer'>): string {
  return JSON.stringify({ type: 'end', status, records });
}
