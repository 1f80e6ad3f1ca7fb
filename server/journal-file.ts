import { createReadStream } from 'node:fs';
import { z } from 'zod';
import type { JournalAudio, JournalPiece } from '../actors/ports/journal.ts';
import { ParleyError } from '../machines/errors.ts';
import { endLine, headerLine, recordLine } from '../machines/journal/lines.ts';
import {
  type Journal,
  type JournalHeader,
  type JournalRecord,
  requireFormat,
  sourceOf,
} from '../machines/journal/record.ts';
import { parseJson } from '../machines/json.ts';

// A journal as one file of JSON lines; the format is described in docs/reference/journal.md.

export interface JournalFile {
  readonly journal: Journal;
  readonly audio: readonly JournalAudio[];
}

type Head = Pick<Journal, 'header' | 'headerHash'>;

/** Maximum length of a line, in characters; a second of audio takes 64,000. */
const MAX_LINE = 16 * 1_024 * 1_024;
/** Maximum nesting depth of the JSON; the machine's own reaches about ten. */
const MAX_DEPTH = 100;

/** The lines of a journal's file, each with its line end. */
export function* journalLines({ journal, audio }: JournalFile): Generator<string, void, void> {
  yield `${headerLine(journal)}\n`;
  for (const piece of piecesOf({ journal, audio })) yield `${pieceLine(piece)}\n`;
}

/** Everything of a journal after its header, in the order of the file. */
export function* piecesOf({ journal, audio }: JournalFile): Generator<JournalPiece, void, void> {
  for (const record of journal.records) yield { type: 'record', record };
  for (const piece of audio) yield { type: 'audio', audio: piece };
  yield { type: 'end', footer: journal.footer };
}

/** Parses the text of a journal file. Throws JOURNAL_FORMAT if it is not one, JOURNAL_ALTERED at a line that was changed, and JOURNAL_GAP if the end is missing. `checkJournal` checks the records themselves.
 */
export function parseJournalFile(text: string, name: string): JournalFile {
  const file = new JournalCollector(name);
  for (const line of text.split('\n')) file.line(line);
  return file.end();
}

/** Reads a journal file from disk. Rejects with the errors of `parseJournalFile`, or with JOURNAL_UNREADABLE. */
export async function readJournalFile(path: string): Promise<JournalFile> {
  const file = new JournalCollector(path);
  for await (const line of fileLines(path)) file.line(line);
  return file.end();
}

class JournalCollector {
  readonly #reader: JournalFileReader;
  readonly #records: JournalRecord[] = [];
  readonly #audio: JournalAudio[] = [];
  #footer: Journal['footer'] | undefined;

  constructor(name: string) {
    this.#reader = new JournalFileReader(name);
  }

  line(line: string): void {
    const piece = this.#reader.line(line);
    if (piece?.type === 'record') this.#records.push(piece.record);
    else if (piece?.type === 'audio') this.#audio.push(piece.audio);
    else if (piece?.type === 'end') this.#footer = piece.footer;
  }

