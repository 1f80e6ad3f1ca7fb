import { z } from 'zod';
import type { EngineKind } from '../../actors/subjects.ts';
import type { DescribedKind, EngineDescriptor } from '../../adapters/engine.ts';
import { constant, count, group, key, ms, yesNo } from '../../machines/options.ts';
import { enginesOf } from '../engine-registry.ts';

/** The engines of a kind, in the order in which they are tried. */
export function chain(kind: EngineKind, fallback: string, meaning: string) {
  const builtIn = namesOf(kind).join(', ');
  return key(
    z.array(z.string()).min(1).max(8).default([fallback]),
    `${meaning} ${builtIn}, or a name of \`${kind}.servers\`; tried in this order. See docs/how-to/engines.md.`,
  );
}

/** The speech-to-speech model in front of the engines, if there is one. */
export function speechModel() {
  return key(
    z.array(z.string()).max(1).default([]),
    `Speech-to-speech model: ${namesOf('speech').join(', ')}. The other engines answer while it cannot. Default: none. See docs/how-to/engines.md.`,
  );
}

/** The engines that need no entry among the `servers` of their kind. */
export function namesOf(kind: DescribedKind): readonly string[] {
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
  const groups = engines.map(({ name, options }) => [name, group(options)]);
  // `fromEntries` loses the types: which name has which options.
  return Object.fromEntries(groups) as Groups<Engines>;
}

/** Further servers that speak OpenAI's protocol, by the name used in `engines`. */
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
    `More servers with OpenAI’s protocol, by name: \`baseURL\`, \`apiKey\` and the other keys of \`${kind}.openai\`.`,
  );
}

/** What is different in other languages than the server's, by primary language tag. */
export function byLanguage() {
  const tag = z.string().regex(/^[a-z]{2,3}$/, 'must be a language tag without a region, such as zh');
  const words = z.string().min(1).exactOptional();
  const engines = z.array(z.string()).min(1).max(8).exactOptional();
  const phrase = z.string().exactOptional();
  const list = z.array(z.string().min(1)).exactOptional();
  const one = z.strictObject({
    ...{ voice: words, dialog: words, systemPrompt: words },
    engines: z.strictObject({ stt: engines, llm: engines, tts: engines }).exactOptional(),
    phrases: z
      .strictObject({
        ...{
          notUnderstood: phrase,
          sttFailed: phrase,
          llmFailed: phrase,
          didYouSay: phrase,
          sayAgain: phrase,
          ...{ shallI: phrase, willDo: phrase, wontDo: phrase, notDone: phrase },
          ...{ noAnswer: phrase, maybeDone: phrase, actionLost: phrase, behaviourFailed: phrase },
        },
        fillers: z.array(z.string().min(1)).exactOptional(),
      })
      .exactOptional(),
    words: z
      .strictObject({
        backchannels: list,
        continuations: list,
        answers: list,
        digits: list,
        yes: list,
        no: list,
      })
      .exactOptional(),
  });
  return key(
    z.record(tag, one).default({}),
    'What is different for turns in a language, by its tag without a region: `voice`, `dialog` (file), `systemPrompt`, `engines` (chains `stt`, `llm`, `tts`), `phrases` and `words` (lists that replace those of the language); see docs/how-to/languages.md.',
  );
}

/** Options of the engine chains of every kind; see actors/chain. */
export function chains() {
  return group({
    // As long as the first token of a fast engine takes twice over: a shorter pause is the network's.
    stallMs: constant(ms(2_000, 'Pause within an answer; then another engine continues it, if one can.')),
    hedge: yesNo(
      false,
      'Ask the next engine too when an engine is slower than its own 95th percentile; the first answer wins.',
    ),
    // Below it the second request costs more than it saves.
    hedgeMinMs: constant(ms(50, 'Minimum wait before the next engine is asked.')),
    // A reply that breaks off is a failure that the user hears of.
    brokenReply: constant(
      key(
        z.enum(['fail', 'end']).default('fail'),
        'When an engine fails in mid-sentence: the reply fails, or ends there as if it were complete.',
      ),
    ),
    // One or two failures may be the request's own fault.
    failures: constant(
      count(
        3,
        'An engine’s circuit breaker opens after this many failures within `windowMs`, if failures are at least as many as successes.',
      ),
    ),
    // A few turns of one conversation.
    windowMs: constant(ms(30_000, 'See `failures`.')),
    // A server process that restarts is back within seconds.
    backoffMs: constant(
      ms(5_000, 'Time until an engine with an open breaker is tried again; doubled after each failure.'),
    ),
    // An engine that is repaired is used again within a minute.
    maxBackoffMs: constant(ms(60_000, 'Upper limit of `backoffMs` after doubling.')),
  });
}

/** Options of the phrase cache. */
export function phraseCache() {
  return group({
    enabled: yesNo(
      true,
      'Keep repeated phrases in memory, and synthesise the fixed ones in advance, in `dataDir`/phrases.',
    ),
    // Eleven minutes of PCM16 at 24 kHz: more than all fixed phrases of a dialog.
    maxBytes: constant(
      key(
        z
          .int()
          .min(0)
          .max(1 << 30)
          .default(32 << 20),
        'Maximum bytes of audio, in memory and on disk each; the least recently used goes first.',
      ),
    ),
    // Longer speech is seldom said twice.
    maxPhraseMs: constant(ms(15_000, 'Longer speech is not cached.')),
  });
}
