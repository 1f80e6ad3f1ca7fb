import type { BehaviourProgram } from '../machines/behaviour/program.ts';
import { canonicalJson } from '../machines/json.ts';
import { kernelStart, SessionKernel } from '../machines/kernel.ts';
import type { LogEntry } from '../machines/log.ts';
import type { SessionParameters } from '../machines/parameters.ts';
import type { SessionInput } from '../machines/session/model.ts';

/** First difference between a fresh kernel and a log. */
export interface Divergence {
  readonly seq: number;
  readonly expected: string;
  readonly actual: string;
}

/**
 * Feeds the events of a log to a fresh kernel. Compares the commands and the public state of every step, byte for byte
 * as canonical JSON, and checks that each delay fired when it was due. Undefined if all match: invariant 10.
 */
export function replayLog(
  entries: readonly LogEntry[],
  parameters: SessionParameters,
  input: SessionInput,
  behaviour?: BehaviourProgram,
): Divergence | undefined {
  const kernel = new SessionKernel(parameters, input, { behaviour });
  const commandsOf = new Map<number, unknown[]>();
  for (const entry of entries) {
    if (entry.type !== 'command') continue;
    const commands = commandsOf.get(entry.seq);
    if (commands) commands.push(entry.command);
    else commandsOf.set(entry.seq, [entry.command]);
  }
  const start = compare(0, commandsOf.get(0) ?? NONE, kernel.initial.commands);
  if (start) return start;
  for (const entry of entries) {
    if (entry.type !== 'event') continue;
    const { seq, atMs, source, event, state } = entry;
    const isResumed = event.type === 'resumed';
    // Another process goes on, with numbers that nothing has seen.
    if (isResumed) kernel.restore(kernelStart({ ...kernel.snapshot(), seq: seq - 1, atMs }, parameters));
    // In a replay the journal fires the timers; the kernel only forgets those that it sees fire.
    const due = kernel.ended || isResumed ? undefined : kernel.popTimer(atMs);
    const fired = source === 'timer' ? { dueMs: atMs, event: { type: event.type } } : undefined;
    // A kernel that a whole journal has led to stops children that are gone.
    const isMade = (command: unknown) => !isResumed || !isStop(command);
    const step = kernel.step(event, atMs);
    const divergence =
      compare(seq, fired, due && { dueMs: due.dueMs, event: due.event }) ??
      compare(seq, seq, step.seq) ??
      compare(seq, (commandsOf.get(seq) ?? NONE).filter(isMade), step.commands.filter(isMade)) ??
      compare(seq, state, kernel.state);
    if (divergence) return divergence;
  }
  return undefined;
}

const NONE: readonly unknown[] = [];

function isStop(command: unknown): boolean {
  return typeof command === 'object' && command !== null && 'type' in command && command.type === 'stop';
}

function compare(seq: number, expected: unknown, actual: unknown): Divergence | undefined {
  if (same(expected, actual)) return undefined;
  const [one, other] = [canonicalJson(expected), canonicalJson(actual)];
  return one === other ? undefined : { seq, expected: one, actual: other };
}

/** Whether two values are certainly equal as JSON; if unsure, they are compared as text. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  let members = 0;
  for (const key in a) {
    members += 1;
    if (!same(a[key as keyof object], b[key as keyof object])) return false;
  }
  for (const _ in b) members -= 1;
  return members === 0;
}
