import { join } from 'node:path';
import {
  type ByLanguage,
  type ChainEvent,
  type ChainOptions,
  chainLlm,
  chainStt,
  chainTts,
  llmByLanguage,
  type MemberHealth,
  type ReportsHealth,
  sttByLanguage,
  ttsByLanguage,
} from '../actors/chain/mod.ts';
import { type Dialog, withAnswers } from '../actors/dialog/mod.ts';
import type { Bus } from '../actors/ports/bus.ts';
import type { LlmEngine } from '../actors/ports/llm.ts';
import type { ResamplerFactory } from '../actors/ports/resampler.ts';
import type { SharedFiles } from '../actors/ports/shared-store.ts';
import type { SttEngine } from '../actors/ports/stt.ts';
import type { TtsEngine } from '../actors/ports/tts.ts';
import type { SpeechParameters } from '../actors/speech/speech-session.ts';
import type { EngineKind } from '../actors/subjects.ts';
import type { DescribedKind, EngineOf, Made, ModelLoad } from '../adapters/engine.ts';
import type { ConnectionStats } from '../adapters/http/transport.ts';
import { realClock } from '../adapters/real-clock.ts';
import { type PhraseCache, type PhraseCacheStats, phraseCache } from '../adapters/tts/phrase-cache.ts';
import { type CachedTts, cachedTts } from '../adapters/tts/phrase-cache-tts.ts';
import { ParleyError } from '../machines/errors.ts';
import { LANGUAGES, tableOf } from '../machines/language/mod.ts';
import type { Config } from './config/schema.ts';
import { PHRASES } from './data-directory.ts';
import { engineOf } from './engine-registry.ts';
import { settingsByLanguage } from './languages.ts';
import { toolsOf } from './offered-actions.ts';
import { fixedPhrases, type PreparePhrases, phrasePreparer, phrasesOfOthers } from './phrases.ts';

/** Statistics of the engines of this process, for metrics. */
export interface EngineStats {
  /** Of engines that use a network. */
  readonly connections: readonly ({ readonly kind: EngineKind; readonly engine: string } & ConnectionStats)[];
  readonly health: readonly ({ readonly kind: EngineKind } & MemberHealth)[];
  /** Of engines whose model has a process of its own, once it was used. */
  readonly models: readonly ({ readonly kind: EngineKind; readonly engine: string } & ModelLoad)[];
  readonly phrases?: PhraseCacheStats;
}

/** The engines that run in this process: for each kind a chain of one or more. */
export interface LocalEngines {
  readonly stt?: SttEngine;
  readonly llm?: LlmEngine;
  readonly tts?: TtsEngine;
  readonly stats?: () => EngineStats;
  /** In front of the others. */
  readonly speech?: SpeechParameters;
  /** Synthesises the fixed phrases in advance. Absent without a phrase cache. */
  readonly preparePhrases?: PreparePhrases;
}

export interface EngineParts {
  /** For `remote` engines of a chain. */
  readonly bus: Bus;
  readonly resamplers: ResamplerFactory;
  /** Where servers find each other's phrases. Default: nowhere. */
  readonly sharedFiles?: SharedFiles | undefined;
  /** The phrases that recognisers with a fixed set know. Default: those of the dialog. */
  readonly heard?: Dialog;
  /** Must not throw. */
  readonly onEvent?: (event: ChainEvent) => void;
  /** Receives crashes of threads and failures of the phrase cache. */
  readonly onProblem?: (error: ParleyError) => void;
}

/** Makes the configured chain of each of `kinds`; none for a kind that is only `remote`, in any language. Models are not loaded yet. Rejects with CONFIG_INVALID.
 */
