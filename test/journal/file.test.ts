import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../adapters/store/sha256.ts';
import { ParleyError } from '../../machines/errors.ts';
import { checkJournal, faultError } from '../../machines/journal/check.ts';
import { type JournalFile, journalLines, parseJournalFile } from '../../server/journal-file.ts';
import { recordedJournal } from './harness.ts';

let file: JournalFile;
let lines: string[];
/** The first records only, where each flip of a byte requires reading the whole file again. */
let short: string[];
beforeAll(async () => {
  const samples = Int16Array.of(0, 1, -32_768, 32_767);
  const audio = [{ direction: 'out' as const, generation: 1, sample: 480, rate: 24_000, samples }];
  file = { journal: await recordedJournal(), audio };
  lines = [...journalLines(file)];
  const { records, ...rest } = file.journal;
  const footer = { status: 'open' as const, records: null };
  short = [...journalLines({ journal: { ...rest, footer, records: records.slice(0, 12) }, audio: [] })];
});

/** The error code for a text, from reading or checking; undefined if it is accepted. */
function refusal(text: string): string | undefined {
  try {
    const fault = checkJournal(parseJournalFile(text, 'file').journal, sha256);
    return fault && `${fault.code}: ${faultError(fault).message}`;
  } catch (error) {
    if (error instanceof ParleyError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('a journal file', () => {
  it('is read as it was written, including audio', () => {
    expect(parseJournalFile(lines.join(''), 'file')).toEqual(file);
    expect(parseJournalFile(lines.join('').replaceAll('\n', '\r\n'), 'file')).toEqual(file);
    expect(refusal(lines.join(''))).toBeUndefined();
  });

  it('is refused at the record in which any one byte was flipped', () => {
    expect(refusal(short.join(''))).toBeUndefined();
    for (const index of [1, 2, 6, 12]) {
      const line = short[index] ?? '';
      for (let at = 0; at < line.length - 1; at += 7) {
        for (const bit of [1, 32]) {
          const bytes = Buffer.from(line);
          bytes[at] = (bytes[at] ?? 0) ^ bit;
          const text = short.with(index, bytes.toString()).join('');
          expect(refusal(text), `byte ${at} of record ${index - 1}`).toMatch(
            new RegExp(`^JOURNAL_(ALTERED|GAP|ORDER): .*record ${index - 1}\\b`, 'u'),
          );
        }
      }
    }
  });

  it('is refused if any one byte of its header was flipped', () => {
    const [line = ''] = short;
    for (let at = 0; at < line.length - 1; at += 17) {
      const bytes = Buffer.from(line);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(refusal(short.with(0, bytes.toString()).join('')), `byte ${at}`).toMatch(
        /^JOURNAL_(ALTERED|FORMAT)/u,
      );
    }
  });

  it('is refused with separate codes for a missing record, a moved record and a missing end', () => {
    expect(refusal(lines.toSpliced(8, 1).join(''))).toMatch(/^JOURNAL_GAP: .*record 7:/u);
    expect(
      refusal(
        lines
          .with(8, lines[9] ?? '')
          .with(9, lines[8] ?? '')
          .join(''),
      ),
    ).toMatch(/^JOURNAL_ORDER: .*record 7:/u);
    expect(refusal(lines.slice(0, 12).join(''))).toMatch(/^JOURNAL_GAP: .*record 11\b/u);
    expect(refusal([...lines, lines[3] ?? ''].join(''))).toMatch(/^JOURNAL_ALTERED/u);
  });

  it('is refused if it is another file, or has another format', () => {
    expect(refusal('')).toMatch(/^JOURNAL_FORMAT/u);
    expect(refusal('{"hello":1}\n')).toMatch(/^JOURNAL_FORMAT/u);
    const ofFormat = (format: number) => refusal(lines.join('').replace('"format":3', `"format":${format}`));
    expect(ofFormat(1)).toMatch(/^JOURNAL_FORMAT.* format 1: read it with Parley 0\.1\.x; .* format 3$/u);
    expect(ofFormat(2)).toMatch(/^JOURNAL_FORMAT.* format 2: read it with Parley 0\.2\.0; .* format 3$/u);
    expect(ofFormat(4)).toMatch(/^JOURNAL_FORMAT.* format 4: read it with Parley of a newer version/u);
  });
});
