import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { MemoryRow } from '../../actors/ports/memory.ts';
import { withoutNulls } from './session-statements.ts';

/** Words that are kept of each user; the oldest beyond them are forgotten. */
const MAX_SAID = 5_000;
/** Candidates of each way to search. */
const FOUND = 20;
/** Recalled facts about a user, the newest first. */
const MAX_FACTS = 16;

const item = z.object({
  id: z.string(),
  key: z.string().exactOptional(),
  text: z.string(),
  at: z.string(),
  session: z.string(),
});
const stored = withoutNulls(item);
const near = withoutNulls(item.extend({ distance: z.number() }));

const ITEM = 'memories.id, key, text, at, session';

/** The SQL of what users have said and what is known of them, prepared. All throw what SQLite throws. */
export function memoryStatements(db: Database) {
  // A fact replaces an older one of its name. Nothing that was said before a user was forgotten comes back.
  const remember = db.prepare(
    `INSERT INTO memories (id, user, key, text, at, session, vector)
     SELECT @id, @user, @key, @text, @at, @session, @vector
     WHERE NOT EXISTS (SELECT 1 FROM forgotten_users WHERE owner = @owner AND at >= @at)
     ON CONFLICT (id) DO UPDATE SET text = excluded.text, at = excluded.at, session = excluded.session
     WHERE key IS NOT NULL AND excluded.at >= memories.at`,
  );
  const rowOf = db.prepare('SELECT rowid FROM memories WHERE id = ?').pluck();
  const index = db.prepare('INSERT INTO memory_words (rowid, owner, words) VALUES (?, ?, ?)');
  const indexed = db.prepare('SELECT 1 FROM memory_words WHERE rowid = ?');
  const unindex = db.prepare('DELETE FROM memory_words WHERE rowid = ?');
  const tooMany = db
    .prepare('SELECT rowid FROM memories WHERE user = ? AND key IS NULL ORDER BY at DESC LIMIT -1 OFFSET ?')
    .pluck();
  const drop = db.prepare('DELETE FROM memories WHERE rowid = ?');
  const ofUser = db.prepare('SELECT rowid FROM memories WHERE user = ?').pluck();
  const tombstone = db.prepare('INSERT OR REPLACE INTO forgotten_users (owner, at) VALUES (?, ?)');
  const list = db.prepare(`SELECT ${ITEM} FROM memories WHERE user = ? ORDER BY at, rowid`);
  const facts = db.prepare(
    `SELECT ${ITEM} FROM memories WHERE user = ? AND key IS NOT NULL ORDER BY at DESC LIMIT ${MAX_FACTS}`,
  );
  const newest = db.prepare(
    `SELECT ${ITEM} FROM memories WHERE user = ? AND key IS NULL ORDER BY at DESC, rowid DESC LIMIT ?`,
  );
  const byWords = db.prepare(
    `SELECT ${ITEM} FROM memory_words JOIN memories ON memories.rowid = memory_words.rowid
     WHERE memory_words MATCH ? ORDER BY bm25(memory_words, 0, 1) LIMIT ${FOUND}`,
  );
  // Vectors of another length are those of another model.
  let byVector: ReturnType<Database['prepare']> | undefined;
  const nearTo = () => {
    if (!byVector) {
      db.loadExtension(createRequire(import.meta.url)('sqlite-vec').getLoadablePath());
      byVector = db.prepare(
        `SELECT ${ITEM}, vec_distance_cosine(vector, @vector) AS distance FROM memories
         WHERE user = @user AND length(vector) = length(@vector) ORDER BY distance LIMIT ${FOUND}`,
      );
    }
    return byVector;
  };
  const forget = (rows: readonly unknown[]) => {
    for (const row of rows) {
      unindex.run(row);
      drop.run(row);
    }
    return rows.length;
  };

  return {
    /** Deletes all of a user; events of the user that come later than this, but are older, change nothing. */
    forgetUser(user: string): void {
      forget(ofUser.all(user));
      tombstone.run(ownerOf(user), new Date().toISOString());
    },
    writes: {
      remember({ rows }: { readonly rows: readonly MemoryRow[] }): void {
        for (const row of rows) {
          const owner = ownerOf(row.user);
          remember.run({ ...row, owner });
          const at = rowOf.get(row.id);
          if (row.key === null && at !== undefined && indexed.get(at) === undefined)
            index.run(at, owner, wordsOf(row.text).join(' '));
          forget(tooMany.all(row.user, MAX_SAID));
        }
      },
    },
    reads: {
      /** What is known of the user; what they said that is like `text`, by words and by meaning, or else what they said last. */
      recall(of: { readonly user: string; readonly text: string; readonly vector: Uint8Array | null }) {
        const words = [...new Set(wordsOf(of.text))].map((word) => `"${word}"`);
        const query = `owner : ${ownerOf(of.user)} AND words : (${words.join(' OR ')})`;
        return {
          facts: z.array(stored).parse(facts.all(of.user)),
          newest: z.array(stored).parse(newest.all(of.user, FOUND)),
          byWords: words.length > 0 ? z.array(stored).parse(byWords.all(query)) : [],
          byMeaning: of.vector ? z.array(near).parse(nearTo().all({ user: of.user, vector: of.vector })) : [],
        };
      },
      memoriesOf: (user: string) => z.array(stored).parse(list.all(user)),
    },
  };
}

/** A word that stands for the user in the index. */
function ownerOf(user: string): string {
  return `u${createHash('sha256').update(user).digest('hex').slice(0, 32)}`;
}

// Its dictionaries find the words of Chinese and Japanese too; the language of a text matters little to it.
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** The words of a text in any language, without case. */
function wordsOf(text: string): readonly string[] {
  const plain = text.normalize('NFKC').toLowerCase();
  return [...segmenter.segment(plain)].flatMap(({ segment, isWordLike }) =>
    isWordLike ? segment.replaceAll('"', '') : [],
  );
}
