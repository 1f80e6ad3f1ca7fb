/** What a sentence says about a form: values of its fields in any order, corrections, and the form's own commands. */
import type { BehaviourDefinition } from '../../machines/behaviour/define.ts';
import type { FormCommand, FormField, FormReading, FoundValue } from '../../machines/behaviour/form/form.ts';
import {
  FORM_COMMANDS,
  FORM_LANGUAGES,
  type FormWords,
  formWords,
} from '../../machines/behaviour/form/words.ts';
import type { WantedForm } from '../../machines/behaviour/program.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Json } from '../../machines/json.ts';
import { isEnglish, wordsOf } from '../../machines/policies/text.ts';
import type { Dialog } from '../dialog/dialog.ts';
import { comparable, matchDialog } from '../dialog/match.ts';
import { misspelt } from '../dialog/misspelt.ts';
import { digitByDigit } from '../dialog/spoken.ts';
import { grammarOf } from './phrases.ts';
import { jsonOf } from './values.ts';

/** A way to say the value of one field, or of several. */
interface Way {
  readonly fields: readonly string[];
  readonly slot: string;
  readonly dialog: Dialog;
  readonly isPhrase: boolean;
}

interface Value extends FoundValue {
  readonly length: number;
  /** It is said in a phrase of its field. */
  readonly isPhrase: boolean;
}

type Phrase = readonly string[];
type Mark = 'notBefore' | 'notAfter' | 'corrections' | 'changes';

/** Words that a sentence may have beside what is understood of it. */
const UNKNOWN = { least: 3, each: 2 };
/** The same in scripts without spaces: characters. */
const UNKNOWN_CHARACTERS = { least: 6, each: 4 };

export interface ReadForm {
  readonly reading: FormReading;
  /** Nothing but what was understood. */
  readonly whole: boolean;
}

export class FormReader {
  readonly #language: string;
  readonly #fields: readonly FormField[];
  readonly #slots: BehaviourDefinition['slots'];
  readonly #ways: readonly Way[];
  readonly #words: FormWords;
  readonly #commands: readonly (readonly [FormCommand, Phrase])[];
  readonly #labels: readonly (readonly [string, Phrase])[];
  readonly #marks: Readonly<Record<Mark, readonly Phrase[]>>;
  readonly #around: ReadonlySet<string>;
  /** The words of the values that are words. */
  readonly #vocabulary: ReadonlySet<string>;

