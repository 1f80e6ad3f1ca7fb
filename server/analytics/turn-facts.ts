import { z } from 'zod';

const figure = z.number().nonnegative();

/** What one engine of the process did since the turn before. */
const engineFacts = z.object({
  asked: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  /** Request to first text or audio, ms. */
  firstByteMs: z.array(figure),
  /** Failure of another engine to the request to this one, ms. */
  failoverMs: z.array(figure),
  /** Connections opened, and requests sent over all. */
  opened: z.int().nonnegative(),
  requests: z.int().nonnegative(),
  /** Of a language model, as its server reports them; `cached`: those of the input that it had in its cache. */
  tokens: z
    .object({ input: z.int().nonnegative(), cached: z.int().nonnegative(), output: z.int().nonnegative() })
    .exactOptional(),
});
/** What engines did, by `kind:engine`. */
export const engineCounts = z.record(z.string(), engineFacts);
export type EngineFacts = z.infer<typeof engineFacts>;

/** What analytics knows of one ended reply: the payload of `TurnEnded`. */
export const turnFacts = z.object({
  generation: z.int().nonnegative(),
  reason: z.enum(['completed', 'interrupted', 'failed']),
  language: z.string(),
  /** Name of the endpoint that the session came in by. */
  endpoint: z.string(),
  /** The user spoke; otherwise the turn was typed. */
  spoken: z.boolean(),
  /** False: speech without a word that was understood. */
  understood: z.boolean(),
  /** The timings of `reply.end`, ms. */
  stagesMs: z.record(z.string(), figure),
  /** Speech over this reply until it was silent, ms. */
  bargeInMs: figure.exactOptional(),
  /** By `kind:engine`. */
  engines: engineCounts.default({}),
  costs: z.object({
    /** Speech of the user. */
    speechSeconds: figure,
    /** Audio that was sent. */
    replySeconds: figure,
    /** Text that was given to speech synthesis. */
    characters: figure,
    /** Pieces of text from the language engine. Models' own counts are in `engines`. */
    tokens: figure,
  }),
});
export type TurnFacts = z.infer<typeof turnFacts>;
