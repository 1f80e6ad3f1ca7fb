import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { restepped } from '../lab/bench/inspector-journal.ts';
import type { JournalRecord } from '../machines/journal/record.ts';
import { replaySteps } from '../machines/journal/replay.ts';
import { RecordedState } from '../machines/journal/state.ts';
import { type KernelEvent, SessionKernel } from '../machines/kernel.ts';
import { journalLines, parseJournalFile } from '../server/journal-file.ts';
import { align } from '../web/inspect/model/align.ts';
import { compareSessions } from '../web/inspect/model/compare.ts';
import { journalText, parseJournalText } from '../web/inspect/model/journal-text.ts';
import { firstDifference, type Row } from '../web/inspect/model/rows.ts';
import { SessionLog } from '../web/inspect/model/session-log.ts';
import { sha256 } from '../web/inspect/model/sha256.ts';
import { runInSlices } from '../web/inspect/model/slices.ts';
import { stateTree } from '../web/inspect/model/states.ts';
import { Tracer } from '../web/inspect/model/tracing.ts';
import { type Changes, liveAgain } from '../web/inspect/model/what-if.ts';

/** A real conversation, as the machine of this version decides. */
const golden = (name: string) =>
  restepped(readFileSync(fileURLToPath(new URL(`./golden/${name}.jsonl`, import.meta.url)), 'utf8'), name);

function opened(name: string): SessionLog {
  const file = parseJournalText(golden(name), name);
  const log = new SessionLog({ ...file, origin: 'file' });
  log.append(file.records);
  log.footer = file.footer;
  return log;
}

function drained<T>(job: Generator<unknown, T, undefined>): T {
  for (;;) {
    const step = job.next();
    if (step.done) return step.value;
  }
}

const again = (log: SessionLog, changes: Changes): Row[] =>
  drained(liveAgain(log.header, log.records, changes));
const recordOf = (log: SessionLog, type: string) =>
  log.entries.find((entry) => entry.type === type)?.index ?? -1;

describe('a journal as a file', () => {
  it.each(['spoken', 'barge-in', 'failing-engine', 'worker-death'])(
    '%s is read as the server reads it, and written as the server writes it',
    (name) => {
      const text = golden(name);
      const file = parseJournalText(text, name);
      const { journal } = parseJournalFile(text, name);
      expect(file).toMatchObject({ ...journal, trouble: undefined });
      expect(journalText(file)).toBe([...journalLines({ journal, audio: [] })].join(''));
    },
  );

  it('is shown as far as it goes if it was cut short, and refused if it is none', () => {
    const lines = golden('spoken').split('\n');
    const cut = parseJournalText(lines.slice(0, 20).join('\n'), 'cut');
    expect(cut.records).toHaveLength(19);
    expect(cut.trouble).toMatch(/end of the file is missing/u);
    const torn = parseJournalText([...lines.slice(0, 20), '{"type":"rec'].join('\n'), 'torn');
    expect(torn.records).toHaveLength(19);
    expect(torn.trouble).toMatch(/line 21/u);
    const hole = parseJournalText([...lines.slice(0, 10), ...lines.slice(11)].join('\n'), 'hole');
    expect(hole.records).toHaveLength(9);
    expect(hole.trouble).toMatch(/record 9 is missing/u);
    for (const text of ['', 'hello', '{}', '{"type":"header"}', '\0\0\0'])
      expect(() => parseJournalText(text, 'none')).toThrow(
        expect.objectContaining({ code: 'JOURNAL_FORMAT' }),
      );
  });

  it('brings its audio', () => {
    const lines = golden('spoken').split('\n');
    const audio = JSON.stringify({
      type: 'audio',
      direction: 'in',
      generation: 0,
      sample: 5,
      rate: 16000,
      pcm: 'AQD//w==',
    });
    const end = lines.findIndex((line) => line.startsWith('{"type":"end"'));
    lines.splice(end, 0, audio);
    const [piece] = parseJournalText(lines.join('\n'), 'audio').audio;
    expect(piece).toMatchObject({ direction: 'in', sample: 5, rate: 16000 });
    expect([...(piece?.samples ?? [])]).toEqual([1, -1]);
  });
});

