import type { LogEntry } from '../machines/log.ts';

/** The turn of each live session, so that log lines about a session name it. */
export class SessionTurns {
  readonly #turns = new Map<string, number>();

  /** Observes the ordered log of every session. */
  readonly onLog = (session: string, entry: LogEntry): void => {
    if (entry.type !== 'command' || entry.command.type !== 'publish') return;
    const { message } = entry.command;
    if (message.type !== 'state') return;
    this.#turns.set(session, message.turn);
  };

  /** The session has ended, or moved to another process. */
  readonly onClosed = (session: string): void => void this.#turns.delete(session);

  /** Fields to add to a log line: the turn of its session, unless the line names one or the session has ended. */
  readonly fieldsFor = (line: object): { readonly turn?: number } => {
    if (!('session' in line) || typeof line.session !== 'string' || 'turn' in line) return {};
    const turn = this.#turns.get(line.session);
    return turn === undefined ? {} : { turn };
  };
}
