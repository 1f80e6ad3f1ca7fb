import type { EngineKind } from '../actors/subjects.ts';
import type { EngineDescriptor } from '../adapters/engine.ts';
import { baseLanguage } from '../machines/policies/text.ts';
import type { Config } from './config/schema.ts';
import type { Notice } from './endpoints/about/endpoint.ts';
import { engineOf } from './engine-registry.ts';

/** Warnings about engine settings that are probably a mistake, with what to do about them. */
export function engineWarnings(config: Config): readonly Notice[] {
  return [...freeSpeechRejected(config), ...unknownLanguage(config)];
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

/** Whether a recogniser and a voice of the chains may know this language (BCP 47). */
export function supportsLanguage(language: string, config: Config): boolean {
  return SPEECH.every((kind) => knownBy(kind, language, config));
}

const SPEECH = ['stt', 'tts'] as const;

function knownBy(kind: (typeof SPEECH)[number], language: string, config: Config): boolean {
  return configured(kind, config).some(
    ({ can }) => typeof can.languages === 'string' || can.languages.includes(baseLanguage(language)),
  );
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
  return config.engines[kind].flatMap((name) => engineOf(kind, name) ?? []);
}
