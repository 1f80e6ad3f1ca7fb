// Stores a sample of the current version of a session's snapshot, for test/records/samples.test.ts: in the middle of a reply, with a
// running action.
// npx tsx scripts/record-snapshot.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { snapshotText } from '../actors/records/snapshot.ts';
import { LastReply } from '../actors/session/last-reply.ts';
import { type KernelEvent, SessionKernel } from '../machines/kernel.ts';
import { CONTEXT_VERSION } from '../machines/session/context-version.ts';
import { parseJournalFile } from '../server/journal-file.ts';

const JOURNAL = new URL('../test/golden/spoken.jsonl', import.meta.url);

const { header, records } = parseJournalFile(readFileSync(JOURNAL, 'utf8'), 'spoken').journal;
const kernel = new SessionKernel(header.parameters, header.input);
const reply = new LastReply();
for (const { source, event: json, stale, t, generation } of records.slice(1)) {
  if (stale) continue;
  const event = JSON.parse(json) as KernelEvent; // of a journal that replays
  if (source === 'timer') kernel.popTimer(t);
  kernel.step(event, t);
  reply.note(event, generation);
  const { context, state } = kernel;
  const isActing = context.reply?.actions.some(({ status }) => status === 'started');
  if (state === 'speaking' && isActing && context.listener) break;
}
const snapshot = {
  kernel: kernel.snapshot(),
  reply: reply.audio,
  inputEnd: 16_000,
  unsaved: [],
  messages: [],
};
const sample = { contextVersion: CONTEXT_VERSION, snapshot: JSON.parse(snapshotText(snapshot)) };
const file = new URL(`../test/records/context-${CONTEXT_VERSION}.json`, import.meta.url);
writeFileSync(file, `${JSON.stringify(sample, undefined, 2)}\n`);
