/** From the data of a dialog file to a dialog, with all checks that a schema cannot make. */

import { tableOf } from '../../machines/language/mod.ts';
import { normalisedPhrases, normaliseText } from '../../machines/policies/text.ts';
import type { Dialog, DialogEntry } from './dialog.ts';
import { Grammar } from './grammar.ts';
import { PhraseError, type PhraseNode, parsePhrase } from './phrase.ts';
import { checkPhrase, expandPhrase, shortest, sizeOf, slotsOf } from './phrase-facts.ts';
import {
  countsIn,
  isForAnybody,
  isOfUser,
  placeholdersIn,
  RESERVED_PLACEHOLDERS,
  withoutOptional,
} from './placeholders.ts';
import type { DialogFile } from './schema.ts';
import { builtInType, type Slots, type SlotType, wordsType } from './slots.ts';

/**
 * Maximum number of words in all phrases together, each slot written out wherever it is used. The time of recognition
 * grows with it.
 */
const MAX_GRAMMAR_WORDS = 5_000;
/** Maximum number of sentences of a voice stop: they are compared one by one, beside any dialog. */
const MAX_HALTS = 1_000;

export type Path = readonly PropertyKey[];
/** Throws DIALOG_INVALID with the line of `path`. */
export type Fail = (path: Path, message: string, cause?: unknown) => never;

type RawEntry = DialogFile['entries'][number];

export function buildDialog(data: DialogFile, fail: Fail): Dialog {
  const { language } = data;
  const slots = slotTypes(data, fail);
  const rule = namedRules(data, fail);
  const grammar = new Grammar(slots);
  const halts: string[] = [];
  const used = new Set(
    Object.values(data.slots).flatMap((slot) => {
      const { type } = slotOf(slot);
      return typeof type === 'string' ? (/^list of (.*)$/.exec(type)?.[1] ?? []) : [];
    }),
  );
  let size = 0;

  const entries = data.entries.map((raw, index): DialogEntry => {
    const path = ['entries', index];
    if (data.entries.findIndex(({ id }) => id === raw.id) < index)
      fail([...path, 'id'], `there is another entry "${raw.id}"`);
    const phrases = raw.phrases.map((phrase, at) => {
      const where = [...path, 'phrases', at];
      return attempt(fail, where, () => {
        const parsed = parsePhrase(phrase, language, rule);
        checkPhrase(parsed, slots);
        for (const slot of slotsOf(parsed).keys()) checkName(slot);
        size += sizeOf(parsed, slots);
        if (size > MAX_GRAMMAR_WORDS)
          throw new PhraseError(
            `the phrases have more than ${MAX_GRAMMAR_WORDS} words, with each slot written out where it is used; ` +
              'use smaller slots, or fewer parts in any order',
          );
        return parsed;
      });
    });
    const types = new Map(phrases.flatMap((phrase) => [...slotsOf(phrase)]));
    const entry: DialogEntry = {
      id: raw.id,
      phrases,
      replies: raw.replies,
      actions: raw.actions.map(({ name, args, done, failed, refused, ...terms }) => ({
        ...{ name, args, says: { done, failed, refused } },
        ...given(terms),
      })),
      halt: raw.halt,
      askBelow: askBelowOf(raw, data.askBelow),
      defaults: defaultsOf(raw, types, slots, path, fail),
      remember: raw.remember,
    };
    for (const type of types.values()) used.add(type);
    for (const [at, phrase] of phrases.entries()) {
      checkFilled(raw, phrase, { entry, types, slots }, fail, path);
      grammar.add(phrase, entry);
      if (raw.halt)
        halts.push(...attempt(fail, [...path, 'phrases', at], () => expandPhrase(phrase, slots, MAX_HALTS)));
    }
    return entry;
  });
  checkShared(entries, grammar, slots, fail);

  for (const [at, reply] of data.notUnderstood.entries()) checkPlain(reply, ['notUnderstood', at], fail);
  for (const [at, filler] of data.fillers.entries()) checkFixed(filler, ['fillers', at], fail);
  if (data.greeting !== undefined) checkPlain(data.greeting, ['greeting'], fail);
  for (const name of slots.keys()) if (!used.has(name)) fail(['slots', name], 'no phrase uses this slot');

  const backchannels = data.backchannels ?? tableOf(language)?.backchannels ?? [];
  return {
    language,
    name: data.name,
    ...(data.greeting === undefined ? {} : { greeting: data.greeting }),
    entries,
    grammar,
    halts,
    slots,
    notUnderstood: data.notUnderstood,
    fillers: data.fillers,
    wake: [...normalisedPhrases(data.wake, language)],
    backchannels: [...normalisedPhrases(backchannels, language)],
    pronunciations: new Map(
      Object.entries(data.pronunciations).map(([word, phones]) => [normaliseText(word, language), phones]),
    ),
  };
}

function slotTypes(data: DialogFile, fail: Fail): ReadonlyMap<string, SlotType> {
  const { language } = data;
  const slots = new Map<string, SlotType>();
  for (const [name, slot] of Object.entries(data.slots)) {
    const path = ['slots', name];
    const { type: written, secret } = slotOf(slot);
    if (secret && written === 'date') fail(path, 'a date cannot be secret');
    const type = attempt(fail, path, () => {
      checkName(name);
      if (typeof written === 'string') return builtInType(written, language, (slot) => slots.get(slot));
      const pairs = Array.isArray(written)
        ? written.map((said) => [said, said] as const)
        : Object.entries(written);
      return wordsType(pairs, language);
    });
    slots.set(name, secret ? { ...type, secret } : type);
  }
  return slots;
}

