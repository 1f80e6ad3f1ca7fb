import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rebuild } from '../../actors/session/rebuild.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import { sessionMonitor } from '../../machines/invariants.ts';
import type { Journal } from '../../machines/journal/record.ts';
import type { KernelEvent } from '../../machines/kernel.ts';
import { parseJournalFile } from '../../server/journal-file.ts';
import { recordedJournal } from '../journal/harness.ts';

const GOLDEN = new URL('../golden/', import.meta.url);
/** Crashes tried of each journal. */
const CRASHES = 15;

/** Without a lasting action: its new executor is logged by a runner, which is not here. */
async function journals(): Promise<readonly Journal[]> {
  const golden = readdirSync(GOLDEN)
    .filter((name) => name.endsWith('.jsonl') && name !== 'lasting.jsonl')
    .map((name) => parseJournalFile(readFileSync(new URL(name, GOLDEN), 'utf8'), name).journal);
  return [await recordedJournal(), ...golden];
}

it('a session continues after the loss of its process at any record, with one end for each reply and action', async () => {
  let interrupted = 0;
  for (const journal of await journals()) {
    const { length } = journal.records;
    for (let at = 1; at < length; at += Math.max(1, Math.floor(length / CRASHES))) {
      const left = {
        ...journal,
        records: journal.records.slice(0, at),
        footer: { status: 'open' as const, records: null },
      };
      const breathe = async () => {};
      const rebuilt = await rebuild(left, { sha256, inputEnd: 0, breathe });
      if (!rebuilt) throw new Error(`${journal.header.session} is not there after ${at} records`);
      const { kernel, entries, listener } = rebuilt;
      const monitor = sessionMonitor(journal.header.parameters, journal.header.input);
      for (const entry of entries()) monitor.observe(entry);
      const before = monitor.violations.length;
      const { reply } = kernel.context;
      const event: KernelEvent = { type: 'resumed', ...(listener && { listener }) };
      const { seq, atMs, commands } = kernel.step(event, kernel.nowMs);
      monitor.observe({ type: 'event', seq, atMs, source: 'server', event, state: kernel.state });
      for (const command of commands) monitor.observe({ type: 'command', seq, atMs, command });
      expect(monitor.end().slice(before)).toEqual([]);
      expect(['idle', 'stopped']).toContain(kernel.state);
      expect(kernel.regions?.presence).toBe('away');
      const ends = commands.filter(
        (command) => command.type === 'publish' && command.message.type === 'reply.end',
      );
      expect(ends).toHaveLength(reply ? 1 : 0);
      interrupted += ends.length;
    }
  }
  expect(interrupted).toBeGreaterThan(5);
});

it('a journal that was altered, or has ended, continues nothing', async () => {
  const journal = await recordedJournal();
  const options = { sha256, inputEnd: 0, breathe: async () => {} };
  expect(await rebuild(journal, options)).toBeUndefined();
  const open = { ...journal, footer: { status: 'open' as const, records: null } };
  const records = open.records.slice(0, 40);
  expect(await rebuild({ ...open, records }, options)).toBeDefined();
  const altered = records.map((one) => (one.record === 20 ? { ...one, t: one.t + 1 } : one));
  expect(await rebuild({ ...open, records: altered }, options)).toBeUndefined();
});
