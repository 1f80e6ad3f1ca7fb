import { z } from 'zod';
import type { EngineKind } from '../../actors/subjects.ts';
import type { EngineDescriptor } from '../../adapters/engine.ts';
import { count, key, ms, yesNo } from '../../adapters/options.ts';
import { enginesOf } from '../engine-registry.ts';

/** The engines of a kind, in the order in which they are asked. */
export function chain(kind: EngineKind, fallback: string, meaning: string) {
  const builtIn = namesOf(kind).join(', ');
  return key(
    z.array(z.string()).min(1).max(8).default([fallback]),
    `${meaning} ${builtIn}, or a name of \`${kind}.servers\`; several are asked in this order. See engines.md.`,
  );
}

/** The engines that need no entry among the `servers` of their kind. */
export function namesOf(kind: EngineKind): readonly string[] {
  return enginesOf(kind).map(({ name }) => name);
}

type Groups<Engines extends readonly EngineDescriptor[]> = {
  [Engine in Engines[number] as Engine['name']]: z.ZodPrefault<
    z.ZodObject<Engine['options'], z.core.$strict>
  >;
};

/** The options of every engine of a kind, each in a group of its engine's name. */
export function optionsOf<const Engines extends readonly EngineDescriptor[]>(
  engines: Engines,
): Groups<Engines> {
  const groups = engines.map(({ name, options }) => [name, z.strictObject(options).prefault({})]);
  // What `fromEntries` forgets: which name has which options.
  return Object.fromEntries(groups) as Groups<Engines>;
}

/** Further servers that speak OpenAI's protocol, by the name that `engines` calls them. */
export function servers<Url extends z.ZodType, Options extends z.ZodRawShape>(
  kind: EngineKind,
  options: Options & { readonly baseURL: z.ZodExactOptional<Url> },
) {
  const builtIn = namesOf(kind);
  const name = z
    .string()
    .regex(/^[A-Za-z][\w-]{0,31}$/, 'a name has letters, digits, "-" and "_", and starts with a letter')
    .refine((one) => !builtIn.includes(one), 'is the name of a built-in engine');
  return key(
    z.record(name, z.strictObject({ ...options, baseURL: options.baseURL.unwrap() })).default({}),
    `More servers with OpenAI’s protocol, by name: \`baseURL\`, \`apiKey\` and what else \`${kind}.openai\` has.`,
  );
}

/** What holds for the engines of every kind; see actors/chain. */
export function chains() {
  return z
    .strictObject({
      sttFinalMs: ms(
        2_000,
        'End of the audio to the final transcript, after which the next recogniser is asked.',
      ),
      llmFirstTokenMs: ms(
        3_000,
        'Request to the first token, after which the next language engine is asked.',
      ),
      ttsFirstAudioMs: ms(1_500, 'Segment to its first audio, after which the next speech engine is asked.'),
      stallMs: ms(
        2_000,
        'A pause within an answer, after which another engine goes on with it, where one can.',
      ),
      hedge: yesNo(
        false,
        'Ask the next engine too when one is slower than it is 95 times in 100; the first to answer wins.',
      ),
      hedgeMinMs: ms(50, 'No engine is hedged sooner.'),
      brokenReply: key(
        z.enum(['fail', 'end']).default('fail'),
        'A reply whose engine fails in mid-sentence: it fails, or ends there as if it were complete.',
      ),
      failures: count(
        3,
        'The circuit breaker of an engine opens after this many failures within `windowMs`, if they are at least as many as the successes.',
      ),
      windowMs: ms(30_000, 'See `failures`.'),
      backoffMs: ms(
        5_000,
        'Time until an engine with an open breaker is tried again; doubled each time that it fails.',
      ),
      maxBackoffMs: ms(60_000, 'Upper limit of `backoffMs` after doubling.'),
    })
    .prefault({});
}

/** Speech that repeats. */
export function phraseCache() {
  return z
    .strictObject({
      enabled: yesNo(
        true,
        'Keep phrases that repeat in memory, and make the fixed ones ahead, in `dataDir`/phrases.',
      ),
      maxBytes: key(
        z
          .int()
          .min(0)
          .max(1 << 30)
          .default(32 << 20),
        'Of their audio, in memory and on disk; what was not used for the longest goes first.',
      ),
      maxPhraseMs: ms(15_000, 'Longer speech is not kept.'),
    })
    .prefault({});
}
