import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { NoSession, withoutNulls } from './session-statements.ts';

const headShape = {
  session: z.string().min(1),
  owner: z.string(),
  epoch: z.int().nonnegative(),
  leaseUntilMs: z.number().nonnegative(),
  contextVersion: z.int().positive(),
  startedAt: z.string(),
  language: z.string(),
  user: z.string().exactOptional(),
  proof: z.string(),
  revision: z.int().nonnegative(),
};
const headSchema = z.object(headShape);
const recordSchema = z.object({ ...headShape, snapshot: z.string() });
const storedHead = withoutNulls(headSchema);
const storedRecord = withoutNulls(recordSchema);

export type RecordHeadRow = z.infer<typeof headSchema>;
/** A record; `revision`: the one that it replaces, or has. */
export type RecordRow = z.infer<typeof recordSchema>;

/** The SQL of session records, prepared. All throw what SQLite throws. */
export function recordStatements(db: Database) {
  const create = db.prepare(
    `INSERT INTO session_records
       (session, owner, epoch, lease_until_ms, context_version, started_at, language, user, proof, revision, snapshot)
     VALUES (@session, @owner, @epoch, @leaseUntilMs, @contextVersion, @startedAt, @language, @user, @proof, 1, @snapshot)
     ON CONFLICT (session) DO NOTHING`,
  );
  const replace = db.prepare(
    `UPDATE session_records
     SET owner = @owner, epoch = @epoch, lease_until_ms = @leaseUntilMs, context_version = @contextVersion,
         snapshot = @snapshot, revision = revision + 1
     WHERE session = @session AND revision = @revision`,
  );
  const remove = db.prepare('DELETE FROM session_records WHERE session = @session AND revision = @revision');
  const known = db.prepare('SELECT 1 FROM session_records WHERE session = ?');
  const head = `session, owner, epoch, lease_until_ms AS leaseUntilMs, context_version AS contextVersion,
    started_at AS startedAt, language, user, proof, revision`;
  const load = db.prepare(`SELECT ${head}, snapshot FROM session_records WHERE session = ?`);
  const heads = db.prepare(`SELECT ${head} FROM session_records ORDER BY started_at DESC`);

  function refused(session: string): Error {
    return known.get(session) === undefined ? new NoSession(session) : new OtherRevision(session);
  }

  return {
    writes: {
      saveRecord(row: RecordRow): void {
        const made = row.revision === 0 ? create.run({ user: null, ...row }) : replace.run(row);
        if (made.changes === 0) throw refused(row.session);
      },
      deleteRecord(of: { readonly session: string; readonly revision: number }): void {
        if (remove.run(of).changes === 0) throw refused(of.session);
      },
    },
    reads: {
      record: (session: string) => storedRecord.optional().parse(load.get(session)),
      recordHeads: (_nothing: null) => z.array(storedHead).parse(heads.all()),
    },
  };
}

/** Another process has written the record. */
class OtherRevision extends Error {
  readonly code = 'EPOCH_SUPERSEDED';
}
