import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';

const labelsSchema = z.record(z.string(), z.string().nullable());

/** What is said in a recording, by its path; undefined without a label. */
export type Labels = (path: string) => string | undefined;

/** Reads a JSON or YAML file that maps names of recordings, with or without `.wav`, to what is said in them. Throws LABELS_INVALID. */
export async function readLabels(path: string): Promise<Labels> {
  let read: unknown;
  try {
    read = parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new ParleyError('LABELS_INVALID', `${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const parsed = labelsSchema.safeParse(read);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.map(String).join('.') ?? '';
    throw new ParleyError(
      'LABELS_INVALID',
      `${path}: ${where === '' ? 'a label is written as name: what is said' : `${where}: a label is a text, or null for no speech`}`,
      { cause: parsed.error },
    );
  }
  const labels = new Map(Object.entries(parsed.data).map(([name, said]) => [plain(name), said ?? '']));
  return (file) => labels.get(plain(basename(file)));
}

function plain(name: string): string {
  return name.replace(/\.wav$/iu, '');
}