describe('a session in the page', () => {
  it('knows the state of every moment, whichever is asked for first', () => {
    const log = opened('barge-in');
    const state = new RecordedState();
    const expected = log.records.map((record) => {
      state.apply(record.change);
      return [...state.parts()];
    });
    for (const index of [...log.records.keys()].reverse())
      expect([...log.stateAt(index).parts()]).toEqual(expected[index]);
    expect([...log.stateAt(-1).parts()]).toEqual([]);
  });

  it('agrees with a kernel about the public state, the turn and the chart', () => {
    const log = opened('barge-in');
    const kernel = new SessionKernel(log.header.parameters, log.header.input);
    for (const record of log.records) {
      if (record.source === 'timer') kernel.popTimer(record.t);
      if (record.record > 0 && !record.stale) kernel.step(JSON.parse(record.event), record.t);
      expect(log.entries[record.record]).toMatchObject({ state: kernel.state, turn: kernel.context.turn });
      expect(log.valueAt(record.record)).toEqual(kernel.value);
    }
    expect(stateTree(log.stateAt(log.records.length - 1))).toMatchObject({ value: 'ended', ended: true });
  });

  it('grows record by record to the same as all at once, and refuses a gap', () => {
    const whole = opened('spoken');
    const grown = new SessionLog({ header: whole.header, headerHash: whole.headerHash, origin: 'live' });
    grown.append(whole.records.slice(5));
    expect(grown.records).toHaveLength(0);
    for (const record of whole.records) {
      grown.append([record]);
      grown.append([record]);
    }
    expect(grown.entries).toEqual(whole.entries);
    expect(grown.links.lives).toEqual(whole.links.lives);
    expect(grown.turnStarts).toEqual(whole.turnStarts);
  });

  it('finds the event of a time', () => {
    const log = opened('spoken');
    for (const [index, record] of log.records.entries()) {
      const found = log.indexAt(record.t);
      expect(log.records[found]?.t).toBe(record.t);
      expect(found).toBeGreaterThanOrEqual(index);
    }
    expect(log.indexAt(-1)).toBe(-1);
    expect(log.indexAt(1e12)).toBe(log.records.length - 1);
  });

  it('leads from an event to its commands, to the child, to what it said, and back', () => {
    const log = opened('failing-engine');
    const failure = recordOf(log, 'xstate.error.actor.llm');
    const life = log.links.childOf(failure);
    expect(life).toMatchObject({ kind: 'llm', how: 'error', endedBy: failure, results: [failure] });
    expect(log.links.led(life?.startedBy ?? -1, life?.startCommand ?? -1)).toEqual({ type: 'child', life });
    const fired = log.entries.find(({ source }) => source === 'timer')?.index ?? -1;
    expect(log.links.timerOf(fired)).toMatchObject({ how: 'fired', endedBy: fired });
    for (const one of log.links.lives) expect(one.how, `${one.kind} ${one.id}`).not.toBe('lives');
  });
});