export async function makeEngines(
  config: Config,
  dialog: Dialog,
  kinds: readonly EngineKind[],
  parts: EngineParts,
): Promise<LocalEngines> {
  const { engines } = config;
  const heard = withAnswers(parts.heard ?? dialog, config);
  const connected: (() => EngineStats['connections'][number])[] = [];
  const loaded: (() => EngineStats['models'])[] = [];
  const healthy: (() => EngineStats['health'])[] = [];
  const make = async <Kind extends EngineKind>(kind: Kind, name: string): Promise<EngineOf[Kind]> => {
    const engine = await makeEngine(kind, name, config, kind === 'stt' ? heard : dialog, parts);
    const { connectionStats: stats, load } = engine;
    if (stats) connected.push(() => ({ kind, engine: engine.name, ...stats() }));
    if (load)
      loaded.push(() => [load()].flatMap((now) => (now ? [{ kind, engine: engine.name, ...now }] : [])));
    return engine;
  };
  /** Makes chains of a kind; an engine that is in several, for several languages, is made once. */
  const chains = async <Kind extends EngineKind, Chain>(
    kind: Kind,
    chainOf: (members: readonly EngineOf[Kind][], names: readonly string[]) => Chain,
  ) => {
    const made = new Map<string, Promise<EngineOf[Kind]>>();
    const member = (name: string) => {
      const engine = made.get(name) ?? make(kind, name).then(closedOnce);
      made.set(name, engine);
      return engine;
    };
    const chain = async (names: readonly string[]) => chainOf(await Promise.all(names.map(member)), names);
    const own = [...settingsByLanguage<readonly string[]>(config, ({ engines }) => engines?.[kind])];
    return {
      usual: await chain(engines[kind]),
      others: new Map(await Promise.all(own.map(async ([tag, names]) => [tag, await chain(names)] as const))),
    };
  };
  const reported = <Chain extends ReportsHealth>(kind: EngineKind, chain: Chain): Chain => {
    healthy.push(() => chain.health().map((health) => ({ kind, ...health })));
    return chain;
  };
  const isLocal = (kind: EngineKind) =>
    kinds.includes(kind) &&
    (engines[kind].some((name) => name !== 'remote') || differsByLanguage(kind, config));
  const options = (kind: EngineKind) => chainOptions(kind, config, parts);

  const stt = isLocal('stt')
    ? await chains('stt', (members) => chainStt(members, options('stt')))
    : undefined;
  const { brokenReply } = config.chains;
  const llm = isLocal('llm')
    ? await chains('llm', (members) => chainLlm(members, { ...options('llm'), brokenReply }))
    : undefined;
  const voices = isLocal('tts')
    ? speech(config, dialog, parts, await chains('tts', (members, names) => ({ members, names })))
    : undefined;
  if (stt) reported('stt', stt.usual);
  if (llm) reported('llm', llm.usual);
  if (voices) reported('tts', voices.chain);
  const phrases = voices?.cache;
  const model = await makeSpeechModel(config, dialog, parts);
  return {
    ...(model && { speech: model }),
    ...(stt && { stt: sttByLanguage(stt.usual, stt.others) }),
    ...(llm && {
      llm: llmByLanguage(llm.usual, llm.others, promptsByLanguage(config)),
    }),
    ...(voices && { tts: voices.tts }),
    ...(voices?.preparePhrases && { preparePhrases: voices.preparePhrases }),
    stats: () => ({
      connections: connected.map((stats) => stats()),
      health: healthy.flatMap((health) => health()),
      models: loaded.flatMap((models) => models()),
      ...(phrases && { phrases: phrases.stats() }),
    }),
  };
}

/** System prompts for the languages that have their own. */
function promptsByLanguage(config: Config): ReadonlyMap<string, string> {
  const configured = settingsByLanguage(config, (one) => one.systemPrompt);
  if (config.llm.systemPrompt !== undefined) return configured;
  const own = Object.entries(LANGUAGES).map(([tag, { prompt }]) => [tag, prompt] as const);
  return new Map([...own, ...configured]);
}

