import { LANGUAGES, tableOf } from '../machines/language/mod.ts';
import { defaultParameters, type SessionParameters } from '../machines/parameters.ts';
import { baseLanguage } from '../machines/policies/text.ts';
import type { Config } from './config/schema.ts';
import { hasVoice } from './engine-warnings.ts';

/** Settings of the configuration for one language. */
type Settings = Config['byLanguage'][string];

/**
 * The parameters with the phrases of each language: those of the configuration, else of Parley's tables. `phrases` are
 * those of the server's language.
 */
export function withLanguages(config: Config, byOwnEngines: boolean): Config & SessionParameters {
  const ours = baseLanguage(config.language);
  const others = new Set([...Object.keys(LANGUAGES), ...Object.keys(config.byLanguage)]);
  others.delete(ours);
  const phrases = [...others].flatMap((tag) => {
    const table = tableOf(tag);
    const set = config.byLanguage[tag]?.phrases;
    if (!table && !set) return [];
    const own = {
      ...config.phrases,
      fillers: [],
      ...table?.phrases,
      ...(table && { fillers: table.fillers }),
    };
    return [[tag, { ...own, ...set }] as const];
  });
  const { among } = config.languages;
  return {
    ...config,
    phrases: ownPhrases(config, config.byLanguage[ours]),
    languages: {
      ...config.languages,
      among: byOwnEngines ? among.filter((tag) => hasVoice(tag, config)) : among,
      phrases: Object.fromEntries(phrases),
    },
  };
}

/** English phrases that are not configured are replaced by those of the server's language. */
function ownPhrases({ language, phrases }: Config, set: Settings | undefined): Config['phrases'] {
  const table: Readonly<Record<string, string>> = { ...tableOf(language)?.phrases };
  const usual: Readonly<Record<string, unknown>> = defaultParameters.phrases;
  const chosen = Object.entries(phrases).map(([name, text]) => [
    name,
    text === usual[name] ? (table[name] ?? text) : text,
  ]);
  return { ...phrases, ...Object.fromEntries(chosen), ...set?.phrases };
}

/** One setting of each language that has it, by primary tag. */
export function settingsByLanguage<Value>(
  { byLanguage }: Config,
  pick: (settings: Settings) => Value | undefined,
): ReadonlyMap<string, Value> {
  const found = Object.entries(byLanguage).flatMap(([tag, settings]) => {
    const value = pick(settings);
    return value === undefined ? [] : [[tag, value] as const];
  });
  return new Map(found);
}