describe('the trace of a journal', () => {
  it('says which guards were asked and which transitions taken, and that this machine decides as recorded', () => {
    const log = opened('barge-in');
    const tracer = new Tracer(log.header, log.records);
    while (tracer.next());
    expect(tracer.done).toBe(log.records.length);
    expect(tracer.straysAt).toBeUndefined();
    const yielded = log.entries.findIndex(
      ({ type }, at) => type === 'speech.start' && log.entries[at]?.state === 'speaking',
    );
    expect(tracer.at(yielded)?.taken).toContain('responding.phase.speaking.playing · speech.start');
    const guards = log.entries.flatMap(({ index }) => tracer.at(index)?.guards ?? []);
    const names = guards.map(({ transition }) => tracer.transitions.get(transition)?.guard);
    expect(names).toEqual(
      expect.arrayContaining(['saysPhrase', 'finalKnown', 'in responding.playback.finished']),
    );
    const refused = guards.filter(({ passed }) => !passed);
    expect(refused.length).toBeGreaterThan(0);
  });

  it('says from where on this machine decides otherwise, and survives parameters that it cannot read', () => {
    const log = opened('barge-in');
    const words = {
      ...log.header.parameters,
      endpointing: {
        ...log.header.parameters.endpointing,
        delayMs: 1,
        completeDelayMs: 1,
        incompleteDelayMs: 1,
      },
    };
    const other = new Tracer({ ...log.header, parameters: words }, log.records);
    while (other.next());
    expect(other.straysAt).toBe(recordOf(log, 'speech.stop'));
    // Without any, the machine does not begin; without deadlines, a step throws.
    const strayWith = (parameters: object) => {
      const broken = new Tracer({ ...log.header, parameters: parameters as typeof words }, log.records);
      while (broken.next());
      return broken.straysAt;
    };
    expect(strayWith({})).toBe(0);
    expect(strayWith({ ...words, deadlines: undefined })).toBeGreaterThan(0);
  });
});

describe('replay in the page', () => {
  it.each(['spoken', 'barge-in'])('%s comes out with the recorded hashes', async (name) => {
    const log = opened(name);
    const journal = {
      header: log.header,
      headerHash: log.headerHash,
      records: log.records,
      footer: log.footer,
    };
    const kernel = new SessionKernel(log.header.parameters, log.header.input);
    const seen: number[] = [];
    let clock = 0;
    const result = await runInSlices(replaySteps(journal, { kernel, sha256 }), {
      onProgress: (done) => seen.push(done),
      slicing: { now: () => clock++, later: (then) => queueMicrotask(then) },
    });
    expect(result).toMatchObject({ records: log.records.length, stateHash: log.records.at(-1)?.stateHash });
    expect(result.difference).toBeUndefined();
    expect(result.fault).toBeUndefined();
    expect(seen.length).toBeGreaterThan(5);
  });

  it('stops when it is no longer wanted, and passes on what is thrown', async () => {
    const abort = new AbortController();
    const endless = (function* () {
      for (let n = 0; ; n++) {
        if (n === 100) abort.abort(new Error('enough'));
        yield n;
      }
    })();
    const slicing = { now: () => performance.now(), later: (then: () => void) => setImmediate(then) };
    await expect(runInSlices(endless, { signal: abort.signal, slicing })).rejects.toThrow('enough');
    const throws = (function* () {
      yield 1;
      throw new Error('broken');
    })();
    await expect(runInSlices(throws, { slicing })).rejects.toThrow('broken');
  });
});