/** Whether requests in some language go to other engines, or are changed. */
function differsByLanguage(kind: EngineKind, config: Config): boolean {
  const own = ({ engines, systemPrompt, voice }: Config['byLanguage'][string]) =>
    engines?.[kind] ?? { stt: undefined, llm: systemPrompt, tts: voice }[kind];
  return settingsByLanguage<unknown>(config, own).size > 0;
}

/** Part of a deadline after which the next engine of the chain is asked: by default after 2, 3 and 1.5 s. The rest is for its answer. */
const NEXT_ENGINE = { stt: 2 / 5, llm: 3 / 8, tts: 3 / 10 } as const;

function chainOptions(
  kind: EngineKind,
  { chains, deadlines }: Config,
  { onEvent }: EngineParts,
): ChainOptions {
  const { stallMs, hedge, hedgeMinMs, failures, windowMs, backoffMs, maxBackoffMs } = chains;
  const firstByteMs = {
    stt: deadlines.sttMs * NEXT_ENGINE.stt,
    llm: deadlines.llmFirstTokenMs * NEXT_ENGINE.llm,
    tts: deadlines.ttsMs * NEXT_ENGINE.tts,
  }[kind];
  return {
    clock: realClock,
    firstByteMs,
    stallMs,
    hedge,
    hedgeMinMs,
    breaker: { failures, windowMs, backoffMs, maxBackoffMs },
    stream: true,
    ...(onEvent && { onEvent }),
  };
}

interface Speech {
  readonly tts: TtsEngine;
  readonly chain: ReportsHealth;
  readonly cache: PhraseCache | undefined;
  readonly preparePhrases: PreparePhrases | undefined;
}

/** The speech engines of a chain, with their names in the configuration. */
interface Voices {
  readonly members: readonly TtsEngine[];
  readonly names: readonly string[];
}

/** The speech engines, with their common phrase cache. */
function speech(
  config: Config,
  dialog: Dialog,
  parts: EngineParts,
  { usual, others }: { readonly usual: Voices; readonly others: ByLanguage<Voices> },
): Speech {
  const { enabled, maxBytes, maxPhraseMs } = config.tts.cache;
  const cache = enabled
    ? phraseCache({
        dir: join(config.dataDir, PHRASES),
        maxBytes,
        shared: parts.sharedFiles,
        ...(parts.onProblem && { onProblem: parts.onProblem }),
      })
    : undefined;
  const fixed = new Set([
    ...fixedPhrases(dialog, config, config.language),
    ...phrasesOfOthers(config, dialog).map(({ text }) => text),
  ]);
  let main: CachedTts | undefined;
  const chainOf = ({ members, names }: Voices) => {
    const voices = members.map((engine, place) => {
      const identity = soundOf(names[place] ?? engine.name, config);
      // The settings of a remote engine are not known here, and may change.
      if (!cache || identity === undefined) return engine;
      const cached = cachedTts(engine, cache, { identity, maxPhraseMs, isFixed: (text) => fixed.has(text) });
      if (place === 0) main ??= cached;
      return cached;
    });
    return chainTts(voices, { ...chainOptions('tts', config, parts), resamplers: parts.resamplers });
  };
  const chain = chainOf(usual);
  const first = main;
  const all = ttsByLanguage(
    chain,
    new Map([...others].map(([tag, voices]) => [tag, chainOf(voices)])),
    settingsByLanguage(config, ({ voice }) => voice),
  );
  if (!cache) return { tts: all, chain, cache, preparePhrases: undefined };
  const preparer = first && phrasePreparer(first, config, dialog);
  const tts: TtsEngine = {
    ...all,
    warm: async () => {
      await Promise.all([cache.load(), all.warm?.()]);
    },
    close: async () => {
      await preparer?.stop();
      await all.close();
      await cache.close();
    },
  };
  return { tts, chain, cache, preparePhrases: preparer?.prepare };
}

