import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { RetentionLimits } from '../../actors/ports/journal.ts';
import { loadSqlite } from './sqlite-binding.ts';
import type { ThreadGate } from './thread-gate.ts';

const checkpointSchema = z.tuple([z.object({ busy: z.int() })]);
const namesSchema = z.array(z.string());

/** Bytes used by data, without free space inside the file. */
export function usedBytes(db: Database): number {
  const pragma = (name: string) => Number(db.pragma(name, { simple: true }));
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}

/** Deletes sessions so that nothing of them remains in the files: freed space is overwritten (`secure_delete`, set when the file is opened), and the write-ahead log, which also contains the old pages, is checkpointed and truncated.
 */
export function deletion(
  db: Database,
  whileLocked: ThreadGate['whileLocked'],
  forgetMemories: (user: string) => void,
) {
  const { SqliteError } = loadSqlite();
  const bySession = [
    'journal',
    'journal_audio',
    'journal_errors',
    'journals',
    'turns',
    'conversation_turns',
    'outbox_events',
    'dead_events',
    'analytics_turns',
    'session_records',
    'sessions',
  ].map((table) => db.prepare(`DELETE FROM ${table} WHERE session = ?`));
  const unused = [
    db.prepare(
      'DELETE FROM audio WHERE NOT EXISTS (SELECT 1 FROM journal_audio WHERE journal_audio.hash = audio.hash)',
    ),
    db.prepare(
      'DELETE FROM journal_parameters WHERE NOT EXISTS (SELECT 1 FROM journals WHERE journals.parameters = journal_parameters.hash)',
    ),
  ];
  const all = `SELECT session, started_at, max(status = 'open') AS live FROM (
      SELECT session, started_at, status FROM journals
      UNION ALL SELECT session, started_at, CASE WHEN ended_at IS NULL THEN 'open' ELSE 'ended' END FROM sessions
    ) GROUP BY session`;
  const old = db.prepare(`SELECT session FROM (${all}) WHERE started_at < ? ORDER BY started_at`).pluck();
  // Ended sessions come first, before those whose end is unknown.
  const oldestFirst = db.prepare(`SELECT session FROM (${all}) ORDER BY live, started_at`).pluck();

  const remove = db.transaction((session: string): boolean => {
    let changes = 0;
    for (const statement of bySession) changes += statement.run(session).changes;
    for (const statement of unused) statement.run();
    return changes > 0;
  });

  const sessionsOf = db.prepare('SELECT session FROM sessions WHERE user = ?').pluck();
  const removeAll = db.transaction((user: string, withSessions: boolean): string[] => {
    const sessions = withSessions ? namesSchema.parse(sessionsOf.all(user)) : [];
    for (const session of sessions) remove(session);
    forgetMemories(user);
    return sessions;
  });

  /** Throws if another connection still reads deleted pages; the rows are deleted from the database anyway. */
  function emptyWal(): void {
    whileLocked(() => {
      const [{ busy }] = checkpointSchema.parse(db.pragma('wal_checkpoint(TRUNCATE)'));
      if (busy === 0) return;
      const detail = 'deleted, but its old pages stay in the write-ahead log: another process is reading';
      throw new SqliteError(detail, 'SQLITE_BUSY');
    });
  }

  return {
    /** Returns false for an unknown session. */
    deleteSession(session: string): boolean {
      const known = whileLocked(() => remove.immediate(session));
      emptyWal();
      return known;
    },
    /** Deletes what a user has said and is known of them: the memory, and with `sessions` their sessions, which it returns. */
    deleteUser({ user, sessions }: { readonly user: string; readonly sessions: boolean }): string[] {
      const deleted = whileLocked(() => removeAll.immediate(user, sessions));
      emptyWal();
      return deleted;
    },
    /** Returns the deleted sessions. */
    prune({ startedBefore, maxBytes, except }: RetentionLimits): string[] {
      const deleted: string[] = [];
      const drop = (session: string) => {
        if (whileLocked(() => remove.immediate(session))) deleted.push(session);
      };
      const wanted = (sessions: readonly string[]) => sessions.filter((one) => !except.includes(one));
      if (startedBefore !== undefined) wanted(namesSchema.parse(old.all(startedBefore))).forEach(drop);
      if (maxBytes !== undefined && usedBytes(db) > maxBytes) {
        for (const session of wanted(namesSchema.parse(oldestFirst.all()))) {
          drop(session);
          if (usedBytes(db) <= maxBytes) break;
        }
      }
      if (deleted.length > 0) emptyWal();
      return deleted;
    },
  };
}
