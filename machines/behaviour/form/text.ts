import { type FormInput, type FormState, questionOf } from './form.ts';
import type { FormWords } from './words.ts';

/** What the form says now. `doubted`: "Did you say …?" */
export function formText(
  form: FormInput,
  state: FormState,
  words: FormWords,
  doubted: (words: string) => string,
): string {
  return [noticeText(state, words), questionText(form, state, words, doubted)]
    .filter((text) => text !== '')
    .join(words.unspaced ? '' : ' ');
}

function noticeText({ notice }: FormState, { restarted, refused }: FormWords): string {
  if (!notice) return '';
  if (notice.type === 'restarted') return restarted;
  return notice.says === '' ? refused : notice.says;
}

function questionText(
  form: FormInput,
  state: FormState,
  words: FormWords,
  doubted: (words: string) => string,
): string {
  const question = questionOf(form, state);
  switch (question?.type) {
    case 'field': {
      const { question: first = '', reprompts = [] } = question.field;
      const isRefused = state.notice?.type === 'refused';
      return state.tries === 0 || isRefused ? first : (reprompts[state.tries - 1] ?? first);
    }
    case 'doubt':
      return doubted(question.values.join(words.and));
    case 'change':
      return words.whatToChange;
    case 'confirm':
      return confirmation(form, state, words);
    default:
      return '';
  }
}

/** Lists what was understood. */
function confirmation({ fields, confirm }: FormInput, { values }: FormState, words: FormWords): string {
  if (typeof confirm === 'string')
    return confirm
      .replaceAll(/\{([\w-]+)\}/gu, (_, name: string) => values[name]?.said ?? '')
      .replaceAll(/ {2,}/gu, ' ')
      .trim();
  const list = fields.flatMap(({ name, label }) => {
    const said = values[name]?.said;
    if (said === undefined) return [];
    return label === undefined
      ? said
      : words.labelled.replace('{label}', () => label).replace('{value}', () => said);
  });
  return words.confirm.replace('{list}', () => list.join(words.and));
}