/** A slot without its short form. */
function slotOf(slot: DialogFile['slots'][string]): {
  readonly type: string | readonly string[] | Readonly<Record<string, string | number | boolean>>;
  readonly secret?: true;
} {
  if (typeof slot === 'string' || Array.isArray(slot)) return { type: slot };
  if (isSecretForm(slot)) return { type: slot.type, ...(slot.secret && { secret: true }) };
  return { type: slot };
}

function isSecretForm(
  slot: Exclude<DialogFile['slots'][string], string | string[]>,
): slot is Extract<DialogFile['slots'][string], { type: unknown; secret: boolean }> {
  return Object.keys(slot).sort().join() === 'secret,type' && typeof slot.secret === 'boolean';
}

function checkName(slot: string): void {
  if (RESERVED_PLACEHOLDERS.has(slot)) throw new PhraseError(`"${slot}" is a name of Parley's own`);
}

/** Returns named parts of phrases, each of which may use those that precede it. */
function namedRules(data: DialogFile, fail: Fail): (name: string) => PhraseNode | undefined {
  const rules = new Map<string, PhraseNode>();
  const rule = (name: string) => rules.get(name);
  for (const [name, phrase] of Object.entries(data.rules))
    rules.set(
      name,
      attempt(fail, ['rules', name], () => parsePhrase(phrase, data.language, rule)),
    );
  return rule;
}

/** A sentence belongs to one entry. The error names the phrase of the later one. */
function checkShared(
  entries: readonly DialogEntry[],
  grammar: Grammar,
  slots: ReadonlyMap<string, SlotType>,
  fail: Fail,
): void {
  const shared = attempt(fail, ['entries'], () => grammar.shared());
  if (!shared) return;
  const [first, last] = [...shared.entries].sort((a, b) => entries.indexOf(a) - entries.indexOf(b));
  const says = (phrase: PhraseNode) => {
    const alone = new Grammar(slots);
    if (last) alone.add(phrase, last);
    return alone.reach(shared.words).ends;
  };
  const path = last ? ['entries', entries.indexOf(last), 'phrases', last.phrases.findIndex(says)] : [];
  fail(path, `"${shared.words.join(' ')}" is also said in entry "${first?.id}"`);
}

/** A voice stop is never confirmed first: it stops at once. */
function askBelowOf(entry: RawEntry, defaults: DialogFile['askBelow']): number {
  if (entry.halt) return 0;
  return entry.askBelow ?? (entry.actions.length > 0 ? defaults.actions : defaults.replies);
}

/** Without the members that are undefined. */
function given<T extends object>(all: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const kept = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

function attempt<T>(fail: Fail, path: Path, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof PhraseError) return fail(path, cause.message, cause);
    throw cause;
  }
}

function defaultsOf(
  { defaults }: RawEntry,
  types: ReadonlyMap<string, string>,
  slots: ReadonlyMap<string, SlotType>,
  path: Path,
  fail: Fail,
): Slots {
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const type =
        slots.get(types.get(name) ?? name) ?? fail([...path, 'defaults', name], `unknown slot "${name}"`);
      return [name, { words: type.wordsFor(value) ?? [String(value)], value }];
    }),
  );
}

/** A reply or argument may only name slots that every way to say the phrase fills, except in brackets. */
function checkFilled(
  raw: RawEntry,
  phrase: PhraseNode,
  of: {
    readonly entry: DialogEntry;
    readonly types: ReadonlyMap<string, string>;
    readonly slots: ReadonlyMap<string, SlotType>;
  },
  fail: Fail,
  path: Path,
): void {
  const { entry, types, slots } = of;
  const unknown = (name: string) =>
    !RESERVED_PLACEHOLDERS.has(name) && !isOfUser(name) && !Object.hasOwn(entry.defaults, name);
  const check = (text: string, at: Path) => {
    const missing = (name: string, mayBe: boolean) => {
      const example = mayBe && types.has(name) ? undefined : shortest(phrase, slots, name);
      if (unknown(name) && example)
        fail(at, `{${name}} is not filled by "${example.join(' ')}": add it to defaults, or to the phrase`);
    };
    const always = new Set(placeholdersIn(withoutOptional(text)));
    for (const name of placeholdersIn(text)) missing(name, !always.has(name));
    for (const name of countsIn(text)) {
      const type = slots.get(types.get(name) ?? '');
      const byDefault = Object.hasOwn(entry.defaults, name) ? entry.defaults[name]?.value : 0;
      if (type?.numeric === false || typeof byDefault !== 'number')
        fail(at, `{${name}|…} picks a word by a number, but the value of ${name} is not one`);
    }
  };
  for (const [at, reply] of raw.replies.entries()) check(reply, [...path, 'replies', at]);
  for (const [key, text] of Object.entries(raw.remember)) check(text, [...path, 'remember', key]);
  if (raw.replies.length > 0 && raw.replies.every((reply) => !isForAnybody(reply)))
    fail([...path, 'replies'], 'one reply must do without {user.…}, for users of whom it is not known');
  for (const [at, action] of raw.actions.entries()) {
    for (const text of textsOf(action.args)) check(text, [...path, 'actions', at, 'args']);
  }
}

/** The texts of a value, those inside lists and objects too. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function checkPlain(text: string, path: Path, fail: Fail): void {
  const name = placeholdersIn(text).find((one) => !RESERVED_PLACEHOLDERS.has(one));
  if (name !== undefined) fail(path, `{${name}} cannot be known here`);
}

/** Phrases synthesised ahead may not contain values that are known only at speaking time. */
function checkFixed(text: string, path: Path, fail: Fail): void {
  const name = placeholdersIn(text)[0];
  if (name !== undefined) fail(path, `{${name}} cannot be filled in: a filler is spoken ahead`);
}
