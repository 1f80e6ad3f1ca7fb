import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rebuild } from '../../actors/session/rebuild.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import { QuietMoments } from '../../machines/journal/quiet.ts';
import type { Journal, JournalRecord } from '../../machines/journal/record.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import { parseJournalFile } from '../../server/journal-file.ts';
import { recordedJournal } from '../journal/harness.ts';

const GOLDEN = new URL('../golden/', import.meta.url);
const golden = readdirSync(GOLDEN)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => parseJournalFile(readFileSync(new URL(name, GOLDEN), 'utf8'), name).journal);

const cut = (journal: Journal, length: number): Journal => ({
  ...journal,
  records: journal.records.slice(0, length),
  footer: { status: 'open', records: null },
});

/** What happens next: the process before is gone, its client is back, and there is a whole turn. */
const NEXT: readonly (readonly [EventSource, KernelEvent])[] = [
  ['server', { type: 'resumed' }],
  ['client', { type: 'back' }],
  ['ear', { type: 'speech.start', sample: 16_000_000, ageMs: 0 }],
  ['stt', { type: 'transcript.partial', text: 'please drive' }],
  ['ear', { type: 'speech.stop', sample: 16_016_000, ageMs: 0 }],
  ['client', { type: 'text', text: 'Drive on.' }],
  ['llm', { type: 'llm.delta', text: 'I drive. ' }],
  ['llm', { type: 'llm.action', id: 'a9', name: 'drive', args: { metres: 1 } }],
  ['llm', { type: 'xstate.done.actor.llm' }],
  ['client', { type: 'halt' }],
];

/** The records of what happens next, and the kernel after each. */
function goneOn(
  kernel: SessionKernel,
  writer: JournalWriter,
): readonly (readonly [JournalRecord, unknown])[] {
  let atMs = kernel.nowMs;
  return NEXT.map(([source, event]) => {
    atMs += 10;
    const step = kernel.step(event, atMs);
    const record = writer.step(kernel, step, event, source);
    // Members that are undefined, and their order, decide what is written later.
    return [record, { plain: kernel.plain(), members: Object.keys(kernel.context) }];
  });
}

function byReplay(journal: Journal): { readonly kernel: SessionKernel; readonly writer: JournalWriter } {
  const { header } = journal;
  const kernel = new SessionKernel(header.parameters, header.input);
  const writer = new JournalWriter(journal.headerHash, sha256);
  expect(replayJournal(journal, { kernel, sha256, writer }).difference).toBeUndefined();
  return { kernel, writer };
}

it('a session that is rebuilt from its newest quiet moment goes on like one whose whole journal is replayed, byte for byte', async () => {
  let skipped = 0;
  for (const journal of [await recordedJournal(), ...golden]) {
    const { length } = journal.records;
    for (let at = 1; at <= length; at += Math.max(1, Math.floor(length / 40))) {
      const left = cut(journal, at);
      const rebuilt = await rebuild(left, { sha256, inputEnd: 0, breathe: async () => {} });
      const whole = byReplay(left);
      if (whole.kernel.ended) continue;
      if (!rebuilt) throw new Error(`${journal.header.session} is not there after ${at} records`);
      expect(goneOn(rebuilt.kernel, rebuilt.journal.writer)).toEqual(goneOn(whole.kernel, whole.writer));
      const moments = new QuietMoments(journal.header);
      for (const record of left.records) moments.note(record, JSON.parse(record.commands));
      skipped += moments.newest()?.record.record ?? 0;
    }
  }
  expect(skipped).toBeGreaterThan(5_000);
});

it('a quiet moment that leads elsewhere is not used: the whole journal is replayed', async () => {
  const recorded = await recordedJournal();
  const journal = cut(recorded, Math.floor(recorded.records.length / 2));
  const original = QuietMoments.prototype.newest;
  let asked = 0;
  QuietMoments.prototype.newest = function (this: QuietMoments) {
    const quiet = original.call(this);
    asked += 1;
    return quiet && { ...quiet, start: { ...quiet.start, context: { ...quiet.start.context, turn: 77 } } };
  };
  try {
    const rebuilt = await rebuild(journal, { sha256, inputEnd: 0, breathe: async () => {} });
    expect(rebuilt?.kernel.plain()).toEqual(byReplay(journal).kernel.plain());
    expect(asked).toBe(1);
  } finally {
    QuietMoments.prototype.newest = original;
  }
});
