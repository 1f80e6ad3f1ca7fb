import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { journalStatements } from './journal-statements.ts';
import {
  type Read,
  type ReadResult,
  storedSessionSchema,
  turnSchema,
  type Write,
} from './sqlite-protocol.ts';

/** The store's SQL, prepared. Both throw what SQLite throws. */
export interface Statements {
  write(write: Write): void;
  read(read: Read): ReadResult & { ok: true };
}

const sessionRowSchema = z
  .object({
    session: z.string(),
    started_at: z.string(),
    ended_at: z.string().nullable(),
    language: z.string(),
    turns: z.int(),
  })
  .transform((row) => ({
    session: row.session,
    startedAt: row.started_at,
    language: row.language,
    turns: row.turns,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
  }))
  .pipe(storedSessionSchema);

const turnRowSchema = z
  .object({
    session: z.string(),
    turn: z.int(),
    generation: z.int(),
    user_text: z.string(),
    reply_text: z.string(),
    heard: z.string(),
    reason: z.string(),
    timings: z.string(),
    ended_at_ms: z.number(),
  })
  .transform((row) => ({
    session: row.session,
    turn: row.turn,
    generation: row.generation,
    userText: row.user_text,
    replyText: row.reply_text,
    heard: row.heard,
    reason: row.reason,
    timings: parseJson(row.timings),
    endedAtMs: row.ended_at_ms,
  }))
  .pipe(turnSchema);

function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return value;
}

export function statements(db: Database): Statements {
  // A session saved again goes on: an end that was noted no longer holds.
  const saveSession = db.prepare(
    `INSERT INTO sessions (session, started_at, language) VALUES (@session, @startedAt, @language)
     ON CONFLICT (session) DO UPDATE
     SET started_at = excluded.started_at, language = excluded.language, ended_at = NULL`,
  );
  const endSession = db.prepare('UPDATE sessions SET ended_at = @endedAt WHERE session = @session');
  const saveTurn = db.prepare(
    `INSERT OR REPLACE INTO turns
       (session, generation, turn, user_text, reply_text, heard, reason, timings, ended_at_ms)
     VALUES (@session, @generation, @turn, @userText, @replyText, @heard, @reason, @timings, @endedAtMs)`,
  );
  const sessions = db.prepare(
    `SELECT session, started_at, ended_at, language,
            (SELECT count(*) FROM turns WHERE turns.session = sessions.session) AS turns
     FROM sessions ORDER BY started_at DESC, rowid DESC LIMIT @limit`,
  );
  const turns = db.prepare(
    `SELECT session, generation, turn, user_text, reply_text, heard, reason, timings, ended_at_ms
     FROM turns WHERE session = @session ORDER BY generation`,
  );
  const journal = journalStatements(db);

  return {
    write(write) {
      switch (write.op) {
        case 'saveSession':
          saveSession.run(write.record);
          return;
        case 'endSession': {
          const { changes } = endSession.run({ session: write.session, endedAt: write.endedAt });
          if (changes === 0) throw new Error(`no session ${write.session}`);
          return;
        }
        case 'saveTurn':
          saveTurn.run({ ...write.record, timings: JSON.stringify(write.record.timings) });
          return;
        default:
          journal.write(write);
      }
    },
    read(read) {
      switch (read.op) {
        case 'sessions':
          return {
            ok: true,
            op: 'sessions',
            rows: z.array(sessionRowSchema).parse(sessions.all({ limit: read.limit })),
          };
        case 'turns':
          return {
            ok: true,
            op: 'turns',
            rows: z.array(turnRowSchema).parse(turns.all({ session: read.session })),
          };
        default:
          return journal.ask(read);
      }
    },
  };
}
