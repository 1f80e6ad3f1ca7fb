import { baseLanguage, consistsOf } from '../../policies/text.ts';

/** The entry of `lists` for a language (BCP 47); empty if there is none. */
export function listFor(
  language: string,
  lists: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  return lists[baseLanguage(language)] ?? [];
}

/**
 * True if `text` consists of backchannels only ("uh-huh", "嗯"): they do not interrupt. A language without a list has no
 * backchannels.
 */
export function isBackchannel(
  text: string,
  language: string,
  lists: Readonly<Record<string, readonly string[]>>,
): boolean {
  return consistsOf(text, listFor(language, lists), language);
}
