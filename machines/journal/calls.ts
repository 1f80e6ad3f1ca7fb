import type { ActionStatus } from '../wire.ts';
import type { JournalRecord } from './record.ts';

/** A call of a session that was started, as its journal knows it. */
export interface RecordedCall {
  readonly id: string;
  readonly name: string;
  /** Idempotency key; absent in a session without an id. */
  readonly key?: string;
  /** ms since the session's start. */
  readonly startedAtMs: number;
  /**
   * How it ended. `started`: it may run still. If the session was killed it may or may not have begun: its record was on
   * disk before it could.
   */
  readonly status: ActionStatus;
}

interface ActionMessage {
  readonly type: 'action';
  readonly id: string;
  readonly name: string;
  readonly key?: string;
  readonly status: ActionStatus;
}

/** The started calls in these records, in order. No other call has begun: a call begins after its record is on disk. */
export function callsOf(records: readonly JournalRecord[]): readonly RecordedCall[] {
  const calls = new Map<string, RecordedCall>();
  for (const { commands, t } of records) {
    if (!commands.includes('"action"')) continue;
    for (const { id, name, key, status } of actionsIn(commands)) {
      const known = calls.get(id);
      if (known && status !== 'progress') calls.set(id, { ...known, status });
      else if (status === 'started')
        calls.set(id, { id, name, ...(key !== undefined && { key }), startedAtMs: t, status });
    }
  }
  return [...calls.values()];
}

/** The commands are Parley's own, whose hash the journal has. */
function actionsIn(commands: string): readonly ActionMessage[] {
  const parsed: readonly { readonly type: string; readonly message?: ActionMessage }[] = JSON.parse(commands);
  return parsed.flatMap(({ type, message }) =>
    type === 'publish' && message?.type === 'action' ? [message] : [],
  );
}
