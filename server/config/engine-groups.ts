import { z } from 'zod';
import { count, ms, optionalText, text, yesNo } from './fields.ts';
import { key } from './keys.ts';

export const ENGINE_KINDS = ['stt', 'llm', 'tts'] as const;

/** The engines that need no entry among the `servers` of their kind. */
export const BUILT_IN_ENGINES = {
  stt: ['soundswallower', 'openai', 'remote'],
  llm: ['dialog', 'openai', 'remote'],
  tts: ['espeak', 'edge', 'openai', 'remote'],
} as const;

/** The engines of a kind, in the order in which they are asked. */
export function chain(kind: keyof typeof BUILT_IN_ENGINES, fallback: string, meaning: string) {
  const builtIn = BUILT_IN_ENGINES[kind].join(', ');
  return key(
    z.array(z.string()).min(1).max(8).default([fallback]),
    `${meaning} ${builtIn}, or a name of \`${kind}.servers\`; several are asked in this order. See engines.md.`,
  );
}

/** Further servers that speak OpenAI's protocol, by the name that `engines` calls them. */
export function servers<Shape extends z.ZodRawShape>(kind: 'stt' | 'llm' | 'tts', shape: Shape) {
  const { baseURL, apiKey } = openaiConnection();
  const name = z
    .string()
    .regex(/^[A-Za-z][\w-]{0,31}$/, 'a name has letters, digits, "-" and "_", and starts with a letter')
    .refine(
      (one) => !BUILT_IN_ENGINES[kind].some((known) => known === one),
      'is the name of a built-in engine',
    );
  return key(
    z.record(name, z.strictObject({ baseURL: baseURL.unwrap(), apiKey, ...shape })).default({}),
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
        'So many failures within `windowMs`, and no fewer than successes, and an engine is left alone.',
      ),
      windowMs: ms(30_000, 'See `failures`.'),
      backoffMs: ms(
        5_000,
        'How long it is left alone before it is tried; twice as long each time that fails.',
      ),
      maxBackoffMs: ms(60_000, 'The longest that it is left alone.'),
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

/** How to reach a server that speaks OpenAI's protocol. */
export function openaiConnection() {
  return {
    baseURL: key(
      z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).exactOptional(),
      'Where the server is, up to `/v1`. Else https://api.openai.com/v1.',
      { alsoEnv: ['OPENAI_BASE_URL'] },
    ),
    apiKey: key(z.string().min(1).exactOptional(), 'Its key; a local server mostly needs none.', {
      secret: true,
      alsoEnv: ['OPENAI_API_KEY'],
    }),
  };
}

export function openaiStt() {
  return {
    model: text('gpt-4o-mini-transcribe', 'Model of the transcription.'),
    stream: yesNo(false, 'Ask for text as it comes. Not every model can.'),
    prompt: optionalText('Words that are likely to be said.'),
  };
}

export function openaiLlm() {
  return {
    model: text('gpt-4o-mini', 'Model of the conversation.'),
    temperature: key(z.number().min(0).max(2).exactOptional(), '0 to 2. Else the server’s default.'),
  };
}

export function openaiTts() {
  return {
    model: text('gpt-4o-mini-tts', 'Model of the speech.'),
    voice: text('alloy', 'Voice for requests that name none.'),
    rate: key(
      z.int().min(8_000).max(48_000).default(24_000),
      'Rate of the PCM that the server sends, in Hz.',
    ),
    speed: key(z.number().min(0.25).max(4).exactOptional(), '0.25 to 4. Else the server’s default.'),
    instructions: optionalText('How to speak, for models that can be told.'),
  };
}
