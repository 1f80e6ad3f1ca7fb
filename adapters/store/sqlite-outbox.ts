import { z } from 'zod';
import {
  type DeadLetter,
  type EventBody,
  type EventType,
  ROLE_OF,
  type StreamEvent,
} from '../../actors/ports/event-stream.ts';
import type { OutboxStore } from '../../actors/ports/outbox.ts';
import type { TurnRecord } from '../../actors/ports/store.ts';
import type { EventRow } from './outbox-statements.ts';
import { type TurnRow, turnSchema } from './session-statements.ts';
import type { SqliteThread } from './sqlite-journal.ts';

const typeSchema = z.enum(Object.keys(ROLE_OF) as [EventType, ...EventType[]]);

/** An event's body, as it is on the wire and in the outbox. */
export const eventBody = z.object({
  correlationId: z.string().min(1),
  sessionId: z.string().min(1),
  turn: z.int().nonnegative(),
  type: typeSchema,
  payload: z.record(z.string(), z.json()),
  ts: z.string(),
});

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
  const body: EventBody = eventBody.parse(JSON.parse(payload));
  return { id, body };
}
