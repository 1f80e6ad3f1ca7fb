import type { EngineKind } from '../actors/subjects.ts';
import type { EngineDescriptor } from '../adapters/engine.ts';
import { tableOf } from '../machines/language/mod.ts';
import { defaultParameters } from '../machines/parameters.ts';
import { baseLanguage } from '../machines/policies/text.ts';
import type { Config } from './config/schema.ts';
import type { Notice } from './endpoints/about/endpoint.ts';
import { engineOf } from './engine-registry.ts';

/** Warnings about engine settings that are probably a mistake, with what to do about them. */
export function engineWarnings(config: Config): readonly Notice[] {
  return [...freeSpeechRejected(config), ...unknownLanguage(config), ...withoutPhrases(config)];
}

/** A recogniser that understands only the dialog's phrases, combined with a language model that answers anything. */
function freeSpeechRejected(config: Config): readonly Notice[] {
  const recognisers = configured('stt', config);
  const [first] = configured('llm', config);
  const onlyDialog = recognisers.every(({ can }) => can.understands === 'the dialog');
  if (!onlyDialog || first?.can.answers !== 'anything') return [];
  const [stt, llm] = [config.engines.stt.join(', '), config.engines.llm[0]];
  const message =
    `engines.llm ${llm} answers anything, but engines.stt ${stt} understands only the phrases of the dialog file: ` +
    'all other speech is rejected. Let it hear any speech with --engines.stt=openai (and stt.openai.baseURL ' +
    'or stt.openai.apiKey), or type instead';
  return [{ code: 'FREE_SPEECH_REJECTED', message }];
}

/** Whether an engine of the chain may speak this language (BCP 47). */
export function hasVoice(language: string, config: Config): boolean {
  return knownBy('tts', language, config);
}

/** Whether a recogniser and a voice of the chains may know this language (BCP 47). */
export function supportsLanguage(language: string, config: Config): boolean {
  return SPEECH.every((kind) => knownBy(kind, language, config));
}

const SPEECH = ['stt', 'tts'] as const;

function knownBy(kind: (typeof SPEECH)[number], language: string, config: Config): boolean {
  const base = baseLanguage(language);
  const names = config.byLanguage[base]?.engines?.[kind] ?? config.engines[kind];
  return described(kind, names).some(
    ({ can }) => typeof can.languages === 'string' || can.languages.includes(base),
  );
}

/** A language that Parley has no phrases for: it speaks those of the configuration. */
function withoutPhrases(config: Config): readonly Notice[] {
  const tags = new Set([config.language, ...config.languages.among].map(baseLanguage));
  return [...tags].flatMap((tag) => {
    const chosen = config.phrases.notUnderstood !== defaultParameters.phrases.notUnderstood;
    const own = tag === baseLanguage(config.language) && chosen;
    if (tableOf(tag) || config.byLanguage[tag]?.phrases || own) return [];
    const message =
      `Parley has no phrases of its own in ${tag} and says "${config.phrases.notUnderstood}": ` +
      `set byLanguage.${tag}.phrases, or phrases; see docs/how-to/languages.md`;
    return [{ code: 'LANGUAGE_WITHOUT_PHRASES', message }];
  });
}

/** A language that no recogniser, or no voice, of the chain supports. */
function unknownLanguage(config: Config): readonly Notice[] {
  return SPEECH.flatMap((kind) => {
    if (knownBy(kind, config.language, config)) return [];
    const known = configured(kind, config).flatMap(({ can }) => can.languages);
    const message =
      `language is ${config.language}, but engines.${kind} (${config.engines[kind].join(', ')}) knows only ` +
      `${known.join(', ')}: set another engine, such as --engines.${kind}=openai, or another --language`;
    return [{ code: 'LANGUAGE_UNKNOWN', message }];
  });
}

function configured<Kind extends EngineKind>(kind: Kind, config: Config): readonly EngineDescriptor<Kind>[] {
  return described(kind, config.engines[kind]);
}

function described<Kind extends EngineKind>(
  kind: Kind,
  names: readonly string[],
): readonly EngineDescriptor<Kind>[] {
  return names.flatMap((name) => engineOf(kind, name) ?? []);
}
