import * as z from 'zod/mini';
import { ParleyError } from '../../../machines/errors.ts';
import { endLine, headerLine, recordLine } from '../../../machines/journal/lines.ts';
import {
  type JournalFooter,
  type JournalHeader,
  type JournalRecord,
  requireFormat,
} from '../../../machines/journal/record.ts';
import { parseJson } from '../../../machines/json.ts';
import { journalHeader, journalRecord } from '../../../server/endpoints/inspect/wire.ts';

/** A stretch of recorded sound, mono. */
export interface AudioPiece {
  readonly direction: 'in' | 'out';
  /** Of the reply; 0 for input. */
  readonly generation: number;
  /** Index of its first sample, from the start of the input or of the reply. */
  readonly sample: number;
  /** In Hz. */
  readonly rate: number;
  readonly samples: Int16Array;
}

/** A journal's file as the page shows it, also a truncated one. */
export interface JournalText {
  readonly header: JournalHeader;
  readonly headerHash: string;
  readonly records: readonly JournalRecord[];
  readonly footer: JournalFooter;
  readonly audio: readonly AudioPiece[];
  /** Error in the file, if it can still be shown. */
  readonly trouble: string | undefined;
}

const head = z.extend(journalHeader, { type: z.literal('header'), headerHash: z.string() });

const record = z.extend(z.omit(journalRecord, { event: true, change: true, commands: true }), {
  type: z.literal('record'),
  event: z.unknown(),
  change: z.array(z.unknown()),
  commands: z.array(z.unknown()),
});

const audio = z.object({
  type: z.literal('audio'),
  direction: z.enum(['in', 'out']),
  generation: z.int(),
  sample: z.int(),
  rate: z.int().check(z.positive()),
  pcm: z.string(),
});

const end = z.object({
  type: z.literal('end'),
  status: z.enum(['open', 'ended', 'incomplete']),
  records: z.nullable(z.int()),
});

const line = z.discriminatedUnion('type', [record, audio, end]);

/**
 * Reads a journal's file (docs/reference/journal.md) up to the first error. Throws JOURNAL_FORMAT if it is not a journal. The replay
 * checks its hashes.
 */
export function parseJournalText(text: string, name: string): JournalText {
  const [first = '', ...rest] = text.split('\n');
  const parsed = head.safeParse(parseJson(first));
  if (!parsed.success)
    throw new ParleyError('JOURNAL_FORMAT', `${name}: its first line is not a header`, {
      cause: parsed.error,
    });
  const { type: _, headerHash, ...header } = parsed.data;
  requireFormat(header.format, name);
  const body = parseBody(rest);
  // What parameters and input are are defined by the recording version; the header's hash covers them.
  return { header: header as typeof header & JournalHeader, headerHash, ...body };
}

function parseBody(lines: readonly string[]): Omit<JournalText, 'header' | 'headerHash'> {
  const records: JournalRecord[] = [];
  const audio: AudioPiece[] = [];
  const body = { records, audio };
  const cut: JournalFooter = { status: 'incomplete', records: null };
  for (const [index, one] of lines.entries()) {
    if (one.trim() === '') continue;
    const parsed = line.safeParse(parseJson(one));
    if (!parsed.success)
      return { ...body, footer: cut, trouble: `line ${index + 2} cannot be read; what follows is not shown` };
    const { data } = parsed;
    if (data.type === 'end')
      return { ...body, footer: { status: data.status, records: data.records }, trouble: undefined };
    if (data.type === 'audio') audio.push(audioPiece(data));
    else {
      const { type: _, event, change, commands, ...facts } = data;
      if (facts.record !== records.length)
        return {
          ...body,
          footer: cut,
          trouble: `record ${records.length} is missing; what follows is not shown`,
        };
      records.push({
        ...facts,
        event: JSON.stringify(event),
        change: JSON.stringify(change),
        commands: JSON.stringify(commands),
      });
    }
  }
  return { ...body, footer: cut, trouble: 'the end of the file is missing' };
}

/** A piece as it comes over the wire or from a file: PCM16LE in base64. */
export function audioPiece({ pcm, ...facts }: Omit<AudioPiece, 'samples'> & { pcm: string }): AudioPiece {
  const { direction, generation, sample, rate } = facts;
  return { direction, generation, sample, rate, samples: samplesOf(pcm) };
}

function samplesOf(base64: string): Int16Array {
  let binary = '';
  try {
    binary = atob(base64);
  } catch {
    return new Int16Array(0); // not base64: there is nothing to play
  }
  const samples = new Int16Array(binary.length >> 1);
  for (let n = 0; n < samples.length; n++)
    samples[n] = binary.charCodeAt(2 * n) | (binary.charCodeAt(2 * n + 1) << 8);
  return samples;
}

/** A journal as a file's text, the same as the server exports it, without audio. */
export function journalText(journal: Omit<JournalText, 'audio' | 'trouble'>): string {
  return `${[headerLine(journal), ...journal.records.map(recordLine), endLine(journal)].join('\n')}\n`;
}
