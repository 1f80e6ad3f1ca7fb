/** Primary tags of MiniMax's languages. */
const TAGS =
  'zh yue en ar bg ca cs da de el es fa fi fr he hi hr hu id it ja ko ms nl no pl pt ro ru sk sl sv ta th tr uk vi';

const names = new Intl.DisplayNames('en', { type: 'language' });

/** Names of languages in MiniMax's `language_boost`, by primary tag. They are the English ones but for Cantonese. */
export const MINIMAX_LANGUAGES: ReadonlyMap<string, string> = new Map(
  TAGS.split(' ').map((tag) => [tag, tag === 'yue' ? 'Chinese,Yue' : (names.of(tag) ?? tag)]),
);

/** The name of a BCP 47 language; `auto` for one that MiniMax does not list. */
export function languageBoost(language: string): string {
  return MINIMAX_LANGUAGES.get(language.toLowerCase().split('-')[0] ?? '') ?? 'auto';
}
