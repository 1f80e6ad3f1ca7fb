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
 * Feeds the events of a log to a fresh kernel and compares the commands and the public state of every step, byte for byte
 * as canonical JSON, and that each delay fired when it was due. Undefined if all match: invariant 10.
 */
export function replayLog(
  entries: readonly LogEntry[],
  machine: SessionMachine,
  input: SessionInput,
): Divergence | undefined {
  const kernel = new SessionKernel(machine, input);
  const commandsOf = new Map<number, unknown[]>();
  for (const entry of entries) {
    if (entry.type !== 'command') continue;
    const commands = commandsOf.get(entry.seq);
    if (commands) commands.push(entry.command);
    else commandsOf.set(entry.seq, [entry.command]);
  }
  const compare = (seq: number, expected: unknown, actual: unknown): Divergence | undefined => {
    const [one, other] = [canonicalJson(expected), canonicalJson(actual)];
    return one === other ? undefined : { seq, expected: one, actual: other };
  };
  const start = compare(0, commandsOf.get(0) ?? [], kernel.initial.commands);
  if (start) return start;
  for (const entry of entries) {
    if (entry.type !== 'event') continue;
    const { seq, atMs, source, event, state } = entry;
    // In a replay the journal fires the timers; the kernel only forgets those that it sees fire.
    const due = kernel.ended ? undefined : kernel.takeTimer(atMs);
    const fired = source === 'timer' ? { dueMs: atMs, event } : undefined;
    const step = kernel.step(event, atMs);
    const divergence =
      compare(seq, fired, due && { dueMs: due.dueMs, event: due.event }) ??
      compare(
        seq,
        { seq, commands: commandsOf.get(seq) ?? [] },
        { seq: step.seq, commands: step.commands },
      ) ??
      compare(seq, state, kernel.state);
    if (divergence) return divergence;
  }
  return undefined;
}
