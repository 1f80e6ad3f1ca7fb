import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { OverviewQuery } from '../../actors/ports/inspect.ts';
import { withoutNulls } from './session-statements.ts';

const overviewSchema = withoutNulls(
  z.object({
    session: z.string(),
    startedAt: z.string(),
    endedAt: z.string().exactOptional(),
    language: z.string().exactOptional(),
    status: z.enum(['open', 'ended', 'incomplete']).exactOptional(),
    records: z.int().nonnegative(),
    turns: z.int().nonnegative(),
    latencyMs: z.number().exactOptional(),
    errors: z.int().nonnegative(),
    lastError: z.string().exactOptional(),
    lastText: z.string().exactOptional(),
    machine: z.string().exactOptional(),
    version: z.string().exactOptional(),
  }),
);

/** The SQL of session lists. It first finds the matching sessions, then loads the details of these only. */
export function overviewStatements(db: Database) {
  const all = `SELECT journals.session, journals.started_at, coalesce(journals.ended_at, sessions.ended_at) AS ended_at,
         sessions.language, journals.status, journals.machine, journals.version
       FROM journals LEFT JOIN sessions ON sessions.session = journals.session
     UNION ALL
     SELECT session, started_at, ended_at, language, NULL, NULL, NULL FROM sessions
       WHERE NOT EXISTS (SELECT 1 FROM journals WHERE journals.session = sessions.session)`;
  const matching = `SELECT * FROM (${all}) AS one
     WHERE (@beforeAt IS NULL OR (started_at, session) < (@beforeAt, @beforeSession))
       AND (@status IS NULL OR status IN (SELECT value FROM json_each(@status)))
       AND session NOT IN (SELECT value FROM json_each(@except))
       AND (@text IS NULL OR session LIKE @text ESCAPE '\\' OR EXISTS (
         SELECT 1 FROM turns WHERE turns.session = one.session
         AND (user_text LIKE @text ESCAPE '\\' OR reply_text LIKE @text ESCAPE '\\')))
       AND (@error IS NULL OR EXISTS (
         SELECT 1 FROM journal_errors WHERE journal_errors.session = one.session AND @error IN ('any', code)))
     ORDER BY started_at DESC, session DESC LIMIT @limit`;
  const list = db.prepare(
    `SELECT session, started_at AS startedAt, ended_at AS endedAt, language, status, machine, version,
       coalesce((SELECT max(record) + 1 FROM journal WHERE journal.session = found.session), 0) AS records,
       (SELECT count(*) FROM turns WHERE turns.session = found.session) AS turns,
       (SELECT json_extract(timings, '$.firstAudio') FROM turns WHERE turns.session = found.session
        AND json_extract(timings, '$.firstAudio') IS NOT NULL ORDER BY generation DESC LIMIT 1) AS latencyMs,
       (SELECT count(*) FROM journal_errors WHERE journal_errors.session = found.session) AS errors,
       (SELECT code FROM journal_errors WHERE journal_errors.session = found.session
        ORDER BY record DESC LIMIT 1) AS lastError,
       (SELECT user_text FROM turns WHERE turns.session = found.session
        ORDER BY generation DESC LIMIT 1) AS lastText
     FROM (${matching}) AS found ORDER BY started_at DESC, session DESC`,
  );
  return ({ limit, before, status, text, error, except }: OverviewQuery) =>
    z.array(overviewSchema).parse(
      list.all({
        limit,
        beforeAt: before?.startedAt ?? null,
        beforeSession: before?.session ?? null,
        status: status === undefined ? null : JSON.stringify(status),
        text: text === undefined ? null : `%${text.replace(/[\\%_]/gu, '\\$&')}%`,
        error: error ?? null,
        except: JSON.stringify(except ?? []),
      }),
    );
}
