import { expect, it } from 'vitest';
import type { LogEntry } from '../machines/log.ts';
import type { PublicState } from '../machines/wire.ts';
import { SessionTurns } from './session-turns.ts';

const stateOf = (value: PublicState, turn: number): LogEntry => ({
  ...{ type: 'command', seq: 1, atMs: 1 },
  command: { type: 'publish', message: { type: 'state', value, turn, generation: turn, seq: 1, at: 1 } },
});

it('a log line about a session names its turn, until the session is closed or has moved', () => {
  const turns = new SessionTurns();
  const line = { session: 'a', code: 'STORE_FAILED' };
  expect(turns.fieldsFor(line)).toEqual({});
  turns.onLog('a', stateOf('processing', 3));
  turns.onLog('b', stateOf('listening', 7));
  expect(turns.fieldsFor(line)).toEqual({ turn: 3 });
  expect(turns.fieldsFor({ session: 'a', turn: 2 })).toEqual({});
  expect(turns.fieldsFor({ kind: 'llm' })).toEqual({});
  turns.onLog('a', stateOf('ended', 3));
  expect(turns.fieldsFor(line)).toEqual({ turn: 3 });
  turns.onClosed('a');
  expect(turns.fieldsFor(line)).toEqual({});
});
