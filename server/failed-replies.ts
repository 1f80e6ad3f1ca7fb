import type { ErrorCode } from '../machines/errors.ts';
import type { Logger } from './log.ts';
import type { SessionObserver } from './observers.ts';

/** Observer that logs every failed reply with the error code that its client received. */
export function failedReplies(log: Pick<Logger, 'warn'>): SessionObserver {
  /** The newest error of each session, until its reply or the session ends. */
  const errors = new Map<string, ErrorCode>();
  return {
    onLog(session, entry) {
      if (entry.type !== 'command' || entry.command.type !== 'publish') return;
      const { message } = entry.command;
      if (message.type === 'error') errors.set(session, message.code);
      if (message.type !== 'reply.end') return;
      if (message.reason === 'failed') {
        const { turn, generation } = message;
        log.warn({ session, turn, generation, code: errors.get(session) }, 'a reply failed');
      }
      errors.delete(session);
    },
    // Also of a session that moved to another process, or whose opening failed.
    onClosed: (session) => void errors.delete(session),
  };
}
