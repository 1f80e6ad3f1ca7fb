/** The language of a turn: that of its words, if it is known and one that the session may change to. */
import type { OwnPhrases } from '../../language/mod.ts';
import type { SessionParameters } from '../../parameters.ts';
import { baseLanguage } from '../../policies/text.ts';
import type { SessionContext } from '../model.ts';
import { ownLanguage } from '../settings/in-force.ts';

type Own = Parameters<typeof ownLanguage>[0];
type InForce = Own & Pick<SessionContext, 'spoken'>;

/** Language of the newest turn with words, which is that of the reply to it. */
export function replyLanguage(context: InForce): string {
  return context.spoken ?? ownLanguage(context);
}

/** Language of the words in hand: of the utterance in progress if known, else of the newest turn. */
export function languageOf(context: InForce & Pick<SessionContext, 'utterance'>): string {
  return context.utterance?.language ?? replyLanguage(context);
}

/**
 * The language that words in `said` have for the session: its own tag if they differ in region at most. Undefined if
 * unknown, or not one that it follows.
 */
export function followed(
  said: string | undefined,
  own: Own,
  languages: SessionParameters['languages'] | undefined,
): string | undefined {
  if (said === undefined || !languages?.follow) return undefined;
  const ours = ownLanguage(own);
  const base = baseLanguage(said);
  if (base === baseLanguage(ours)) return ours;
  return languages.among.some((one) => baseLanguage(one) === base) ? said : undefined;
}

/** What changes in the context with a turn in this language; nothing if it is not known, or the same as before. */
export function inLanguage(language: string | undefined, context: InForce): Pick<SessionContext, 'spoken'> {
  if (language === undefined) return {};
  const spoken = language === ownLanguage(context) ? undefined : language;
  return spoken === context.spoken ? {} : { spoken };
}

type Phrases = OwnPhrases & { readonly fillers: readonly string[] };

/** Parley's own phrases in the language of the words in hand. */
export function phrasesOf(
  context: InForce & Pick<SessionContext, 'utterance'>,
  parameters: SessionParameters,
): Phrases {
  return phrasesIn(languageOf(context), parameters);
}

export function phrasesIn(language: string, { phrases, languages }: SessionParameters): Phrases {
  return languages.phrases?.[baseLanguage(language)] ?? phrases;
}
