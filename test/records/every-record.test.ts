import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { restoreSession } from '../../actors/records/restore.ts';
import { snapshotText } from '../../actors/records/snapshot.ts';
import { LastReply } from '../../actors/session/last-reply.ts';
import { logOf } from '../../actors/session/story.ts';
import { sessionMonitor } from '../../machines/invariants.ts';
import type { Journal } from '../../machines/journal/record.ts';
import { type KernelEvent, SessionKernel } from '../../machines/kernel.ts';
import type { Command } from '../../machines/session/commands.ts';
import { CONTEXT_VERSION } from '../../machines/session/context-version.ts';
import { parseJournalFile } from '../../server/journal-file.ts';
import { recordedJournal } from '../journal/harness.ts';

const GOLDEN = new URL('../golden/', import.meta.url);
/** Crashes tried of each journal. */
const CRASHES = 6;

async function journals(): Promise<readonly Journal[]> {
  const golden = readdirSync(GOLDEN)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => parseJournalFile(readFileSync(new URL(name, GOLDEN), 'utf8'), name).journal);
  return [await recordedJournal(), ...golden];
}

/** What happens next: the client is back, and there is a whole turn. */
const NEXT: readonly KernelEvent[] = [
  { type: 'back' },
  { type: 'speech.start', sample: 16_000_000, ageMs: 0 },
  { type: 'transcript.partial', text: 'please drive' },
  { type: 'speech.stop', sample: 16_016_000, ageMs: 0 },
  { type: 'text', text: 'Drive on.' },
  { type: 'llm.delta', text: 'I drive. ' },
  { type: 'llm.action', id: 'a9', name: 'drive', args: { metres: 1 } },
  { type: 'xstate.done.actor.llm' },
  { type: 'halt' },
];

const isStop = ({ type }: Command) => type === 'stop';

it('a session is resumed from the snapshot of any moment as if its process had lived, and each reply and action ends once', async () => {
  let interrupted = 0;
  for (const journal of await journals()) {
    const { parameters, input, session } = journal.header;
    const { length } = journal.records;
    const crashes = new Set<number>();
    for (let at = 1; at <= length; at += Math.max(1, Math.floor(length / CRASHES))) crashes.add(at);
    const lived = new SessionKernel(parameters, input);
    const audio = new LastReply();
    for (const [index, { source, event: json, stale, t, generation }] of journal.records.entries()) {
      if (index > 0 && !stale) {
        const event = JSON.parse(json) as KernelEvent;
        if (source === 'timer') lived.popTimer(t);
        lived.step(event, t);
        audio.note(event, generation);
      }
      if (!crashes.has(index + 1) || lived.ended) continue;

      const kept = { inputEnd: 0, unsaved: [], messages: [], reply: audio.audio };
      const snapshot = snapshotText({ ...kept, kernel: lived.snapshot() });
      const restored = restoreSession({ snapshot, contextVersion: CONTEXT_VERSION }, { parameters });
      if (!restored) throw new Error(`${session} is not there after ${index + 1} records`);
      const { kernel, listener } = restored;
      const monitor = sessionMonitor(parameters, input);
      for (const entry of logOf(journal.records.slice(0, index + 1))) monitor.observe(entry);
      const before = monitor.violations.length;
      const { reply } = kernel.context;
      const event: KernelEvent = { type: 'resumed', ...(listener && { listener }) };
      const { seq, atMs, commands } = kernel.step(event, kernel.nowMs);
      monitor.observe({ type: 'event', seq, atMs, source: 'server', event, state: kernel.state });
      for (const command of commands) monitor.observe({ type: 'command', seq, atMs, command });
      // Its new executor is logged by a runner, which is not here.
      if (!commands.some(({ type }) => type === 'spawn')) expect(monitor.end().slice(before)).toEqual([]);
      expect(['idle', 'stopped']).toContain(kernel.state);
      expect(kernel.regions?.presence).toBe('away');
      const ends = commands.filter(
        (command) => command.type === 'publish' && command.message.type === 'reply.end',
      );
      expect(ends).toHaveLength(reply ? 1 : 0);
      interrupted += ends.length;

      // The same kernel, without a restart in between; it still has children, which it stops.
      const whole = new SessionKernel(parameters, input);
      for (const record of journal.records.slice(1, index + 1)) {
        if (record.stale) continue;
        if (record.source === 'timer') whole.popTimer(record.t);
        whole.step(JSON.parse(record.event) as KernelEvent, record.t);
      }
      const resumed = whole.step(event, whole.nowMs).commands;
      expect(commands).toEqual(resumed.filter((command) => !isStop(command)));
      for (const next of NEXT)
        expect(kernel.step(next, kernel.nowMs + 10)).toEqual(whole.step(next, whole.nowMs + 10));
      expect(kernel.plain()).toEqual(whole.plain());
    }
  }
  expect(interrupted).toBeGreaterThan(5);
});
