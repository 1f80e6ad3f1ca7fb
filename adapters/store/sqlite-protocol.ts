import { z } from 'zod';
import { linesOf, rowsOf } from './journal-lines.ts';
import { audioSchema, audioWrite, journalAsks, journalResults, journalWrites } from './journal-protocol.ts';

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

const plainWrites = [
  z.object({ op: z.literal('saveSession'), record: sessionSchema }),
  z.object({ op: z.literal('endSession'), session: z.string(), endedAt: z.string() }),
  z.object({ op: z.literal('saveTurn'), record: turnSchema }),
  ...journalWrites,
] as const;

export const writeSchema = z.discriminatedUnion('op', [...plainWrites, audioWrite]);
export type Write = z.infer<typeof writeSchema>;

export const readSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('sessions'), limit: z.int().nonnegative() }),
  z.object({ op: z.literal('turns'), session: z.string() }),
  ...journalAsks,
]);
export type Read = z.infer<typeof readSchema>;

/** Main thread → SQLite's thread. One group is under way at a time. */
export const toThreadSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('group'),
    /** JSON of a list of writes, without the bytes of audio: one text crosses for a fifth of what many objects cost. `null` stands for the next row of `rows`. */
    writes: z.string(),
    /** Journal rows, as lines: see `linesOf`. */
    rows: z.string(),
    /** The bytes of the writes that are audio, in order. */
    pcm: z.array(z.instanceof(Uint8Array<ArrayBufferLike>)),
    reads: z.array(readSchema),
  }),
  z.object({ type: z.literal('close') }),
]);
export type ToThread = z.infer<typeof toThreadSchema>;

type PackedWrites = Pick<Extract<ToThread, { type: 'group' }>, 'writes' | 'rows' | 'pcm'>;

/** As `writeSchema`, with the place of an audio's bytes instead of them. */
const packedSchema = z.array(
  z
    .discriminatedUnion('op', [
      ...plainWrites,
      z.object({ op: z.literal('saveAudio'), audio: audioSchema.extend({ pcm: z.int().nonnegative() }) }),
    ])
    .nullable(),
);

/** The writes as they cross; they make one transaction, and the group's reads come after it. */
export function packed(writes: readonly Write[]): PackedWrites {
  const pcm: Uint8Array[] = [];
  const rows: string[] = [];
  const list = writes.map((write) => {
    if (write.op === 'saveAudio')
      return { ...write, audio: { ...write.audio, pcm: pcm.push(write.audio.pcm) - 1 } };
    const lines = write.op === 'appendJournal' ? linesOf(write.row) : undefined;
    if (lines === undefined) return write;
    rows.push(lines);
    return null;
  });
  return { writes: JSON.stringify(list), rows: rows.join('\n'), pcm };
}

/** What `packed` took. Throws if it did not make it. */
export function unpacked({ writes, rows, pcm }: PackedWrites): Write[] {
  const next = rowsOf(rows);
  return packedSchema.parse(JSON.parse(writes)).map((write) => {
    if (write === null) return { op: 'appendJournal', row: next() };
    if (write.op !== 'saveAudio') return write;
    const bytes = pcm[write.audio.pcm];
    if (!bytes) throw new RangeError(`no bytes number ${write.audio.pcm}`);
    return { ...write, audio: { ...write.audio, pcm: bytes } };
  });
}

const failureSchema = z.object({
  ok: z.literal(false),
  message: z.string(),
  /** SQLite's, such as `SQLITE_FULL`, or the system's, such as `EACCES`. */
  code: z.string().optional(),
});
export type Failure = z.infer<typeof failureSchema>;

export type WriteResult = { readonly ok: true } | Failure;

const readResultSchema = z.union([
  z.object({ ok: z.literal(true), op: z.literal('sessions'), rows: z.array(storedSessionSchema) }),
  z.object({ ok: z.literal(true), op: z.literal('turns'), rows: z.array(turnSchema) }),
  ...journalResults,
  failureSchema,
]);
export type ReadResult = z.infer<typeof readResultSchema>;

/** SQLite's thread → main thread. */
export const fromThreadSchema = z.object({
  type: z.literal('group'),
  /** How many there were, and those that were not kept: where in the group, and why. */
  writes: z.int(),
  failed: z.array(z.object({ at: z.int(), failure: failureSchema })),
  /** In the order of the group. */
  reads: z.array(readResultSchema),
  /** Transactions committed for the group: one, or more if some of it had to be tried apart. */
  transactions: z.int(),
});
export type FromThread = z.infer<typeof fromThreadSchema>;
