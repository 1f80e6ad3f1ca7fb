import type { ErrorCode } from '../machines/errors.ts';
import type { LogEntry } from '../machines/log.ts';
import type { Logger } from './log.ts';

/** Observer that logs every failed reply with the error code that its client received. */
export function failedReplies(log: Pick<Logger, 'warn'>): (session: string, entry: LogEntry) => void {
  /** The newest error of each session, until its reply or the session ends. */
  const errors = new Map<string, ErrorCode>();
  return (session, entry) => {
    if (entry.type !== 'command' || entry.command.type !== 'publish') return;
    const { message } = entry.command;
    if (message.type === 'error') errors.set(session, message.code);
    if (message.type === 'reply.end' && message.reason === 'failed') {
      const { turn, generation } = message;
      log.warn({ session, turn, generation, code: errors.get(session) }, 'a reply failed');
    }
    const over = message.type === 'reply.end' || (message.type === 'state' && message.value === 'ended');
    if (over) errors.delete(session);
  };
}
