/** The migrations of the schema. Step `n` (from 1) migrates a database from `user_version` n-1 to n. Only append steps; never change a released one.
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
  `CREATE TABLE journal_parameters (
     hash TEXT PRIMARY KEY,
     json TEXT NOT NULL
   ) STRICT;
   CREATE TABLE journals (
     session     TEXT PRIMARY KEY,
     format      INTEGER NOT NULL,
     machine     TEXT NOT NULL,
     version     TEXT NOT NULL,
     started_at  TEXT NOT NULL,
     ended_at    TEXT,
     parameters  TEXT NOT NULL,
     input       TEXT NOT NULL,
     header_hash TEXT NOT NULL,
     status      TEXT NOT NULL,
     records     INTEGER
   ) STRICT;
   CREATE INDEX journals_by_start ON journals (started_at);
   CREATE INDEX journals_by_parameters ON journals (parameters);
   CREATE TABLE journal (
     session       TEXT NOT NULL,
     record        INTEGER NOT NULL,
     seq           INTEGER NOT NULL,
     t             REAL NOT NULL,
     source        TEXT NOT NULL,
     generation    INTEGER NOT NULL,
     stale         INTEGER NOT NULL,
     event         TEXT NOT NULL,
     change        TEXT NOT NULL,
     commands      TEXT NOT NULL,
     state_hash    TEXT NOT NULL,
     commands_hash TEXT NOT NULL,
     PRIMARY KEY (session, record)
   ) STRICT;
   CREATE TABLE audio (
     hash TEXT PRIMARY KEY,
     pcm  BLOB NOT NULL
   ) STRICT;
   CREATE TABLE journal_audio (
     session    TEXT NOT NULL,
     direction  TEXT NOT NULL,
     generation INTEGER NOT NULL,
     sample     INTEGER NOT NULL,
     rate       INTEGER NOT NULL,
     hash       TEXT NOT NULL
   ) STRICT;
   CREATE INDEX journal_audio_by_session ON journal_audio (session);
   CREATE INDEX journal_audio_by_hash ON journal_audio (hash);`,
  `CREATE TABLE journal_errors (
     session TEXT NOT NULL,
     record  INTEGER NOT NULL,
     code    TEXT NOT NULL
   ) STRICT;
   CREATE INDEX journal_errors_by_session ON journal_errors (session, record);
   INSERT INTO journal_errors (session, record, code)
     SELECT session, record, json_extract(value, '$.message.code') FROM journal, json_each(commands)
     WHERE commands LIKE '%"type":"error"%' AND json_extract(value, '$.message.type') = 'error'
       AND json_extract(value, '$.message.code') IS NOT NULL;`,
  // Rows that a live session wrote after its deletion, which older versions allowed.
  `DELETE FROM turns WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.session = turns.session);
   DELETE FROM journal_audio WHERE NOT EXISTS (SELECT 1 FROM journals WHERE journals.session = journal_audio.session);
   DELETE FROM audio WHERE NOT EXISTS (SELECT 1 FROM journal_audio WHERE journal_audio.hash = audio.hash);
   CREATE TABLE probe (bytes BLOB NOT NULL) STRICT;`,
  `CREATE TABLE conversation_turns (
     conversation TEXT NOT NULL,
     turn         INTEGER NOT NULL,
     session      TEXT NOT NULL,
     request      TEXT NOT NULL,
     generation   INTEGER,
     "end"        TEXT,
     PRIMARY KEY (conversation, turn)
   ) STRICT;
   CREATE INDEX conversation_turns_by_session ON conversation_turns (session);`,
  // `delivered`: when a stream had acknowledged it, ms since 1970.
  `CREATE TABLE outbox_events (
     id         TEXT PRIMARY KEY,
     session    TEXT NOT NULL,
     type       TEXT NOT NULL,
     payload    TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     delivered  INTEGER
   ) STRICT;
   CREATE INDEX outbox_events_by_session ON outbox_events (session);
   CREATE INDEX outbox_events_waiting ON outbox_events (created_at) WHERE delivered IS NULL;
   CREATE INDEX outbox_events_delivered ON outbox_events (delivered) WHERE delivered IS NOT NULL;
   CREATE TABLE dead_events (
     id      TEXT PRIMARY KEY,
     session TEXT NOT NULL,
     type    TEXT NOT NULL,
     payload TEXT NOT NULL,
     error   TEXT NOT NULL,
     tries   INTEGER NOT NULL,
     at      TEXT NOT NULL
   ) STRICT;
   CREATE TABLE analytics_turns (
     id      TEXT PRIMARY KEY,
     session TEXT NOT NULL,
     turn    INTEGER NOT NULL,
     at      TEXT NOT NULL,
     facts   TEXT NOT NULL
   ) STRICT;
   CREATE INDEX analytics_turns_by_time ON analytics_turns (at);
   CREATE INDEX analytics_turns_by_session ON analytics_turns (session);`,
  `ALTER TABLE sessions ADD COLUMN user TEXT;
   CREATE INDEX sessions_by_user ON sessions (user) WHERE user IS NOT NULL;`,
  // Words that are deleted leave the index at once, not with the next merge of its parts. `owner`: a word for the user.
  `CREATE TABLE memories (
     id      TEXT PRIMARY KEY,
     user    TEXT NOT NULL,
     key     TEXT,
     text    TEXT NOT NULL,
     at      TEXT NOT NULL,
     session TEXT NOT NULL,
     vector  BLOB
   ) STRICT;
   CREATE INDEX memories_by_user ON memories (user, at);
   CREATE VIRTUAL TABLE memory_words USING fts5 (owner, words, tokenize = 'porter unicode61');
   INSERT INTO memory_words (memory_words, rank) VALUES ('secure-delete', 1);
   CREATE TABLE forgotten_users (
     owner TEXT PRIMARY KEY,
     at    TEXT NOT NULL
   ) STRICT;`,
  // Who may continue the session after its server's end: a digest of the client's secret. None once it has ended.
  `ALTER TABLE sessions ADD COLUMN proof TEXT;
   CREATE INDEX sessions_continuable ON sessions (session) WHERE proof IS NOT NULL;`,
  `CREATE TABLE session_records (
     session         TEXT PRIMARY KEY,
     owner           TEXT NOT NULL,
     epoch           INTEGER NOT NULL,
     lease_until_ms  REAL NOT NULL,
     context_version INTEGER NOT NULL,
     started_at      TEXT NOT NULL,
     language        TEXT NOT NULL,
     user            TEXT,
     proof           TEXT NOT NULL,
     revision        INTEGER NOT NULL,
     snapshot        TEXT NOT NULL
   ) STRICT;`,
];

/** Marks a file as Parley's (`PRAGMA application_id`): "Prly" in ASCII. */
export const APPLICATION_ID = 0x50_72_6c_79;
