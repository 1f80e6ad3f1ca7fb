/** Grammars of what can be said at a moment, made once for each set of entries. */
import { type Dialog, dialogIn, heardNow, matchDialog, withEntries } from '../../../actors/dialog/mod.ts';
import type { Expected } from '../../../actors/ports/stt.ts';
import type { GrammarNow } from '../utterance-protocol.ts';
import { otherWords } from './common-words.ts';
import { heardDialog, leniencyOf } from './foreign.ts';
import { dialogGrammar, grammarWords, slotWords } from './jsgf.ts';

/** Sets of entries whose grammars are kept; a behaviour has a set for each of its states at most. */
const MOST_KEPT = 256;
/**
 * Log odds that are added to an answer of an open question: after a question most of what is said answers it. A
 * choice; lab/hearing/moments.ts shows what it does.
 */
export const ANSWER_ODDS = 1;

export interface Moment {
  readonly grammar: GrammarNow;
  /** Whether a text answers the open question. */
  readonly answers: (text: string, language: string) => boolean;
}

export class Moments {
  readonly #dialog: Dialog;
  readonly #strictness: number;
  readonly #kept = new Map<string, Moment>();

  constructor(dialog: Dialog, strictness: number) {
    this.#dialog = dialog;
    this.#strictness = strictness;
  }

  of(languages: readonly string[], { entries, answers }: Omit<Expected, 'sentences'>): Moment {
    const key = JSON.stringify([languages, entries, answers]);
    const moment = this.#kept.get(key) ?? this.#make(languages, { entries, answers });
    this.#kept.delete(key);
    this.#kept.set(key, moment);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return moment;
  }

  #make(languages: readonly string[], { entries, answers }: Omit<Expected, 'sentences'>): Moment {
    const now = heardNow(this.#dialog, entries);
    const heard = heardDialog(now, languages);
    const asked = onlyAnswers(now, answers);
    const odds = answers.length > 0 ? ANSWER_ODDS : 0;
    return {
      grammar: {
        grammar: dialogGrammar(heard),
        otherWords: [...otherWords(grammarWords(heard), slotWords(heard))],
        strictness: this.#strictness - leniencyOf(languages) - odds,
      },
      answers: (text, language) => {
        const one = answers.length > 0 ? dialogIn(asked, language) : undefined;
        return one !== undefined && matchDialog(one, text)?.how === 'exact';
      },
    };
  }
}

/** The dialog with the entries that answer a question alone. */
function onlyAnswers(dialog: Dialog, answers: readonly string[]): Dialog {
  const left = (one: Dialog): Dialog =>
    withEntries(
      one,
      one.entries.filter(({ id, ifExpected }) => ifExpected && answers.includes(id)),
      one.slots,
    );
  const { others, ...own } = dialog;
  return { ...left(own), ...(others && { others: others.map(left) }) };
}
