import { z } from 'zod';
import type { JournalAudio } from '../actors/ports/journal.ts';
import { canonicalJson } from '../machines/canonical.ts';
import { ParleyError } from '../machines/errors.ts';
import { sourceOf } from '../machines/journal-parse.ts';
import {
  JOURNAL_FORMAT,
  type Journal,
  type JournalHeader,
  type JournalRecord,
} from '../machines/journal-record.ts';

// A journal as one file of JSON lines; the format is described in docs/journal.md.

export interface JournalFile {
  readonly journal: Journal;
  readonly audio: readonly JournalAudio[];
}

/** The lines of a journal's file, each with its line end. */
export function* journalLines({ journal, audio }: JournalFile): Generator<string, void, void> {
  yield `${headerLine(journal)}\n`;
  for (const record of journal.records) yield `${recordLine(record)}\n`;
  for (const piece of audio) yield `${audioLine(piece)}\n`;
  yield `${endLine(journal)}\n`;
}

/**
 * Reads a journal's file. Throws JOURNAL_FORMAT if it is none, JOURNAL_ALTERED at a line that is not as it was written,
 * and JOURNAL_GAP if the end is missing. Whether the records are those of the session is for `checkJournal` to say.
 */
export function parseJournalFile(text: string, name: string): JournalFile {
  const [first = '', ...lines] = text.split('\n').map((line) => line.replace(/\r$/u, ''));
  const { header, headerHash } = parseHeader(first, name);
  const records: JournalRecord[] = [];
  const audio: JournalAudio[] = [];
  for (const [index, line] of lines.entries()) {
    const parsed = parseLine(line);
    if (parsed?.type === 'record') records.push(parsed.record);
    else if (parsed?.type === 'audio') audio.push(parsed.audio);
    else if (parsed?.type === 'end') {
      const rest = lines.slice(index + 1).some((one) => one !== '');
      if (rest) throw new ParleyError('JOURNAL_ALTERED', `${name}: there is more after its end`);
      return { journal: { header, headerHash, records, footer: parsed.footer }, audio };
    } else if (line === '' && lines.length === index + 1) break;
    else
      throw new ParleyError('JOURNAL_ALTERED', `${name}: record ${records.length} is not as it was written`);
  }
  throw new ParleyError('JOURNAL_GAP', `${name}: record ${records.length}, or the end, is missing`);
}

const headerSchema = z.strictObject({
  type: z.literal('header'),
  headerHash: z.string(),
  format: z.int(),
  session: z.string().min(1),
  machine: z.string(),
  version: z.string(),
  startedAt: z.string(),
  parameters: z.looseObject({}),
  input: z.looseObject({}),
});

const recordSchema = z.strictObject({
  type: z.literal('record'),
  record: z.int().nonnegative(),
  seq: z.int().nonnegative(),
  t: z.number(),
  source: z.string(),
  generation: z.int().nonnegative(),
  stale: z.boolean(),
  event: z.json(),
  change: z.array(z.json()),
  commands: z.array(z.json()),
  stateHash: z.string(),
  commandsHash: z.string(),
});

const audioSchema = z.strictObject({
  type: z.literal('audio'),
  direction: z.enum(['in', 'out']),
  generation: z.int().nonnegative(),
  sample: z.int().nonnegative(),
  rate: z.int().positive(),
  pcm: z.base64(),
});

const endSchema = z.strictObject({
  type: z.literal('end'),
  status: z.enum(['open', 'ended', 'incomplete']),
  records: z.int().nonnegative().nullable(),
});

const lineSchema = z.discriminatedUnion('type', [recordSchema, audioSchema, endSchema]);

export function headerLine({ header, headerHash }: Pick<Journal, 'header' | 'headerHash'>): string {
  const { format, session, machine, version, startedAt, parameters, input } = header;
  const facts = { type: 'header', format, session, machine, version, startedAt, headerHash };
  // The long part comes last, so that a person who looks at the file sees the rest.
  return `${JSON.stringify(facts).slice(0, -1)},"input":${canonicalJson(input)},"parameters":${canonicalJson(parameters)}}`;
}

export function recordLine(record: JournalRecord): string {
  const { seq, t, source, generation, stale, event, change, commands, stateHash, commandsHash } = record;
  const facts = JSON.stringify({ type: 'record', record: record.record, seq, t, source, generation, stale });
  const hashes = JSON.stringify({ stateHash, commandsHash });
  return `${facts.slice(0, -1)},"event":${event},"change":${change},"commands":${commands},${hashes.slice(1)}`;
}

export function audioLine({ samples, direction, generation, sample, rate }: JournalAudio): string {
  const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64');
  return JSON.stringify({ type: 'audio', direction, generation, sample, rate, pcm });
}

export function endLine({ footer: { status, records } }: Pick<Journal, 'footer'>): string {
  return JSON.stringify({ type: 'end', status, records });
}

function parseHeader(line: string, name: string): { header: JournalHeader; headerHash: string } {
  const parsed = headerSchema.safeParse(json(line));
  if (!parsed.success) {
    const begins = line.startsWith('{"type":"header"');
    throw new ParleyError(
      begins ? 'JOURNAL_ALTERED' : 'JOURNAL_FORMAT',
      `${name}: its first line is no header`,
      {
        cause: parsed.error,
      },
    );
  }
  const { type: _, headerHash, ...header } = parsed.data;
  if (header.format !== JOURNAL_FORMAT)
    throw new ParleyError(
      'JOURNAL_FORMAT',
      `${name} is of format ${header.format}; known: ${JOURNAL_FORMAT}`,
    );
  // What parameters and input are is the recording version's affair; the header's hash vouches for them.
  return { header: header as typeof header & JournalHeader, headerHash };
}

type Line =
  | { readonly type: 'record'; readonly record: JournalRecord }
  | { readonly type: 'audio'; readonly audio: JournalAudio }
  | { readonly type: 'end'; readonly footer: Journal['footer'] };

/** Undefined for a line that is not, byte for byte, one that is written here. */
function parseLine(line: string): Line | undefined {
  const parsed = lineSchema.safeParse(json(line));
  if (!parsed.success) return undefined;
  const { data } = parsed;
  if (data.type === 'record') {
    const { type, event, change, commands, source: name, ...facts } = data;
    const source = sourceOf(name);
    if (!source) return undefined;
    const texts = {
      event: JSON.stringify(event),
      change: JSON.stringify(change),
      commands: JSON.stringify(commands),
    };
    const record = { ...facts, source, ...texts };
    return recordLine(record) === line ? { type, record } : undefined;
  }
  if (data.type === 'audio') {
    const { type, pcm, ...facts } = data;
    const bytes = Uint8Array.from(Buffer.from(pcm, 'base64'));
    if (bytes.length % 2 !== 0) return undefined;
    return { type, audio: { ...facts, samples: new Int16Array(bytes.buffer) } };
  }
  const { type, ...footer } = data;
  return { type, footer };
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the schema refuses it
  }
}
