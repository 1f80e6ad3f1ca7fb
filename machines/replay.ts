import { canonicalJson } from './canonical.ts';
import { SessionKernel } from './kernel.ts';
import type { LogEntry } from './log.ts';
import type { SessionInput } from './session/context.ts';
import type { SessionMachine } from './session/machine.ts';

/** Where a fresh kernel parted from a log. */
export interface Divergence {
  readonly seq: number;
  readonly expected: string;
  readonly actual: string;
}

/**
 * Feeds the events of a log to a fresh kernel and compares the commands of every step, byte for byte as canonical JSON.
 * Undefined if all match: invariant 10.
 */
export function replayLog(
  entries: readonly LogEntry[],
  machine: SessionMachine,
  input: SessionInput,
): Divergence | undefined {
  const kernel = new SessionKernel(machine, input);
  const commandsOf = new Map<number, unknown[]>();
  for (const entry of entries) {
    if (entry.type === 'command')
      commandsOf.set(entry.seq, [...(commandsOf.get(entry.seq) ?? []), entry.command]);
  }
  const compare = (seq: number, commands: readonly unknown[]): Divergence | undefined => {
    const expected = canonicalJson(commandsOf.get(seq) ?? []);
    const actual = canonicalJson(commands);
    return expected === actual ? undefined : { seq, expected, actual };
  };
  const start = compare(0, kernel.initial.commands);
  if (start) return start;
  for (const entry of entries) {
    if (entry.type !== 'event') continue;
    // In a replay the journal fires the timers; the kernel only forgets those that it sees fire.
    if (entry.source === 'timer') kernel.takeTimer(entry.atMs);
    const divergence = compare(entry.seq, kernel.step(entry.event, entry.atMs).commands);
    if (divergence) return divergence;
  }
  return undefined;
}
