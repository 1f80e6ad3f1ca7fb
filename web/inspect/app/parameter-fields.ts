import * as z from 'zod/mini';

const fields = z.array(
  z.object({
    /** `endpointing.delayMs` */
    name: z.string(),
    kind: z.string(),
    /** `ms`, `letters` or empty. */
    unit: z.string(),
    meaning: z.string(),
    defaultValue: z.unknown(),
  }),
);

/** A parameter of a session, as the server's configuration describes it. */
export type ParameterField = z.infer<typeof fields>[number];

/** Rejects if the page's own file is missing. */
export async function loadParameterFields(): Promise<readonly ParameterField[]> {
  const response = await fetch(new URL('parameters.json', import.meta.url));
  return fields.parse(await response.json());
}
