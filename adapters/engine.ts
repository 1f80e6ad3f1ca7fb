import { z } from 'zod';
import type { Dialog } from '../actors/dialog/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { LlmEngine, LlmTool } from '../actors/ports/llm.ts';
import type { SttEngine } from '../actors/ports/stt.ts';
import type { TtsEngine } from '../actors/ports/tts.ts';
import type { EngineKind } from '../actors/subjects.ts';
import type { ParleyError } from '../machines/errors.ts';
import type { ReportsConnections } from './http/transport.ts';

/** What an engine of any kind can do. */
export interface Abilities {
  /** Works without a network. */
  readonly offline: boolean;
  /** The languages that it knows, as primary language tags; `many`, or `unknown` where somebody else decides. */
  readonly languages: readonly string[] | 'many' | 'unknown';
}

export interface SttAbilities extends Abilities {
  /** Reports words while they are spoken. */
  readonly partials: boolean;
  /** What it can understand: any speech, or only the phrases of the dialog file. */
  readonly understands: 'any speech' | 'the dialog' | 'unknown';
}

export interface LlmAbilities extends Abilities {
  /** Sends a reply while it is being written. */
  readonly streams: boolean;
  /** What it can answer: anything, or only the phrases of the dialog file. */
  readonly answers: 'anything' | 'the dialog' | 'unknown';
}

export interface TtsAbilities extends Abilities {
  /** Sends speech while it is being made. */
  readonly streams: boolean;
  /** Reports where each word begins, so that heard text is exact. */
  readonly wordTimes: boolean;
  /** Reports mouth shapes. */
  readonly visemes: boolean;
}

export interface AbilitiesOf {
  readonly stt: SttAbilities;
  readonly llm: LlmAbilities;
  readonly tts: TtsAbilities;
}

export interface EngineOf {
  readonly stt: SttEngine;
  readonly llm: LlmEngine;
  readonly tts: TtsEngine;
}

/** An engine as its adapter makes it. */
export type Made<Engine> = Engine & Partial<ReportsConnections>;

/** What an engine may need besides its own options. */
export interface EngineParts {
  /** What the configuration calls it. */
  readonly name: string;
  readonly dialog: Dialog;
  readonly bus: Bus;
  /** Language engines: what the model is instructed before the conversation. */
  readonly systemPrompt?: string;
  /** Language engines: what the model may have the robot do. */
  readonly tools: readonly LlmTool[];
  /** Receives the crashes of an engine's threads. */
  readonly onProblem?: (error: ParleyError) => void;
}

type Parsed<Options extends z.ZodRawShape> = z.output<z.ZodObject<Options, z.core.$strict>>;

/**
 * The session that a remote engine of a chain works for: none, because the chain itself cancels what it asked for, not
 * the session.
 */
export const CHAIN_SCOPE = { session: 'chain', generation: 0 };

/** What an engine's folder says about it. */
export interface EngineSpec<Kind extends EngineKind, Name extends string, Options extends z.ZodRawShape> {
  readonly kind: Kind;
  /** What `engines.<kind>` calls it, and the group of its options below `<kind>`. */
  readonly name: Name;
  /** One line for the documentation. */
  readonly summary: string;
  /** Its keys of the configuration: types, defaults and documentation. */
  readonly options: Options;
  readonly can: AbilitiesOf[Kind];
  /** The first key without which it cannot work, and what to do about it. */
  missing?(options: Parsed<Options>): { readonly key: string; readonly what: string } | undefined;
  /**
   * Makes the engine without loading its models yet. Import what is heavy or optional here, so that only configured engines
   * load it. Rejects with CONFIG_INVALID.
   */
  make(options: Parsed<Options>, parts: EngineParts): Promise<Made<EngineOf[Kind]>>;
  /** All that its sound depends on besides the request. Without it, its speech is not kept in the phrase cache. */
  sound?(options: Parsed<Options>): unknown;
}

/** An engine as the registry knows it. Its options are parsed again by whoever passes them, so no type is taken on trust. */
export interface EngineDescriptor<
  Kind extends EngineKind = EngineKind,
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
  /** The identity of its sound in the phrase cache; undefined if its speech is not kept. */
  sound(options: unknown): string | undefined;
}

/** Makes a descriptor for the registry. */
export function defineEngine<
  Kind extends EngineKind,
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
  };
}