  end(): JournalFile {
    const head = this.#reader.head;
    if (!this.#footer) throw this.#reader.cut();
    return { journal: { ...head, records: this.#records, footer: this.#footer }, audio: this.#audio };
  }
}

/** Reads a journal's file line by line. */
export class JournalFileReader {
  readonly #name: string;
  #head: Head | undefined;
  #lines = 0;
  #records = 0;
  #ended = false;
  /** An empty line was read: either the one after the last line end, or damage. */
  #blank = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** Of the first line. */
  get head(): Head {
    if (!this.#head) throw new ParleyError('JOURNAL_FORMAT', `${this.#name}: its first line is not a header`);
    return this.#head;
  }

  /**
   * Parses the next line, with or without its `\r`. Undefined for the header and for the empty text after the last line
   * end.
   */
  line(text: string): JournalPiece | undefined {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    this.#lines += 1;
    if (tooDeep(line))
      throw new ParleyError(
        'JOURNAL_FORMAT',
        `${this.#name}: line ${this.#lines} is nested deeper than ${MAX_DEPTH}`,
      );
    if (!this.#head) {
      this.#head = parseHeader(line, this.#name);
      return undefined;
    }
    if (this.#ended) {
      if (line !== '')
        throw new ParleyError('JOURNAL_ALTERED', `${this.#name}: there are lines after its end`);
      return undefined;
    }
    const piece = this.#blank ? undefined : parseLine(line);
    if (!piece) {
      if (line !== '' || this.#blank)
        throw new ParleyError(
          'JOURNAL_ALTERED',
          `${this.#name}: record ${this.#records} is not as it was written`,
        );
      this.#blank = true;
      return undefined;
    }
    if (piece.type === 'record') this.#records += 1;
    this.#ended = piece.type === 'end';
    return piece;
  }

  /** The error for a file without an end line. */
  cut(): ParleyError {
    return new ParleyError('JOURNAL_GAP', `${this.#name}: record ${this.#records}, or the end, is missing`);
  }
}

/**
 * The lines of a file without line ends, one in memory at a time. Rejects with JOURNAL_UNREADABLE or JOURNAL_FORMAT.
 */
export async function* fileLines(path: string): AsyncGenerator<string, void, void> {
  let lines = 0;
  let line: string[] = [];
  let length = 0;
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const [first = '', ...rest] = String(chunk).split('\n');
      line.push(first);
      length += first.length;
      if (length > MAX_LINE)
        throw new ParleyError(
          'JOURNAL_FORMAT',
          `${path}: line ${lines + 1} is longer than ${MAX_LINE >> 20} MB`,
        );
      for (const next of rest) {
        lines += 1;
        yield line.join('');
        line = [next];
        length = next.length;
      }
    }
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new ParleyError('JOURNAL_UNREADABLE', error.message, { cause: error });
  }
  yield line.join('');
}

function tooDeep(line: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const character = line.charCodeAt(at);
    if (character === QUOTE) quoted = !quoted;
    else if (quoted) at += character === BACKSLASH ? 1 : 0;
    else if (character === BRACKET || character === BRACE) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (character === CLOSING_BRACKET || character === CLOSING_BRACE) depth -= 1;
  }
  return false;
}

const [QUOTE, BACKSLASH, BRACKET, BRACE, CLOSING_BRACKET, CLOSING_BRACE] = [
  0x22, 0x5c, 0x5b, 0x7b, 0x5d, 0x7d,
];

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

export function pieceLine(piece: JournalPiece): string {
  switch (piece.type) {
    case 'record':
      return recordLine(piece.record);
    case 'audio':
      return audioLine(piece.audio);
    case 'end':
      return endLine(piece);
  }
}

export function audioLine({ samples, direction, generation, sample, rate }: JournalAudio): string {
  const pcm = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('base64');
  return JSON.stringify({ type: 'audio', direction, generation, sample, rate, pcm });
}

function parseHeader(line: string, name: string): Head {
  const parsed = headerSchema.safeParse(parseJson(line));
  if (!parsed.success) {
    const begins = line.startsWith('{"type":"header"');
    throw new ParleyError(
      begins ? 'JOURNAL_ALTERED' : 'JOURNAL_FORMAT',
      `${name}: its first line is not a header`,
      {
        cause: parsed.error,
      },
    );
  }
  const { type: _, headerHash, ...header } = parsed.data;
  requireFormat(header.format, name);
  // Parameters and input are not parsed: their format belongs to the recording version, and the header's hash covers
  // them.
  return { header: header as typeof header & JournalHeader, headerHash };
}

/** Undefined unless the line is byte for byte what this module would write. */
function parseLine(line: string): JournalPiece | undefined {
  const parsed = lineSchema.safeParse(parseJson(line));
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
