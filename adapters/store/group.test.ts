import { expect, it } from 'vitest';
import { packed, unpacked } from './group.ts';
import type { JournalRow } from './journal-statements.ts';
import type { Write } from './operations.ts';

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
  return { op: 'appendJournal', args: { ...row, ...change } };
}

it('unpacking a group restores all writes in order, journal rows among the others', () => {
  const writes: Write[] = [
    append({ record: 0, t: 0 }),
    { op: 'endSession', args: { session: 's', endedAt: '2026-01-01T00:00:00.000Z' } },
    append({ record: 1, t: 1e21, stale: true, event: 'null' }),
    append({ record: 2, session: 'a\nb' }),
    append({ record: 3, event: 'a\nb', source: '' }),
    append({ record: 4 }),
  ];
  const group = packed(writes);
  expect(group.writes.filter((write) => write === null)).toHaveLength(3);
  expect(unpacked(group)).toEqual(writes);
  expect(unpacked(packed([]))).toEqual([]);
});

it('a group with fewer rows than placeholders is refused', () => {
  const { rows } = packed([append({})]);
  expect(() => unpacked({ writes: [null, null], rows })).toThrow(RangeError);
});
