import { z } from 'zod';
import type { JournalBatch } from '../../actors/ports/journal-stream.ts';
import { type JournalHeader, type JournalRecord, sourceOf } from '../../machines/journal/record.ts';
import { parseJson } from '../../machines/json.ts';

const record = z.object({
  record: z.int().nonnegative(),
  seq: z.int().nonnegative(),
  t: z.number().nonnegative(),
  source: z.string().transform((name, { addIssue }): JournalRecord['source'] => {
    const source = sourceOf(name);
    if (!source) addIssue(`unknown source ${name}`);
    return source ?? 'server';
  }),
  generation: z.int().nonnegative(),
  stale: z.boolean(),
  event: z.string(),
  change: z.string(),
  commands: z.string(),
  stateHash: z.string(),
  commandsHash: z.string(),
});

const header = z
  .object({
    format: z.int(),
    session: z.string(),
    machine: z.string(),
    version: z.string(),
    startedAt: z.string(),
    parameters: z.looseObject({}),
    input: z.looseObject({}),
  })
  // Their format belongs to the recording version. The header's hash detects changes.
  .transform((made) => made as unknown as JournalHeader);

const schema = z.object({
  server: z.string(),
  epoch: z.int().positive(),
  number: z.int().nonnegative(),
  opening: z
    .object({
      header,
      headerHash: z.string(),
      startedAt: z.string(),
      language: z.string(),
      user: z.string().exactOptional(),
      proof: z.string(),
    })
    .exactOptional(),
  records: z.array(record),
});

const decoder = new TextDecoder();

/** A batch from its JSON; undefined if it is none, or of a version that this one does not read. */
export function parseBatch(bytes: Uint8Array): JournalBatch | undefined {
  return schema.safeParse(parseJson(decoder.decode(bytes))).data;
}
