import { z } from 'zod';
import { type EventBody, type EventType, ROLE_OF } from '../actors/ports/event-stream.ts';

const types = Object.keys(ROLE_OF) as [EventType, ...EventType[]];

/** The body of an event, as it is in the outbox and on the wire. */
export const eventBody: z.ZodType<EventBody> = z.object({
  correlationId: z.string().min(1),
  sessionId: z.string().min(1),
  turn: z.int().nonnegative(),
  type: z.enum(types),
  payload: z.record(z.string(), z.json()),
  ts: z.string(),
});
