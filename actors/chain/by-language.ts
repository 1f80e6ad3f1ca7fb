import { baseLanguage } from '../../machines/policies/text.ts';
import type { LlmEngine } from '../ports/llm.ts';
import type { SttEngine } from '../ports/stt.ts';
import type { TtsEngine } from '../ports/tts.ts';

/** Something for some languages, by primary tag. */
export type ByLanguage<Of> = ReadonlyMap<string, Of>;

/** Asks the recogniser of each request's language; `usual` for languages without their own. */
export function sttByLanguage(usual: SttEngine, others: ByLanguage<SttEngine>): SttEngine {
  return {
    ...withOthers(usual, others),
    transcribe: (audio, request, signal) => (of(request, others) ?? usual).transcribe(audio, request, signal),
  };
}

/** Asks the language engine of each request's language, with the system prompt for it. */
export function llmByLanguage(
  usual: LlmEngine,
  others: ByLanguage<LlmEngine>,
  prompts: ByLanguage<string>,
): LlmEngine {
  return {
    ...withOthers(usual, others),
    reply(request, signal) {
      const systemPrompt = request.systemPrompt ?? of(request, prompts);
      const asked = systemPrompt === undefined ? request : { ...request, systemPrompt };
      return (of(request, others) ?? usual).reply(asked, signal);
    },
  };
}

/** Asks the speech engine of each request's language, with the voice for it if the request has none. */
export function ttsByLanguage(
  usual: TtsEngine,
  others: ByLanguage<TtsEngine>,
  voices: ByLanguage<string>,
): TtsEngine {
  const asked = (request: TtsRequest): TtsRequest => {
    const voice = request.voice ?? of(request, voices);
    return voice === undefined ? request : { ...request, voice };
  };
  return {
    ...withOthers(usual, others),
    cached: (request) => (of(request, others) ?? usual).cached?.(asked(request)) ?? false,
    synthesize: (request, signal) => (of(request, others) ?? usual).synthesize(asked(request), signal),
  };
}

type TtsRequest = Parameters<TtsEngine['synthesize']>[0];

function of<Of>({ language }: { readonly language: string }, some: ByLanguage<Of>): Of | undefined {
  return some.get(baseLanguage(language));
}

interface Lasting {
  warm?(): Promise<void>;
  close(): Promise<void>;
}

/** `usual`, warmed and closed with the others. */
function withOthers<Engine extends Lasting>(usual: Engine, others: ByLanguage<Lasting>): Engine {
  const all: readonly Lasting[] = [usual, ...others.values()];
  return {
    ...usual,
    warm: async () => {
      await Promise.all(all.map((engine) => engine.warm?.()));
    },
    close: async () => {
      await Promise.all(all.map((engine) => engine.close()));
    },
  };
}
