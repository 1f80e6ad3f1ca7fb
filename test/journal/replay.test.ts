import { beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../adapters/store/sha256.ts';
import { checkJournal } from '../../machines/journal/check.ts';
import type { Journal, JournalRecord } from '../../machines/journal/record.ts';
import { replayAgainst, replayJournal } from '../../machines/journal/replay.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import { SessionKernel } from '../../machines/kernel.ts';
import type { SessionEvent } from '../../machines/session/events.ts';
import { recordedJournal } from './harness.ts';

let journal: Journal;
beforeAll(async () => {
  journal = await recordedJournal();
});

function kernel({ header }: Journal): SessionKernel {
  return new SessionKernel(header.parameters, header.input);
}

function replay(of: Journal, untilSeq?: number) {
  return replayJournal(of, { kernel: kernel(of), sha256, ...(untilSeq === undefined ? {} : { untilSeq }) });
}

function withRecords(records: readonly JournalRecord[]): Journal {
  return { ...journal, records };
}

/** Replaces the byte in the middle by another. */
function flipped(text: string): string {
  const at = Math.floor(text.length / 2);
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
}

const FLIPS: readonly ((record: JournalRecord) => JournalRecord)[] = [
  (record) => ({ ...record, seq: record.seq ^ 1 }),
  (record) => ({ ...record, t: record.t + 0.001 }),
  (record) => ({ ...record, source: record.source === 'ear' ? 'client' : 'ear' }),
  (record) => ({ ...record, generation: record.generation ^ 1 }),
  (record) => ({ ...record, stale: !record.stale }),
  (record) => ({ ...record, event: flipped(record.event) }),
  (record) => ({ ...record, change: flipped(record.change) }),
  (record) => ({ ...record, commands: flipped(record.commands) }),
  (record) => ({ ...record, stateHash: flipped(record.stateHash) }),
  (record) => ({ ...record, commandsHash: flipped(record.commandsHash) }),
];

describe('a recorded conversation', () => {
  it('contains an interruption, timers and children of every kind', () => {
    const sources = new Set(journal.records.map(({ source }) => source));
    expect([...sources].sort()).toEqual(
      ['actions', 'client', 'ear', 'llm', 'playback', 'start', 'stt', 'timer', 'tts'].sort(),
    );
    expect(journal.records.some(({ commands }) => commands.includes('"flush"'))).toBe(true);
    expect(journal.footer).toEqual({ status: 'ended', records: journal.records.length });
  });

  it('replays identically, hash by hash', () => {
    const { difference, fault, records, stateHash } = replay(journal);
    expect({ difference, fault }).toEqual({});
    expect(records).toBe(journal.records.length);
    expect(stateHash).toBe(journal.records.at(-1)?.stateHash);
  });

  it('is replayed up to an event, even if a later record is damaged', () => {
    const cut = withRecords(journal.records.map((one) => (one.seq > 20 ? { ...one, event: '{}' } : one)));
    const result = replay(cut, 20);
    expect(result.seq).toBe(20);
    expect(result.fault ?? result.difference).toBeUndefined();
  });
});

it('a stale event is recorded and has no effect', () => {
  const { header } = journal;
  const recorded = kernel(journal);
  const writer = new JournalWriter(journal.headerHash, sha256);
  const records = [writer.start(recorded, recorded.initial)];
  const step = (event: SessionEvent, atMs: number) =>
    records.push(writer.step(recorded, recorded.step(event, atMs), event, 'client'));
  step({ type: 'text', text: 'hello' }, 10);
  step({ type: 'interrupt' }, 20);
  records.push(writer.stale({ type: 'llm.delta', text: 'too late' }, 'llm', 1, 21));
  step({ type: 'bye' }, 30);
  expect(records.map(({ record, seq, stale }) => [record, seq, stale])).toEqual([
    [0, 0, false],
    [1, 1, false],
    [2, 2, false],
    [3, 2, true],
    [4, 3, false],
  ]);
  const whole: Journal = {
    header,
    headerHash: journal.headerHash,
    records,
    footer: { status: 'ended', records: 5 },
  };
  expect(replay(whole)).toEqual({ records: 5, stale: 1, seq: 3, stateHash: records[4]?.stateHash });
  expect(replay({ ...whole, records: records.toSpliced(3, 1) }).fault).toMatchObject({
    code: 'JOURNAL_GAP',
    record: 3,
  });
});

describe('a journal that was tampered with', () => {
  it.each(FLIPS.map((flip, index) => [index, flip] as const))(
    'is refused at the record of which something was changed (field %i)',
    (_, flip) => {
      for (const [index, record] of journal.records.entries()) {
        if (index % 7 !== 0) continue;
        const altered = withRecords(journal.records.with(index, flip(record)));
        const expected = { code: 'JOURNAL_ALTERED', record: index };
        expect(checkJournal(altered, sha256)).toMatchObject(expected);
        expect(replay(altered).fault).toMatchObject(expected);
      }
    },
  );

  it('is refused at each missing record', () => {
    for (const index of journal.records.keys()) {
      const missing = withRecords(journal.records.toSpliced(index, 1));
      const expected = { code: 'JOURNAL_GAP', record: index };
      expect(checkJournal(missing, sha256)).toMatchObject(expected);
      if (index % 11 === 0) expect(replay(missing).fault).toMatchObject(expected);
    }
  });

  it('is refused at each swapped pair of records', () => {
    for (const [index, record] of journal.records.entries()) {
      const next = journal.records[index + 1];
      if (!next) continue;
      const swapped = withRecords(journal.records.with(index, next).with(index + 1, record));
      const renumbered = withRecords(
        journal.records
          .with(index, { ...next, record: index })
          .with(index + 1, { ...record, record: index + 1 }),
      );
      expect(checkJournal(swapped, sha256)).toMatchObject({ code: 'JOURNAL_ORDER', record: index });
      expect(['JOURNAL_ORDER', 'JOURNAL_ALTERED']).toContain(checkJournal(renumbered, sha256)?.code);
      if (index % 11 === 0)
        expect(replay(swapped).fault).toMatchObject({ code: 'JOURNAL_ORDER', record: index });
    }
  });

  it('is refused if its header was changed', () => {
    const other = { ...journal, header: { ...journal.header, input: { ...journal.header.input, seed: 8 } } };
    expect(replay(other).fault).toMatchObject({ code: 'JOURNAL_ALTERED', record: -1 });
  });

  it('is refused if records were added after its end', () => {
    const [first] = journal.records;
    if (!first) throw new Error('empty');
    const longer = withRecords([...journal.records, first]);
    expect(replay(longer).fault?.record).toBe(journal.records.length);
  });

  it('is replayed to its last record and reported as incomplete if the store had failed', () => {
    const incomplete = {
      ...withRecords(journal.records.slice(0, 30)),
      footer: { status: 'incomplete' as const, records: null },
    };
    expect(replay(incomplete)).toMatchObject({
      records: 30,
      fault: { code: 'JOURNAL_INCOMPLETE', record: 30 },
    });
  });
});

describe('another version of the machine', () => {
  const lazy = { delayMs: 777, completeDelayMs: 777, incompleteDelayMs: 777 };

  it('is reported at the first event with a different decision, with both sides', () => {
    const { header } = journal;
    const parameters = {
      ...header.parameters,
      endpointing: { ...header.parameters.endpointing, ...lazy },
    };
    const { difference } = replayAgainst(journal, new SessionKernel(parameters, header.input));
    expect(difference).toMatchObject({ source: 'ear', differs: 'commands' });
    const delay = /"delayMs":\d+,"id":"[^"]*endpointDelay/u;
    expect(difference?.recorded.commands.join()).toMatch(delay);
    expect(difference?.replayed.commands.join()).toMatch(delay);
    expect(difference?.recorded.commands).not.toEqual(difference?.replayed.commands);
    expect(difference?.recorded.state).toEqual(difference?.replayed.state);
  });

  it('has no difference if its decisions are the same', () => {
    expect(replayAgainst(journal, kernel(journal))).toEqual({ records: journal.records.length });
  });

  it('that throws is reported as a difference', () => {
    const { header } = journal;
    const parameters = { ...header.parameters, words: JSON.parse('{}') };
    const { difference } = replayAgainst(journal, new SessionKernel(parameters, header.input));
    expect(difference?.thrown).toBeDefined();
  });
});
