import { z } from 'zod';
import { overviewsAsk, overviewsResult } from './overview-protocol.ts';

/** What crosses to SQLite's thread about journals. Parameters and input are canonical JSON, audio is PCM16LE. */

export const journalRowSchema = z.object({
  session: z.string().min(1),
  record: z.int().nonnegative(),
  seq: z.int().nonnegative(),
  t: z.number().nonnegative(),
  source: z.string(),
  generation: z.int().nonnegative(),
  stale: z.boolean(),
  event: z.string(),
  change: z.string(),
  commands: z.string(),
  stateHash: z.string(),
  commandsHash: z.string(),
});
export type JournalRow = z.infer<typeof journalRowSchema>;

const statusSchema = z.enum(['open', 'ended', 'incomplete']);

export const journalHeadSchema = z.object({
  session: z.string().min(1),
  format: z.int(),
  machine: z.string(),
  version: z.string(),
  startedAt: z.string(),
  parameters: z.string(),
  input: z.string(),
  headerHash: z.string(),
});

export const storedHeadSchema = journalHeadSchema.extend({
  status: statusSchema,
  records: z.int().nonnegative().nullable(),
});
export type StoredHead = z.infer<typeof storedHeadSchema>;

export const audioSchema = z.object({
  session: z.string().min(1),
  direction: z.enum(['in', 'out']),
  generation: z.int().nonnegative(),
  sample: z.int().nonnegative(),
  rate: z.int().positive(),
  pcm: z.instanceof(Uint8Array<ArrayBufferLike>),
});
export type AudioRow = z.infer<typeof audioSchema>;

export const summarySchema = z.object({
  session: z.string(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  status: statusSchema,
  records: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  machine: z.string(),
  version: z.string(),
});

/** Part of the group's transaction. */
export const journalWrites = [
  z.object({ op: z.literal('openJournal'), head: journalHeadSchema }),
  z.object({ op: z.literal('appendJournal'), row: journalRowSchema }),
  z.object({
    op: z.literal('endJournal'),
    session: z.string(),
    status: z.enum(['ended', 'incomplete']),
    records: z.int().nonnegative().nullable(),
    endedAt: z.string(),
  }),
] as const;

export const audioWrite = z.object({ op: z.literal('saveAudio'), audio: audioSchema });

/** Done after the group's transaction, each by itself; those that write have a transaction of their own. */
export const journalAsks = [
  z.object({ op: z.literal('journals'), limit: z.int().nonnegative() }),
  z.object({ op: z.literal('journalHead'), session: z.string() }),
  z.object({
    op: z.literal('journalRows'),
    session: z.string(),
    from: z.int().nonnegative(),
    limit: z.int().positive(),
  }),
  z.object({
    op: z.literal('audio'),
    session: z.string(),
    from: z.int().nonnegative(),
    limit: z.int().positive(),
  }),
  z.object({
    op: z.literal('importJournal'),
    head: storedHeadSchema,
    rows: z.array(journalRowSchema),
    audio: z.array(audioSchema),
  }),
  z.object({ op: z.literal('deleteSession'), session: z.string() }),
  z.object({
    op: z.literal('prune'),
    startedBefore: z.string().exactOptional(),
    maxBytes: z.int().nonnegative().exactOptional(),
    except: z.array(z.string()),
  }),
  overviewsAsk,
] as const;

export const journalResults = [
  z.object({ ok: z.literal(true), op: z.literal('journals'), rows: z.array(summarySchema) }),
  z.object({ ok: z.literal(true), op: z.literal('journalHead'), head: storedHeadSchema.nullable() }),
  z.object({ ok: z.literal(true), op: z.literal('journalRows'), rows: z.array(journalRowSchema) }),
  z.object({ ok: z.literal(true), op: z.literal('audio'), rows: z.array(audioSchema) }),
  z.object({ ok: z.literal(true), op: z.literal('importJournal') }),
  z.object({ ok: z.literal(true), op: z.literal('deleteSession'), known: z.boolean() }),
  z.object({ ok: z.literal(true), op: z.literal('prune'), deleted: z.array(z.string()) }),
  overviewsResult,
] as const;

export type JournalWrite = z.infer<(typeof journalWrites)[number]> | z.infer<typeof audioWrite>;
export type JournalAsk = z.infer<(typeof journalAsks)[number]>;
export type JournalResult = z.infer<(typeof journalResults)[number]>;
