/** A voice as eSpeak lists it. A lower priority number is a better match for that language. */
export interface EspeakVoice {
  readonly identifier: string;
  readonly name: string;
  readonly languages: readonly { readonly name: string; readonly priority: number }[];
}

/** Languages with another name in eSpeak. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['zh', 'cmn'],
  ['zh-cn', 'cmn'],
  ['zh-sg', 'cmn'],
  ['zh-tw', 'cmn'],
  ['zh-hans', 'cmn'],
  ['zh-hant', 'cmn'],
  ['zh-hk', 'yue'],
  ['zh-mo', 'yue'],
  ['iw', 'he'],
  ['in', 'id'],
  ['nn', 'nb'],
]);

const FALLBACK = 'en';

/**
 * The identifier of the voice for a BCP 47 `language`: the whole tag, else ever shorter beginnings of it, else English.
 * Undefined only if `voices` has no English.
 */
export function voiceForLanguage(language: string, voices: readonly EspeakVoice[]): string | undefined {
  const tags = language.toLowerCase().replaceAll('_', '-').split('-');
  for (let length = tags.length; length > 0; length--) {
    const tag = tags.slice(0, length).join('-');
    const found = bestFor(ALIASES.get(tag) ?? tag, voices);
    if (found !== undefined) return found;
  }
  return bestFor(FALLBACK, voices);
}

/** The identifier of the voice `name`: an identifier, a name or a language of eSpeak's list, with an optional `+variant` such as `en-us+f3`. Undefined if unknown. Nothing else may reach eSpeak: a voice without its data (`mb/…`) causes an endless loop.
 */
export function voiceByName(name: string, voices: readonly EspeakVoice[]): string | undefined {
  const [, wanted = '', variant = ''] = /^([^+]+)(\+[A-Za-z][A-Za-z0-9_-]{0,15})?$/.exec(name) ?? [];
  const base =
    voices.find((voice) => voice.identifier === wanted || voice.name === wanted)?.identifier ??
    bestFor(wanted.toLowerCase(), voices);
  return base === undefined ? undefined : base + variant;
}

function bestFor(language: string, voices: readonly EspeakVoice[]): string | undefined {
  let best: { identifier: string; priority: number } | undefined;
  for (const { identifier, languages } of voices) {
    for (const { name, priority } of languages) {
      if (name === language && (!best || priority < best.priority)) best = { identifier, priority };
    }
  }
  return best?.identifier;
}
