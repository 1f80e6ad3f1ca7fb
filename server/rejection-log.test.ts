import { expect, it } from 'vitest';
import type { LogEntry } from '../machines/log.ts';
import type { Rejection } from '../machines/wire.ts';
import { describeMessage } from './client/describe.ts';
import { rejectionLog } from './rejection-log.ts';

function logged(rejected: Rejection | undefined): string[] {
  const lines: string[] = [];
  const log = rejectionLog({
    info: (_fields: unknown, line?: string) => void lines.push(`info ${line}`),
    debug: (_fields: unknown, line?: string) => void lines.push(`debug ${line}`),
  });
  const output = { text: rejected ? '' : 'hello', ...(rejected && { rejected }) };
  const entry: LogEntry = {
    ...{ type: 'event', seq: 1, atMs: 0, source: 'stt', state: 'processing' },
    event: { type: 'xstate.done.actor.stt', output },
  };
  log('s', entry);
  return lines;
}

const UNLIKE: Rejection = { nearest: 'turn left', confidence: 0.123, reason: 'unlike' };

it('logs rejected speech with its reason, and noise at debug level only', () => {
  expect(logged(UNLIKE)).toEqual([
    'info speech was not understood (rejected: too unlike any phrase of the dialog; nearest: "turn left", confidence 0.12)',
  ]);
  expect(logged({ nearest: '', confidence: 0, reason: 'silence' })).toEqual([
    'debug speech was not understood (rejected: only silence or steady noise)',
  ]);
  expect(logged(undefined)).toEqual([]);
});

it('parley talk shows why speech was rejected', () => {
  const message = { type: 'transcript', turn: 1, text: '', final: true } as const;
  expect(describeMessage({ ...message, rejected: UNLIKE })).toBe(
    'user        "" (rejected: too unlike any phrase of the dialog; nearest: "turn left", confidence 0.12)',
  );
  expect(describeMessage({ ...message, text: 'hello' })).toBe('user        "hello"');
});
