import { expect, it } from 'vitest';
import type { LogEntry } from '../machines/log.ts';
import { failedReplies } from './failed-replies.ts';

const published = (message: object) =>
  ({ type: 'command', seq: 1, atMs: 1, command: { type: 'publish', message } }) as LogEntry;

it('a failed reply is logged with its error, and never with one of a session that has left', () => {
  const lines: object[] = [];
  const { onLog, onClosed } = failedReplies({ warn: (fields: object) => void lines.push(fields) });
  const failed = published({ type: 'reply.end', reason: 'failed', turn: 1, generation: 1 });
  onLog?.('a', published({ type: 'error', code: 'LLM_FAILED' }));
  onLog?.('a', failed);
  onLog?.('a', published({ type: 'error', code: 'TTS_FAILED' }));
  onClosed?.('a');
  onLog?.('a', failed);
  const line = { session: 'a', turn: 1, generation: 1 };
  expect(lines).toEqual([
    { ...line, code: 'LLM_FAILED' },
    { ...line, code: undefined },
  ]);
});
