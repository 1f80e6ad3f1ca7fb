import { describe, expect, it } from 'vitest';
import { linesOf, rowsOf } from './journal-lines.ts';
import type { JournalRow } from './journal-protocol.ts';
import { packed, unpacked, type Write } from './sqlite-protocol.ts';

const row: JournalRow = {
  session: 's',
  record: 7,
  seq: 6,
  t: 1_234.567,
  source: 'ear',
  generation: 2,
  stale: false,
  event: JSON.stringify({ type: 'text', text: 'two\nlines \u2028 "and" more \\n' }),
  change: '[["context.turn",1]]',
  commands: '[]',
  stateHash: 'a'.repeat(64),
  commandsHash: 'b'.repeat(64),
};

function append(change: Partial<JournalRow>): Write {
  return { op: 'appendJournal', row: { ...row, ...change } };
}

describe('journal rows on their way to the thread', () => {
  it('come out as they went in, among other writes, in order', () => {
    const writes: Write[] = [
      append({ record: 0, t: 0 }),
      { op: 'endSession', session: 's', endedAt: '2026-01-01T00:00:00.000Z' },
      append({ record: 1, t: 1e21, stale: true, event: 'null' }),
      append({ record: 2, session: 'a\nb' }),
      append({ record: 3, event: 'a\nb', source: '' }),
      {
        op: 'saveAudio',
        audio: {
          ...{ session: 's', direction: 'in', generation: 0, sample: 0, rate: 16_000 },
          pcm: Uint8Array.of(1, 2),
        },
      },
      append({ record: 4 }),
    ];
    expect(unpacked(packed(writes))).toEqual(writes);
    expect(unpacked(packed([]))).toEqual([]);
  });

  it('are refused if there are fewer than was said, or they are none', () => {
    const lines = linesOf(row) ?? '';
    const next = rowsOf(lines);
    expect(next()).toEqual(row);
    expect(next).toThrow();
    expect(rowsOf('')).toThrow();
    expect(rowsOf(lines.replace('\n7\n', '\nseven\n'))).toThrow();
    expect(rowsOf(lines.split('\n').slice(0, 11).join('\n'))).toThrow();
  });
});
