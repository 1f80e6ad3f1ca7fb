import { type KernelSnapshot, kernelStart, type SessionKernel } from '../kernel.ts';
import type { SessionParameters } from '../parameters.ts';
import type { JournalRecord } from './record.ts';

/**
 * Event of the record with which another process resumes a session: from here on the journal is that of a kernel which began with
 * this snapshot. Records before it that are newer than the snapshot were lost with their process.
 */
export interface RestoredEvent {
  readonly type: 'restored';
  /** Machine hash and version of the process that resumes it. */
  readonly machine: string;
  readonly version: string;
  /** Of that process. */
  readonly parameters: SessionParameters;
  /** Number of the kernel's last event that the snapshot includes. */
  readonly after: number;
  readonly snapshot: KernelSnapshot;
}

/** What a resumed session begins with; undefined for any other record. */
export function restoredIn({
  source,
  event,
}: Pick<JournalRecord, 'source' | 'event'>): RestoredEvent | undefined {
  // As a recorder wrote it; the chain of hashes guarantees it.
  return source === 'restored' ? (JSON.parse(event) as RestoredEvent) : undefined;
}

/** Sets a kernel to where a resumed session begins. */
export function restoreKernel(kernel: Partial<Pick<SessionKernel, 'restore'>>, event: RestoredEvent): void {
  if (!kernel.restore) throw new Error('this version resumes no session from a snapshot');
  kernel.restore(kernelStart(event.snapshot, event.parameters));
}

/** The records that lead to the last state: without those that were lost with their process. */
export function keptRecords(records: readonly JournalRecord[]): readonly JournalRecord[] {
  const kept: JournalRecord[] = [];
  for (const record of records) {
    const restored = restoredIn(record);
    if (restored) while ((kept.at(-1)?.seq ?? 0) > restored.after) kept.pop();
    kept.push(record);
  }
  return kept;
}
