import { z } from 'zod';
import type { JournalBatch } from '../../actors/ports/journal-stream.ts';
import { type JournalHeader, type JournalRecord, sourceOf } from '../../machines/journal/record.ts';
import { parseJson } from '../../machines/json.ts';

/** The members of a record, and their types. */
const MEMBERS: readonly (readonly [keyof JournalRecord, 'number' | 'string' | 'boolean'])[] = [
  ...(['record', 'seq', 't', 'generation'] as const).map((name) => [name, 'number'] as const),
  ...(['source', 'event', 'change', 'commands', 'stateHash', 'commandsHash'] as const).map(
    (name) => [name, 'string'] as const,
  ),
  ['stale', 'boolean'],
];

/** A client waits while thousands of them are read, and their hashes are checked afterwards. A schema of each member took a fifth of a takeover. */
function isRecord(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false;
  return (
    MEMBERS.every(([name, type]) => typeof Reflect.get(given, name) === type) &&
    sourceOf(String(Reflect.get(given, 'source'))) !== undefined
  );
}

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
  records: z.custom<readonly JournalRecord[]>((given) => Array.isArray(given) && given.every(isRecord)),
  more: z.literal(true).exactOptional(),
});

const decoder = new TextDecoder();

/** A batch from its JSON; undefined if it is none, or of a version that this one does not read. */
export function parseBatch(bytes: Uint8Array): JournalBatch | undefined {
  return schema.safeParse(parseJson(decoder.decode(bytes))).data;
}