describe('what if', () => {
  it.each(['spoken', 'barge-in', 'failing-engine', 'worker-death'])(
    'nothing is changed, %s is the same',
    (name) => {
      const rows = again(opened(name), {});
      expect(rows[firstDifference(rows)]).toBeUndefined();
    },
  );

  it('an event is left out: the runs part there, and no child speaks that was never started', () => {
    const log = opened('barge-in');
    const first = recordOf(log, 'speech.start');
    const rows = again(log, { edits: new Map([[first, null]]) });
    expect(firstDifference(rows)).toBe(first);
    expect(rows[first]).toMatchObject({ right: undefined, why: 'left out' });
    const partial = rows.find(({ left }) => left?.record === recordOf(log, 'transcript.partial'));
    expect(partial).toMatchObject({ right: undefined, why: 'no stt lives here that could say this' });
    expect(rows.map(({ left }) => left?.record).filter((record) => record !== undefined)).toEqual(
      log.records.map(({ record }) => record),
    );
  });

  it('the end of speech is left out: the timer that it started does not run out, and another one does', () => {
    const log = opened('spoken');
    const stop = recordOf(log, 'speech.stop');
    const rows = again(log, { edits: new Map([[stop, null]]) });
    const timer = rows.find(({ left }) => left?.record === stop + 1);
    expect(timer).toMatchObject({ right: undefined, why: 'this timer does not run out here' });
    expect(rows.some(({ left, right }) => !left && right?.source === 'timer')).toBe(true);
  });

  it('an event is changed: the other words lead to another turn', () => {
    const log = opened('barge-in');
    const final = recordOf(log, 'xstate.done.actor.stt');
    const event: KernelEvent = { type: 'xstate.done.actor.stt', output: { text: 'hello' } };
    const rows = again(log, { edits: new Map([[final, event]]) });
    const at = firstDifference(rows);
    expect(rows[at]).toMatchObject({ left: { record: final }, right: { record: final }, why: 'changed' });
    expect(rows[at]?.right?.commands).toContain('hello');
  });

  it('other parameters: the first decision that they change is found', () => {
    const log = opened('barge-in');
    const { endpointing } = log.header.parameters;
    const parameters = {
      ...log.header.parameters,
      endpointing: { ...endpointing, delayMs: 50, completeDelayMs: 50, incompleteDelayMs: 50 },
    };
    const rows = again(log, { parameters });
    expect(rows[firstDifference(rows)]?.left?.record).toBe(recordOf(log, 'speech.stop'));
    expect(rows.filter(({ why }) => why === 'this timer runs out only here').length).toBeGreaterThan(0);
  });

  it('parameters that this version cannot read: what the machine throws is said, and the run goes on', () => {
    const log = opened('barge-in');
    const { deadlines: _, ...rest } = log.header.parameters;
    const parameters = rest as typeof log.header.parameters;
    expect(() => again(log, { parameters: {} as typeof parameters })).toThrow('not of this version');
    const rows = again(log, { parameters });
    expect(rows.filter(({ left }) => left)).toHaveLength(log.records.length);
    expect(rows[firstDifference(rows)]?.right?.thrown).toMatch(/undefined/u);
  });
});

describe('two sessions', () => {
  it('are the same if they are the same, whatever the times', () => {
    const log = opened('barge-in');
    const later = new SessionLog({ header: log.header, headerHash: log.headerHash, origin: 'file' });
    later.append(log.records.map((record): JournalRecord => ({ ...record, t: record.t + 5 })));
    const rows = drained(compareSessions(log, later));
    expect(rows.length).toBeGreaterThan(10);
    expect(firstDifference(rows)).toBe(-1);
  });

  it('part at the first step that only one has, and are aligned again where they meet', () => {
    const rows = drained(compareSessions(opened('failing-engine'), opened('spoken')));
    const at = firstDifference(rows);
    expect(at).toBeGreaterThan(0);
    expect(rows.slice(0, at).every(({ same }) => same)).toBe(true);
    expect(rows.slice(at).some(({ same }) => same)).toBe(true);
    expect(rows.some(({ left, right }) => !right && left?.event.includes('LLM_FAILED'))).toBe(true);
  });

  it('lists are aligned with the fewest insertions and removals', () => {
    const pairs = align([...'abcabba'], [...'cbabac']);
    expect(pairs.filter(([l, r]) => l >= 0 && r >= 0)).toHaveLength(4);
    expect(pairs.map(([l]) => l).filter((l) => l >= 0)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(pairs.map(([, r]) => r).filter((r) => r >= 0)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(align([], [])).toEqual([]);
    expect(align(['a'], [])).toEqual([[0, -1]]);
    expect(align([], ['a'])).toEqual([[-1, 0]]);
    const [far, away] = [
      Array.from({ length: 2_000 }, (_, n) => `l${n}`),
      Array.from({ length: 1_500 }, (_, n) => `r${n}`),
    ];
    expect(align(far, away)).toHaveLength(2_000);
  });
});
