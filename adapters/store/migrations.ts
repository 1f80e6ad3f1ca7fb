/**
 * The schema, as the steps that lead to it. Step `n` (from 1) brings a database from `user_version` n-1 to n.
 * Steps are only ever added at the end: one that was released never changes.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE sessions (
     session    TEXT PRIMARY KEY,
     started_at TEXT NOT NULL,
     ended_at   TEXT,
     language   TEXT NOT NULL
   ) STRICT;
   CREATE INDEX sessions_by_start ON sessions (started_at);
   CREATE TABLE turns (
     session     TEXT NOT NULL,
     generation  INTEGER NOT NULL,
     turn        INTEGER NOT NULL,
     user_text   TEXT NOT NULL,
     reply_text  TEXT NOT NULL,
     heard       TEXT NOT NULL,
     reason      TEXT NOT NULL,
     timings     TEXT NOT NULL,
     ended_at_ms REAL NOT NULL,
     PRIMARY KEY (session, generation)
   ) STRICT;`,
];

/** Marks a file as Parley's (`PRAGMA application_id`): "Prly" in ASCII. */
export const APPLICATION_ID = 0x50_72_6c_79;
