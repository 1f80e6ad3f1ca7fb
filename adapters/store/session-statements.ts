import type { Database } from 'better-sqlite3';
import { z } from 'zod';

export const sessionSchema = z.object({
  session: z.string().min(1),
  startedAt: z.string(),
  language: z.string(),
  user: z.string().exactOptional(),
  /** A client that gives it may continue the session after its server's end. */
  proof: z.string().exactOptional(),
});
export type SessionRow = z.infer<typeof sessionSchema>;

export const turnSchema = z.object({
  session: z.string().min(1),
  turn: z.int().nonnegative(),
  generation: z.int().nonnegative(),
  userText: z.string(),
  replyText: z.string(),
  heard: z.string(),
  reason: z.enum(['completed', 'interrupted', 'failed']),
  timings: z.record(z.string(), z.json()),
  endedAtMs: z.number().nonnegative(),
});
export type TurnRow = z.infer<typeof turnSchema>;

const storedSession = withoutNulls(
  sessionSchema
    .omit({ proof: true })
    .extend({ endedAt: z.string().exactOptional(), turns: z.int().nonnegative() }),
);
const continuableSession = withoutNulls(sessionSchema.extend({ proof: z.string() }));
const storedTurn = turnSchema.extend({
  timings: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(turnSchema.shape.timings),
});

/** The SQL of sessions and turns, prepared. All throw what SQLite throws. */
export function sessionStatements(db: Database) {
  // A session that is saved again was resumed, so its end is cleared.
  const save = db.prepare(
    `INSERT INTO sessions (session, started_at, language, user, proof)
     VALUES (@session, @startedAt, @language, @user, @proof)
     ON CONFLICT (session) DO UPDATE
     SET started_at = excluded.started_at, language = excluded.language, user = excluded.user, proof = excluded.proof,
         ended_at = NULL`,
  );
  const end = db.prepare('UPDATE sessions SET ended_at = @endedAt, proof = NULL WHERE session = @session');
  // Not for a session that was deleted while live: nothing of it may be stored again.
  const saveTurn = db.prepare(
    `INSERT OR REPLACE INTO turns
       (session, generation, turn, user_text, reply_text, heard, reason, timings, ended_at_ms)
     SELECT @session, @generation, @turn, @userText, @replyText, @heard, @reason, @timings, @endedAtMs
     WHERE EXISTS (SELECT 1 FROM sessions WHERE session = @session)`,
  );
  const sessions = db.prepare(
    `SELECT session, started_at AS startedAt, ended_at AS endedAt, language, user,
            (SELECT count(*) FROM turns WHERE turns.session = sessions.session) AS turns
     FROM sessions ORDER BY started_at DESC, rowid DESC LIMIT ?`,
  );
  const continuable = db.prepare(
    `SELECT session, started_at AS startedAt, language, user, proof
     FROM sessions WHERE proof IS NOT NULL AND ended_at IS NULL ORDER BY started_at DESC`,
  );
  const turns = db.prepare(
    `SELECT session, generation, turn, user_text AS userText, reply_text AS replyText, heard, reason, timings,
            ended_at_ms AS endedAtMs
     FROM turns WHERE session = ? ORDER BY generation`,
  );

  return {
    writes: {
      saveSession(record: SessionRow): void {
        save.run({ user: null, proof: null, ...record });
      },
      endSession(of: { readonly session: string; readonly endedAt: string }): void {
        if (end.run(of).changes === 0) throw new NoSession(of.session);
      },
      saveTurn(record: TurnRow): void {
        const { changes } = saveTurn.run({ ...record, timings: JSON.stringify(record.timings) });
        if (changes === 0) throw new NoSession(record.session);
      },
    },
    reads: {
      sessions: (limit: number) => z.array(storedSession).parse(sessions.all(limit)),
      continuable: (_nothing: null) => z.array(continuableSession).parse(continuable.all()),
      turns: (session: string) => z.array(storedTurn).parse(turns.all(session)),
    },
  };
}

/** A record of an unknown session: it was deleted while live. */
export class NoSession extends Error {
  readonly code = 'SESSION_DELETED';

  constructor(session: string) {
    super(session);
  }
}

/** `schema` for a database row, where NULL means absent. */
export function withoutNulls<Schema extends z.ZodType>(schema: Schema) {
  return z
    .record(z.string(), z.unknown())
    .transform((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
    .pipe(schema as z.ZodType<z.output<Schema>, Record<string, unknown>>);
}
