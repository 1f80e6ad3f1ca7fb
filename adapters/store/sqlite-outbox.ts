import type { z } from 'zod';
import type { DeadLetter, StreamEvent } from '../../actors/ports/event-stream.ts';
import type { OutboxStore } from '../../actors/ports/outbox.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import { eventBody } from '../event-body.ts';
import type { EventRow } from './outbox-statements.ts';
import { type TurnRow, turnSchema } from './session-statements.ts';
import type { SqliteThread } from './sqlite-journal.ts';

/** The outbox in the store's SQLite file. */
export function sqliteOutbox(
  { write, read }: SqliteThread,
  valid: (schema: z.ZodType<TurnRow>, turn: TurnRecord) => TurnRow,
): OutboxStore {
  return {
    saveTurn: async (turn, events) =>
      write({
        op: 'saveTurnWith',
        args: { turn: valid(turnSchema, turn), events: events.map(rowOf), now: Date.now() },
      }),
    waiting: async (types, limit) => (await read('waitingEvents', { types, limit })).map(eventOf),
    delivered: (ids) => write({ op: 'eventsDelivered', args: { ids, now: Date.now() } }),
    async backlog() {
      const { events, oldest } = await read('eventBacklog', null);
      return { events, ageMs: oldest === null ? 0 : Math.max(0, Date.now() - oldest) };
    },
    again: (ms) => read('eventsAgain', Date.now() - ms),
    prune: (ms) => write({ op: 'pruneEvents', args: Date.now() - ms }),
    bury: ({ event, ...rest }) => write({ op: 'buryEvent', args: { ...rowOf(event), ...rest } }),
    buried: async (limit) =>
      (await read('buriedEvents', limit)).map(
        ({ error, tries, at, ...row }): DeadLetter => ({ event: eventOf(row), error, tries, at }),
      ),
    exhume: (id, again) => read('exhumeEvent', { id, again, now: Date.now() }),
  };
}

function rowOf({ id, body }: StreamEvent): EventRow {
  return { id, session: body.sessionId, type: body.type, payload: JSON.stringify(body) };
}

function eventOf({ id, payload }: Pick<EventRow, 'id' | 'payload'>): StreamEvent {
  return { id, body: eventBody.parse(JSON.parse(payload)) };
}
