import { z } from 'zod';
import type { Dialog } from '../actors/dialog/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { LlmEngine, LlmTool } from '../actors/ports/llm.ts';
import type { SpeechEngine } from '../actors/ports/speech.ts';
import type { SttEngine } from '../actors/ports/stt.ts';
import type { TtsEngine } from '../actors/ports/tts.ts';
import type { EngineKind } from '../actors/subjects.ts';
import type { ParleyError } from '../machines/errors.ts';
import type { ReportsConnections } from './http/transport.ts';

/** Capabilities of an engine of any kind. */
export interface Abilities {
  /** Works without a network. */
  readonly offline: boolean;
  /** Supported languages as primary language tags; `many`, or `unknown` for a remote engine. */
  readonly languages: readonly string[] | 'many' | 'unknown';
}

export interface SttAbilities extends Abilities {
  /** Reports partial transcripts. */
  readonly partials: boolean;
  /** What it can understand: any speech, or only the phrases of the dialog file. */
  readonly understands: 'any speech' | 'the dialog' | 'unknown';
}

export interface LlmAbilities extends Abilities {
  /** Streams a reply while it is being written. */
  readonly streams: boolean;
  /** What it can answer: anything, or only the phrases of the dialog file. */
  readonly answers: 'anything' | 'the dialog' | 'unknown';
}

export interface TtsAbilities extends Abilities {
  /** Streams speech while it is being synthesised. */
  readonly streams: boolean;
  /** Reports where each word begins, so that the heard position is exact. */
  readonly wordTimes: boolean;
  /** Reports mouth shapes. */
  readonly visemes: boolean;
}

/** Kinds of engines: those that a turn asks over the bus, and the models that take their place. */
export type DescribedKind = EngineKind | 'speech';

export interface AbilitiesOf {
  readonly stt: SttAbilities;
  readonly llm: LlmAbilities;
  readonly tts: TtsAbilities;
  readonly speech: Abilities;
}

export interface EngineOf {
  readonly stt: SttEngine;
  readonly llm: LlmEngine;
  readonly tts: TtsEngine;
  readonly speech: SpeechEngine;
}

/** What a model in a process of its own has done, and what it takes. */
export const modelLoadSchema = z.object({
  /** Audio heard or spoken, in ms. */
  audioMs: z.number(),
  /** Time that it took, in ms: divided by the audio it is the real-time factor. */
  busyMs: z.number(),
  /** Resident memory of the process, in bytes. */
  memoryBytes: z.number(),
});
export type ModelLoad = z.infer<typeof modelLoadSchema>;

/** Additional interface of an engine whose model has a process of its own. */
export interface ReportsLoad {
  /** Undefined before the first request. */
  load(): ModelLoad | undefined;
}

/** An engine as its adapter makes it. */
export type Made<Engine> = Engine & Partial<ReportsConnections & ReportsLoad>;

/** Dependencies of an engine besides its own options. */
export interface EngineParts {
  /** Its name in the configuration. */
  readonly name: string;
  readonly dialog: Dialog;
  readonly bus: Bus;
  /** Folder of the models that `parley models pull` fetches; see adapters/models/resolve.ts. */
  readonly modelsDir: string;
  /** Language engines: the system prompt of the model. */
  readonly systemPrompt?: string;
  /** Language engines: actions that the model may request. */
  readonly tools: readonly LlmTool[];
  /** Receives the crashes of an engine's threads. */
  readonly onProblem?: (error: ParleyError) => void;
}

/** Values of a descriptor's configuration keys. */
export type Parsed<Options extends z.ZodRawShape> = z.output<z.ZodObject<Options, z.core.$strict>>;

/** Session scope of a remote engine in a chain: none, because the chain cancels its requests, not the session.
 */
export const CHAIN_SCOPE = { session: 'chain', generation: 0 };

/** Description of an engine, from its folder. */
export interface EngineSpec<Kind extends DescribedKind, Name extends string, Options extends z.ZodRawShape> {
  readonly kind: Kind;
  /** Its name in `engines.<kind>`, and of its option group below `<kind>`. */
  readonly name: Name;
  /** One line for the documentation. */
  readonly summary: string;
  /** Its configuration keys: types, defaults and documentation. */
  readonly options: Options;
  readonly can: AbilitiesOf[Kind];
  /** The first missing key that it needs, and what to do about it. */
  missing?(options: Parsed<Options>): { readonly key: string; readonly what: string } | undefined;
  /** Makes the engine without loading its models yet. Import heavy or optional packages here, so that only configured engines load them. Rejects with CONFIG_INVALID.
   */
  make(options: Parsed<Options>, parts: EngineParts): Promise<Made<EngineOf[Kind]>>;
  /** Everything besides the request that determines its sound. Without it, its speech is not cached as phrases. */
  sound?(options: Parsed<Options>): unknown;
  /** Models that it loads, by name or folder; see adapters/models/resolve.ts. */
  models?(options: Parsed<Options>): readonly string[];
}

/** An engine in the registry. Its options are untyped here and parsed again when it is made. */
export interface EngineDescriptor<
  Kind extends DescribedKind = DescribedKind,
  Name extends string = string,
  Options extends z.ZodRawShape = z.ZodRawShape,
> {
  readonly kind: Kind;
  readonly name: Name;
  readonly summary: string;
  readonly options: Options;
  readonly can: AbilitiesOf[Kind];
  /** Whether its speech is kept in the phrase cache. */
  readonly cached: boolean;
  missing(options: unknown): { readonly key: string; readonly what: string } | undefined;
  make(options: unknown, parts: EngineParts): Promise<Made<EngineOf[Kind]>>;
  /** The identity of its sound in the phrase cache; undefined if its speech is not cached. */
  sound(options: unknown): string | undefined;
  models(options: unknown): readonly string[];
}

/** Makes a descriptor for the registry. */
export function defineEngine<
  Kind extends DescribedKind,
  const Name extends string,
  Options extends z.ZodRawShape,
>(spec: EngineSpec<Kind, Name, Options>): EngineDescriptor<Kind, Name, Options> {
  const schema = z.strictObject(spec.options);
  const { kind, name, summary, options, can } = spec;
  return {
    ...{ kind, name, summary, options, can, cached: spec.sound !== undefined },
    missing: (given) => spec.missing?.(schema.parse(given)),
    make: async (given, parts) => spec.make(schema.parse(given), parts),
    sound: (given) => (spec.sound ? JSON.stringify(spec.sound(schema.parse(given))) : undefined),
    models: (given) => spec.models?.(schema.parse(given)) ?? [],
  };
}
