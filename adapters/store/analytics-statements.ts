import type { Database } from 'better-sqlite3';
import { z } from 'zod';

/** One ended reply as analytics keeps it. `facts` is JSON. */
export const analyticsTurnSchema = z.object({
  id: z.string().min(1),
  session: z.string().min(1),
  turn: z.int().nonnegative(),
  /** Wall-clock time, ISO 8601. */
  at: z.string(),
  facts: z.string(),
});
export type AnalyticsTurn = z.infer<typeof analyticsTurnSchema>;

/** The SQL of analytics, prepared. All throw what SQLite throws. */
export function analyticsStatements(db: Database) {
  const save = db.prepare(
    `INSERT OR IGNORE INTO analytics_turns (id, session, turn, at, facts)
     VALUES (@id, @session, @turn, @at, @facts)`,
  );
  const turns = db.prepare(
    'SELECT id, session, turn, at, facts FROM analytics_turns WHERE at >= @since ORDER BY at, rowid LIMIT @limit OFFSET @from',
  );
  const prune = db.prepare('DELETE FROM analytics_turns WHERE at < ?');
  return {
    writes: {
      saveAnalyticsTurn(turn: AnalyticsTurn): void {
        save.run(turn);
      },
      pruneAnalytics(before: string): void {
        prune.run(before);
      },
    },
    reads: {
      analyticsTurns: (of: { readonly since: string; readonly from: number; readonly limit: number }) =>
        z.array(analyticsTurnSchema).parse(turns.all(of)),
    },
  };
}
