import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { TurnRow } from './session-statements.ts';

const eventSchema = z.object({ id: z.string(), type: z.string(), payload: z.string() });
/** `payload` is the event's body as JSON. */
export type EventRow = z.infer<typeof eventSchema> & { readonly session: string };

const letterSchema = eventSchema.extend({
  session: z.string(),
  error: z.string(),
  tries: z.int(),
  at: z.string(),
});
export type LetterRow = z.infer<typeof letterSchema>;

const backlogSchema = z.object({ events: z.int(), oldest: z.number().nullable() });

/** The SQL of the outbox, prepared. Times are ms since 1970. All throw what SQLite throws. */
export function outboxStatements(db: Database, saveTurn: (turn: TurnRow) => void) {
  // An event that is saved again is the same one, and may have been delivered.
  const save = db.prepare(
    `INSERT OR IGNORE INTO outbox_events (id, session, type, payload, created_at)
     VALUES (@id, @session, @type, @payload, @now)`,
  );
  const ofTypes = 'type IN (SELECT value FROM json_each(@types)) ORDER BY rowid LIMIT @limit';
  const waiting = db.prepare(
    `SELECT id, type, payload FROM outbox_events WHERE delivered IS NULL AND ${ofTypes}`,
  );
  // A negative time: it was delivered then, and is to be sent again. Behind the others, which were never delivered.
  const waitingAgain = db.prepare(
    `SELECT id, type, payload FROM outbox_events WHERE delivered < 0 AND ${ofTypes}`,
  );
  const deliver = db.prepare('UPDATE outbox_events SET delivered = @now WHERE id = @id');
  const backlog = db.prepare(
    'SELECT count(*) AS events, min(created_at) AS oldest FROM outbox_events WHERE delivered IS NULL OR delivered < 0',
  );
  const again = db.prepare('UPDATE outbox_events SET delivered = -delivered WHERE delivered >= max(?, 1)');
  const prune = db.prepare('DELETE FROM outbox_events WHERE delivered BETWEEN 0 AND ? - 1');
  const bury = db.prepare(
    `INSERT OR REPLACE INTO dead_events (id, session, type, payload, error, tries, at)
     VALUES (@id, @session, @type, @payload, @error, @tries, @at)`,
  );
  const buried = db.prepare(
    'SELECT id, session, type, payload, error, tries, at FROM dead_events ORDER BY at, rowid LIMIT ?',
  );
  const letter = db.prepare('SELECT * FROM dead_events WHERE id = ?');
  const unbury = db.prepare('DELETE FROM dead_events WHERE id = ?');
  const forgetEvent = db.prepare('DELETE FROM outbox_events WHERE id = ?');

  // One savepoint: a turn without its events would lose them.
  const saveBoth = db.transaction((turn: TurnRow, events: readonly EventRow[], now: number) => {
    saveTurn(turn);
    for (const event of events) save.run({ ...event, now });
  });
  const exhume = db.transaction((id: string, anew: boolean, now: number): boolean => {
    const row = letter.get(id);
    if (row === undefined) return false;
    unbury.run(id);
    forgetEvent.run(id);
    if (anew) save.run({ ...letterSchema.parse(row), now });
    return true;
  });
  return {
    writes: {
      saveTurnWith: (of: {
        readonly turn: TurnRow;
        readonly events: readonly EventRow[];
        readonly now: number;
      }) => saveBoth(of.turn, of.events, of.now),
      eventsDelivered({ ids, now }: { readonly ids: readonly string[]; readonly now: number }): void {
        for (const id of ids) deliver.run({ id, now });
      },
      buryEvent(row: LetterRow): void {
        bury.run(row);
      },
      pruneEvents(before: number): void {
        prune.run(before);
      },
    },
    reads: {
      waitingEvents(of: { readonly types: readonly string[]; readonly limit: number }) {
        const types = JSON.stringify(of.types);
        const found = waiting.all({ types, limit: of.limit });
        const left = of.limit - found.length;
        if (left > 0) found.push(...waitingAgain.all({ types, limit: left }));
        return z.array(eventSchema).parse(found);
      },
      eventBacklog: (_nothing: null) => backlogSchema.parse(backlog.get()),
      eventsAgain: (since: number): number => again.run(since).changes,
      buriedEvents: (limit: number) => z.array(letterSchema).parse(buried.all(limit)),
      exhumeEvent: (of: { readonly id: string; readonly again: boolean; readonly now: number }): boolean =>
        exhume.immediate(of.id, of.again, of.now),
    },
  };
}
