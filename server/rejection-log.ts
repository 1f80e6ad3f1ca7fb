import type { LogEntry } from '../machines/log.ts';
import { describeRejection } from './client/describe.ts';

interface LeveledLog {
  info(fields: object, line: string): void;
  debug(fields: object, line: string): void;
}

/** Logs every utterance that a recogniser rejected, with its reason; noise at debug level. */
export function rejectionLog(log: LeveledLog): (session: string, entry: LogEntry) => void {
  return (session, entry) => {
    if (entry.type !== 'event' || entry.event.type !== 'xstate.done.actor.stt') return;
    const { rejected } = entry.event.output;
    if (!rejected) return;
    const line = `speech was not understood ${describeRejection(rejected)}`;
    if (rejected.reason === 'silence') log.debug({ session, rejected }, line);
    else log.info({ session, rejected }, line);
  };
}
