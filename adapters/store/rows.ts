import { z } from 'zod';

/** `schema` for a database row, where NULL means absent. */
export function withoutNulls<Schema extends z.ZodType>(schema: Schema) {
  return z
    .record(z.string(), z.unknown())
    .transform((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
    .pipe(schema as z.ZodType<z.output<Schema>, Record<string, unknown>>);
}
