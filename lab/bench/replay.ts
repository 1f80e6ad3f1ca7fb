/** Replay speed on one core, and the machine's part of it. The events of each file are recorded again by this version, because it may decide differently from the one that wrote the file. The result is replayed for `--seconds` of processor time, after a second of warming up. Processor time, so that other work on the machine has little effect.
 * `node dist/lab/bench/replay.js [--seconds 5] [--json FILE] [journal.jsonl...]`; without files those of test/golden.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256 } from '../../adapters/store/sha256.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { JournalWriter } from '../../machines/journal/writer.ts';
import { type KernelEvent, SessionKernel, type Step } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import { parseJournalFile } from '../../server/journal-file.ts';

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, json: { type: 'string' } },
  allowPositionals: true,
});
const GOLDEN = 'test/golden';
const files =
  positionals.length > 0
    ? positionals
    : readdirSync(GOLDEN)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => join(GOLDEN, name));
const budgetMs = Number(values.seconds) * 1_000;

const journals = files.map((name) => {
  const { journal } = parseJournalFile(readFileSync(name, 'utf8'), name);
  return { journal: recordAnew(journal) };
});

interface Loaded {
  readonly journal: Journal;
}

function recordAnew(journal: Journal): Journal {
  const kernel = new SessionKernel(journal.header.parameters, journal.header.input);
  const writer = new JournalWriter(journal.headerHash, sha256);
  const records = [writer.start(kernel, kernel.initial)];
  walk(journal, kernel, (made, event, { source }) => records.push(writer.step(kernel, made, event, source)));
  return { ...journal, records, footer: { ...journal.footer, records: records.length } };
}

/** Like `parley replay`: computes and compares every hash. */
function replay({ journal }: Loaded): void {
  const { fault, difference } = replayJournal(journal, {
    kernel: new SessionKernel(journal.header.parameters, journal.header.input),
    sha256,
  });
  if (fault || difference) throw new Error(`${journal.header.session} does not replay`);
}

/** The machine alone: neither hashes nor comparison. */
function step({ journal }: Loaded): void {
  walk(journal, new SessionKernel(journal.header.parameters, journal.header.input), () => {});
}

/** The work of a server for each event: the step and its record. */
function record({ journal }: Loaded): void {
  const kernel = new SessionKernel(journal.header.parameters, journal.header.input);
  const writer = new JournalWriter(journal.headerHash, sha256);
  writer.start(kernel, kernel.initial);
  walk(journal, kernel, (made, event, { source }) => writer.step(kernel, made, event, source));
}

function walk(
  { records }: Journal,
  kernel: SessionKernel,
  then: (step: Step, event: KernelEvent, of: { readonly source: EventSource }) => void,
): void {
  for (const { event, source, stale, t } of records) {
    if (source === 'start' || source === 'restored' || stale) continue;
    const parsed = JSON.parse(event) as KernelEvent; // of a journal that replays
    if (source === 'timer') kernel.popTimer(t);
    then(kernel.step(parsed, t), parsed, { source });
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function eventsPerSecond(run: (journal: Loaded) => void): number {
  const spend = (ms: number) => {
    const startMs = cpuMs();
    let events = 0;
    while (cpuMs() - startMs < ms) {
      for (const loaded of journals) {
        run(loaded);
        events += loaded.journal.records.length;
      }
    }
    return (events * 1_000) / (cpuMs() - startMs);
  };
  spend(1_000);
  return Math.round(spend(budgetMs));
}

const records = journals.reduce((sum, { journal }) => sum + journal.records.length, 0);
const bytes = journals.reduce(
  (sum, { journal }) =>
    sum +
    journal.records.reduce((all, one) => all + one.event.length + one.change.length + one.commands.length, 0),
  0,
);
const result = {
  files: files.length,
  records,
  jsonBytesPerRecord: Math.round(bytes / records),
  stepOnlyPerSecond: eventsPerSecond(step),
  recordedPerSecond: eventsPerSecond(record),
  replayedPerSecond: eventsPerSecond(replay),
};
const micros = (perSecond: number) => (1_000_000 / perSecond).toFixed(1);
console.log(
  `${files.length} journals of ${records} records, ${result.jsonBytesPerRecord} bytes of JSON a record`,
);
console.log(
  `step alone       ${result.stepOnlyPerSecond} events/s (${micros(result.stepOnlyPerSecond)} µs each)`,
);
console.log(
  `step and record  ${result.recordedPerSecond} events/s (${micros(result.recordedPerSecond)} µs each)`,
);
console.log(
  `replay           ${result.replayedPerSecond} events/s (${micros(result.replayedPerSecond)} µs each)`,
);
if (values.json) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