  /** Throws BEHAVIOUR_INVALID, with what is wrong. */
  constructor(definition: BehaviourDefinition, fields: readonly FormField[]) {
    const { language = 'en', slots } = definition;
    const words = formWords(language);
    if (!words)
      throw new ParleyError('BEHAVIOUR_INVALID', `form: its languages are ${FORM_LANGUAGES.join(', ')}`);
    this.#language = language;
    this.#fields = fields;
    this.#slots = slots;
    this.#words = words;
    const slotOf = ({ name, slot = name }: FormField) => slot;
    const grammar = (name: string, said: readonly string[]) => grammarOf(definition, ['form', name], said);
    for (const field of fields)
      if (!Object.hasOwn(slots, slotOf(field)))
        throw new ParleyError('BEHAVIOUR_INVALID', `form: unknown slot "${slotOf(field)}"`);
    this.#ways = [
      ...[...new Set(fields.map(slotOf))].map((slot) => ({
        fields: fields.filter((field) => slotOf(field) === slot).map(({ name }) => name),
        slot,
        dialog: grammar(slot, [`{${slot}}`]),
        isPhrase: false,
      })),
      ...fields.flatMap((field) =>
        field.phrases
          ? [
              {
                fields: [field.name],
                slot: slotOf(field),
                dialog: grammar(field.name, field.phrases),
                isPhrase: true,
              },
            ]
          : [],
      ),
    ];
    const inWords = (texts: readonly string[]) =>
      texts.map((text) => wordsOf(text, language)).sort((a, b) => b.length - a.length);
    this.#commands = FORM_COMMANDS.flatMap((command) =>
      inWords(words.commands[command]).map((phrase) => [command, phrase] as const),
    );
    this.#labels = fields.flatMap(({ name, label }) =>
      inWords([label ?? name.replaceAll(/[_-]|(?<=[a-z])(?=[A-Z])/gu, ' ')]).map(
        (phrase) => [name, phrase] as const,
      ),
    );
    this.#marks = {
      notBefore: inWords(words.notBefore),
      notAfter: inWords(words.notAfter),
      corrections: inWords(words.corrections),
      changes: inWords(words.changes),
    };
    this.#around = new Set(words.around.flatMap((text) => wordsOf(text, language)));
    const values = fields.map((field) => slots[slotOf(field)] ?? []);
    this.#vocabulary = new Set(
      values
        .flatMap((type) => (typeof type === 'string' ? [] : Array.isArray(type) ? type : Object.keys(type)))
        .flatMap((text) => wordsOf(String(text), language)),
    );
  }

  /** Undefined if the words say nothing about the form. */
  read(text: string, wanted: WantedForm): ReadForm | undefined {
    const words = comparable(text, this.#language);
    const command = this.#commandIn(words);
    if (command) return { reading: { values: [], named: [], corrects: false, command }, whole: true };
    const asked = this.#fields.find(({ name }) => name === wanted.asked);
    const slot = asked && this.#slots[asked.slot ?? asked.name];
    if (asked && typeof slot === 'string' && slot.startsWith('digits')) {
      const found = this.#walk(digitByDigit(text, this.#language), wanted);
      if (found?.reading.values.some(({ fields }) => fields.includes(asked.name))) return found;
    }
    return this.#walk(words, wanted) ?? this.#misspelt(text, asked);
  }

  /** A command, also with words around it that change nothing. */
  #commandIn(words: Phrase): FormCommand | undefined {
    const same = (phrase: Phrase) => phrase.join(' ') === words.join(' ');
    const exact = this.#commands.find(([, phrase]) => same(phrase));
    if (exact) return exact[0];
    const soft = new Set([
      ...this.#around,
      ...this.#marks.corrections.filter(({ length }) => length === 1).flat(),
    ]);
    return this.#commands.find(([, phrase]) => {
      if (this.#words.unspaced && phrase.length === 1) return false;
      const at = indexOf(words, phrase);
      return at >= 0 && words.every((word, i) => (i >= at && i < at + phrase.length) || soft.has(word));
    })?.[0];
  }

  /** Reads the words from left to right: the longest thing that they can be at each place. */
  #walk(said: Phrase, wanted: WantedForm): ReadForm | undefined {
    const { values: held } = wanted;
    const words = this.#spelt(said);
    const values: (FoundValue & { readonly hinted: boolean })[] = [];
    const named: string[] = [];
    let corrects = false;
    let changes = false;
    let unknown = 0;
    let label: string | undefined;
    let negated = false;
    let afterNo = false;
    for (let at = 0; at < words.length; ) {
      const value = this.#valueAt(words, at);
      const mark = (kind: Mark) => longestAt(words, at, this.#marks[kind]);
      const name = this.#labels.find(([, phrase]) => startsAt(words, at, phrase));
      const marks = {
        notBefore: mark('notBefore'),
        corrections: mark('corrections'),
        changes: mark('changes'),
      };
      const longest = Math.max(
        marks.notBefore,
        marks.corrections,
        marks.changes,
        changes ? (name?.[1].length ?? 0) : 0,
      );
      if (value && value.length >= longest && !(changes && name && name[1].length >= value.length)) {
        at += value.length;
        const after = this.#notAfter(words, at);
        at += after;
        const hints = label !== undefined && value.fields.includes(label);
        const fields = label !== undefined && hints ? [label] : value.fields;
        const isHeld = fields.some(
          (field) => JSON.stringify(held[field]?.value) === JSON.stringify(value.value),
        );
        const isNot = negated || after > 0 || (afterNo && isHeld);
        values.push({
          fields,
          value: value.value,
          said: value.said,
          hinted: hints || value.isPhrase,
          ...(isNot && { negated: true }),
        });
        corrects ||= isNot;
        negated = false;
        afterNo = false;
        label = undefined;
        continue;
      }
      if (marks.notBefore > 0 && marks.notBefore >= marks.corrections && marks.notBefore >= marks.changes) {
        negated = true;
        at += marks.notBefore;
        continue;
      }
      if (name && name[1].length >= Math.max(marks.corrections, marks.changes)) {
        label = name[0];
        named.push(label);
        at += name[1].length;
        continue;
      }
      const length = Math.max(marks.corrections, marks.changes);
      if (length > 0) {
        negated = false;
        corrects ||= marks.corrections > 0;
        changes ||= marks.changes > 0;
        afterNo = marks.corrections > 0;
        at += length;
        continue;
      }
      if (!this.#around.has(words[at] ?? '')) unknown += 1;
      if (!this.#around.has(words[at] ?? '')) negated = false;
      afterNo = false;
      at += 1;
    }
    const { least, each } = this.#words.unspaced ? UNKNOWN_CHARACTERS : UNKNOWN;
    // "The size": named alone, or with "change" or "wrong".
    const { asked } = wanted;
    // "Twelve" is not another number of people if the question is for the room.
    const meant = values.filter(
      ({ fields, value, hinted }) =>
        typeof value !== 'number' ||
        corrects ||
        changes ||
        hinted ||
        asked === undefined ||
        fields.some((field) => field === asked || !held[field]),
    );
    unknown += values.length - meant.length;
    const changed = values.length === 0 && (changes || corrects || negated || unknown === 0) ? named : [];
    const found = meant.length + changed.length;
    if (found === 0 || unknown > least + each * found) return undefined;
    return {
      reading: { values: meant.map(({ hinted: _, ...value }) => value), named: changed, corrects },
      whole: unknown === 0,
    };
  }

  /** Long words of values, each with one letter that is wrong, are those of the values. */
  #spelt(words: Phrase): Phrase {
    return words.map((word) =>
      this.#vocabulary.has(word) || this.#around.has(word)
        ? word
        : ([...this.#vocabulary].find((known) => misspelt(known, word)) ?? word),
    );
  }

  #valueAt(words: Phrase, at: number): Value | undefined {
    let best: Value | undefined;
    const last = words[at] ?? '';
    const singular = isEnglish(this.#language) && last.length > 3 && last.endsWith('s');
    const variants = singular ? [words, words.with(at, last.slice(0, -1))] : [words];
    for (const { fields, slot, dialog, isPhrase } of this.#ways)
      for (const variant of variants) {
        const parsed = dialog.grammar.longestFrom(variant, at, () => true)[0];
        const filled = parsed && Object.values(parsed.slots)[0];
        if (!parsed || !filled || parsed.words.length <= (best?.length ?? 0)) continue;
        const value = jsonOf(filled.value);
        best = {
          fields,
          isPhrase,
          length: parsed.words.length,
          value,
          said: this.#said(slot, value, filled.words),
        };
      }
    return best;
  }

  /** As the author wrote the value; other words as the user said them. */
  #said(slot: string, value: Json, words: Phrase): string {
    const type = this.#slots[slot];
    if (typeof value === 'number' || Array.isArray(type)) return String(value);
    if (typeof type === 'string' && type.startsWith('digits')) return String(value);
    if (typeof type === 'object') {
      const written = Object.keys(type).find(
        (one) => wordsOf(one, this.#language).join(' ') === words.join(' '),
      );
      if (written !== undefined) return written;
    }
    return words.join(this.#words.unspaced ? '' : ' ');
  }

  /** "牛乳じゃなくて": length of what says that the value before is not meant, with a particle before it. */
  #notAfter(words: Phrase, at: number): number {
    const direct = longestAt(words, at, this.#marks.notAfter);
    if (direct > 0 || !this.#around.has(words[at] ?? '')) return direct;
    const later = longestAt(words, at + 1, this.#marks.notAfter);
    return later > 0 ? later + 1 : 0;
  }

  /** An answer to the question of the moment, as `ask` takes it. */
  #misspelt(text: string, asked: FormField | undefined): ReadForm | undefined {
    if (!asked) return undefined;
    const slot = asked.slot ?? asked.name;
    const way = this.#ways.find((one) => one.slot === slot);
    const filled = way && Object.values(matchDialog(way.dialog, text)?.slots ?? {})[0];
    if (!filled) return undefined;
    const value = jsonOf(filled.value);
    const found = { fields: [asked.name], value, said: this.#said(slot, value, filled.words) };
    return { reading: { values: [found], named: [], corrects: false }, whole: false };
  }
}

function startsAt(words: Phrase, at: number, phrase: Phrase): boolean {
  return phrase.length > 0 && phrase.every((word, i) => words[at + i] === word);
}

/** Length of the longest of these phrases at a place; 0 if none is there. */
function longestAt(words: Phrase, at: number, phrases: readonly Phrase[]): number {
  return phrases.find((phrase) => startsAt(words, at, phrase))?.length ?? 0;
}

function indexOf(words: Phrase, phrase: Phrase): number {
  return words.findIndex((_, at) => startsAt(words, at, phrase));
}