/** The configured speech-to-speech model; undefined if there is none. Rejects with CONFIG_INVALID. */
async function makeSpeechModel(
  config: Config,
  dialog: Dialog,
  parts: EngineParts,
): Promise<SpeechParameters | undefined> {
  const [name] = config.engines.speech;
  if (name === undefined) return undefined;
  const engine = await makeEngine('speech', name, config, dialog, parts);
  const { brokenReply } = config.chains;
  return { engine, brokenReply, ...(parts.onEvent && { onEvent: parts.onEvent }) };
}

/**
 * Connects to the model once, so that a wrong key or address is reported at the start. A failure is an event, because other
 * engines answer while the model cannot.
 */
export async function warmSpeechModel(
  { engine, onEvent }: SpeechParameters,
  language: string,
): Promise<void> {
  const about = { kind: 'llm', engine: engine.name } as const;
  const startMs = realClock.nowMs();
  const tookMs = () => realClock.nowMs() - startMs;
  try {
    const setup = { language, output: 'audio', onEvent: () => {} } as const;
    (await engine.open(setup, new AbortController().signal)).close();
    onEvent?.({ type: 'warmed', ...about, ms: tookMs() });
  } catch (thrown) {
    const error =
      thrown instanceof ParleyError ? thrown : new ParleyError('LLM_FAILED', undefined, { cause: thrown });
    onEvent?.({ type: 'notWarmed', ...about, ms: tookMs(), error });
  }
}

/** Whether words come while the user still speaks. */
export function tellsPartials({ speech, stt }: LocalEngines, config: Config): boolean {
  if (speech) return false;
  return stt ? stt.tellsPartials === true : config.stt.remote.partials;
}

/** The engine of several chains is closed with the first of them. */
function closedOnce<Engine extends { close(): Promise<void> }>(engine: Engine): Engine {
  let closed: Promise<void> | undefined;
  return {
    ...engine,
    close: () => {
      closed ??= engine.close();
      return closed;
    },
  };
}

/** Throws CONFIG_INVALID if any of `kinds` is configured as `remote`. */
export function requireLocal(config: Config, kinds: readonly EngineKind[]): void {
  if (kinds.some((kind) => config.engines[kind].includes('remote')))
    throw new ParleyError('CONFIG_INVALID', 'a worker cannot serve an engine that is configured as remote');
}

/** Makes the engine `name` as configured, without loading its model yet. Rejects with CONFIG_INVALID. */
export async function makeEngine<Kind extends DescribedKind>(
  kind: Kind,
  name: string,
  config: Config,
  dialog: Dialog,
  parts: Omit<EngineParts, 'resamplers'>,
): Promise<Made<EngineOf[Kind]>> {
  const { systemPrompt = (tableOf(config.language) ?? LANGUAGES.en).prompt } = config.llm;
  const made = engineOf(kind, name)?.make(optionsOf(kind, name, config), {
    ...parts,
    ...{ name, dialog, modelsDir: config.models.dir, tools: toolsOf(config, dialog) },
    systemPrompt,
  });
  return made ?? unknownEngine(kind, name);
}

/**
 * Everything besides the request that determines the sound of the engine `name`, as text; undefined if unknown here.
 */
function soundOf(name: string, config: Config): string | undefined {
  return engineOf('tts', name)?.sound(optionsOf('tts', name, config));
}

/** The options of the engine `name`. Throws CONFIG_INVALID. */
export function optionsOf(kind: DescribedKind, name: string, config: Config): unknown {
  const group: Readonly<Record<string, unknown>> = config[kind];
  const servers = kind === 'speech' ? {} : config[kind].servers;
  if (engineOf(kind, name)?.name === name) return group[name];
  return new Map(Object.entries(servers)).get(name) ?? unknownEngine(kind, name);
}

function unknownEngine(kind: DescribedKind, name: string): never {
  throw new ParleyError('CONFIG_INVALID', `engines.${kind}: there is no engine ${name}`);
}
