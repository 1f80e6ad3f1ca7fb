import { z } from 'zod';
import { journalAsks, journalResults, journalWrites } from './journal-protocol.ts';

/** What the thread opens. */
export const openOptionsSchema = z.object({
  path: z.string().min(1),
  busyTimeoutMs: z.int().nonnegative(),
  maxPages: z.int().positive().exactOptional(),
});
export type OpenOptions = z.infer<typeof openOptionsSchema>;

export const sessionSchema = z.object({
  session: z.string().min(1),
  startedAt: z.string(),
  language: z.string(),
});

export const turnSchema = z.object({
  session: z.string().min(1),
  turn: z.int().nonnegative(),
  generation: z.int().nonnegative(),
  userText: z.string(),
  replyText: z.string(),
  heard: z.string(),
  reason: z.enum(['completed', 'interrupted', 'failed']),
  timings: z.record(z.string(), z.json()),
  endedAtMs: z.number().nonnegative(),
});

export const storedSessionSchema = sessionSchema.extend({
  endedAt: z.string().exactOptional(),
  turns: z.int().nonnegative(),
});

export const writeSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('saveSession'), record: sessionSchema }),
  z.object({ op: z.literal('endSession'), session: z.string(), endedAt: z.string() }),
  z.object({ op: z.literal('saveTurn'), record: turnSchema }),
  ...journalWrites,
]);
export type Write = z.infer<typeof writeSchema>;

export const readSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('sessions'), limit: z.int().nonnegative() }),
  z.object({ op: z.literal('turns'), session: z.string() }),
  ...journalAsks,
]);
export type Read = z.infer<typeof readSchema>;

/** Main thread → SQLite's thread. One group is under way at a time. */
export const toThreadSchema = z.discriminatedUnion('type', [
  /** The writes make one transaction; the reads come after it. */
  z.object({ type: z.literal('group'), writes: z.array(writeSchema), reads: z.array(readSchema) }),
  z.object({ type: z.literal('close') }),
]);
export type ToThread = z.infer<typeof toThreadSchema>;

const failureSchema = z.object({
  ok: z.literal(false),
  message: z.string(),
  /** SQLite's, such as `SQLITE_FULL`, or the system's, such as `EACCES`. */
  code: z.string().optional(),
});
export type Failure = z.infer<typeof failureSchema>;

const writeResultSchema = z.union([z.object({ ok: z.literal(true) }), failureSchema]);
export type WriteResult = z.infer<typeof writeResultSchema>;

const readResultSchema = z.union([
  z.object({ ok: z.literal(true), op: z.literal('sessions'), rows: z.array(storedSessionSchema) }),
  z.object({ ok: z.literal(true), op: z.literal('turns'), rows: z.array(turnSchema) }),
  ...journalResults,
  failureSchema,
]);
export type ReadResult = z.infer<typeof readResultSchema>;

/** SQLite's thread → main thread. Results are in the order of the group. */
export const fromThreadSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('group'),
    writes: z.array(writeResultSchema),
    reads: z.array(readResultSchema),
    /** Transactions committed for the group: one, or more if some of it had to be tried apart. */
    transactions: z.int(),
  }),
]);
export type FromThread = z.infer<typeof fromThreadSchema>;
