import type { EngineKind } from '../actors/subjects.ts';
import type { EngineDescriptor } from '../adapters/engine.ts';
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

/** A language that no recogniser, or no voice, of the chain supports. */
function unknownLanguage(config: Config): readonly Notice[] {
  const primary = config.language.toLowerCase().split('-')[0] ?? '';
  return (['stt', 'tts'] as const).flatMap((kind) => {
    const engines = configured(kind, config);
    const known = engines.flatMap(({ can }) => (typeof can.languages === 'string' ? [] : can.languages));
    const somebody = engines.some(({ can }) => typeof can.languages === 'string') || known.includes(primary);
    if (somebody) return [];
    const message =
      `language is ${config.language}, but engines.${kind} (${config.engines[kind].join(', ')}) knows only ` +
      `${known.join(', ')}: set another engine, such as --engines.${kind}=openai, or another --language`;
    return [{ code: 'LANGUAGE_UNKNOWN', message }];
  });
}

function configured<Kind extends EngineKind>(kind: Kind, config: Config): readonly EngineDescriptor<Kind>[] {
  return config.engines[kind].flatMap((name) => engineOf(kind, name) ?? []);
}
