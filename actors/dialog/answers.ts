import type { SessionParameters } from '../../machines/parameters.ts';
import { baseLanguage, normaliseText } from '../../machines/policies/text.ts';
import type { Dialog } from './dialog.ts';

/** The dialog with the words that answer a question of ours, for a recogniser that knows only what the dialog has. */
export function withAnswers(
  dialog: Dialog,
  { asking, words }: Pick<SessionParameters, 'asking' | 'words'>,
): Dialog {
  if (!asking.enabled) return dialog;
  const answerable = (one: Dialog): Dialog => {
    const { language, backchannels } = one;
    const answers = [words.yes, words.no].flatMap((lists) => lists[baseLanguage(language)] ?? []);
    const said = answers.map((answer) => normaliseText(answer, language));
    return { ...one, backchannels: [...new Set([...backchannels, ...said])] };
  };
  return { ...answerable(dialog), ...(dialog.others && { others: dialog.others.map(answerable) }) };
}
