import { z } from 'zod';

/** What crosses to SQLite's thread about lists of sessions. */

const status = z.enum(['open', 'ended', 'incomplete']);

export const overviewSchema = z.object({
  session: z.string(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  language: z.string().exactOptional(),
  status: status.exactOptional(),
  records: z.int().nonnegative(),
  turns: z.int().nonnegative(),
  latencyMs: z.number().exactOptional(),
  errors: z.int().nonnegative(),
  lastError: z.string().exactOptional(),
  lastText: z.string().exactOptional(),
  machine: z.string().exactOptional(),
  version: z.string().exactOptional(),
});

export const overviewQuerySchema = z.object({
  limit: z.int().nonnegative(),
  before: z.object({ startedAt: z.string(), session: z.string() }).exactOptional(),
  status: z.array(status).exactOptional(),
  text: z.string().exactOptional(),
  error: z.string().exactOptional(),
  except: z.array(z.string()).exactOptional(),
});

export const overviewsAsk = z.object({ op: z.literal('overviews'), query: overviewQuerySchema });
export const overviewsResult = z.object({
  ok: z.literal(true),
  op: z.literal('overviews'),
  rows: z.array(overviewSchema),
});

export type Overview = z.infer<typeof overviewSchema>;
export type OverviewAsk = z.infer<typeof overviewQuerySchema>;
