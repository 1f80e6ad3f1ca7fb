import { LineCounter, parseDocument } from 'yaml';
import { ParleyError } from '../../machines/errors.ts';
import { normalisedPhrases, normaliseText, wordsOf } from '../../machines/policies/text.ts';
import { BACKCHANNELS, listFor } from '../../machines/session/barge-in/backchannel.ts';
import type { Dialog, DialogEntry, DialogSentence } from './dialog.ts';
import { expandPhrase, PhraseError, parsePhrase, type SlotOption, type Slots, slotsOf } from './phrase.ts';
import { countsIn, placeholdersIn, RESERVED_PLACEHOLDERS } from './placeholders.ts';
import { type DialogFile, dialogFile } from './schema.ts';

/** Maximum number of concrete sentences in a dialog; keeps matching and the recogniser's grammar fast. */
const MAX_SENTENCES = 10_000;

/** Matches a line on which YAML may read a phrase's brackets as its own syntax. */
const BRACKETS = /[[{].*[[{]|^\s*(- |phrases:\s*)[[{]/;
const QUOTE_BRACKETS =
  'YAML reads [ ] and { } as its own there: put the phrase in quotes, as in phrases: ["wave [to me]"], ' +
  'or, unless it begins with one, on a line of its own, as in - wave [to me]';

type Path = readonly PropertyKey[];
/** Throws DIALOG_INVALID with the line of `path`. */
type Fail = (path: Path, message: string, cause?: unknown) => never;

/** Parses the text of a dialog file. `file` only appears in errors: DIALOG_INVALID with file, line and path. */
export function parseDialog(text: string, file = 'dialog'): Dialog {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken) {
    const { line, col } = lines.linePos(broken.pos[0]);
    const hint = BRACKETS.test(text.split('\n')[line - 1] ?? '') ? `; ${QUOTE_BRACKETS}` : '';
    throw new ParleyError('DIALOG_INVALID', `${file}:${line}:${col}: ${broken.message}${hint}`, {
      cause: broken,
    });
  }

  const fail: Fail = (path, message, cause) => {
    const where = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
    throw new ParleyError('DIALOG_INVALID', `${file}:${lineOf(path)}: ${where}${message}`, { cause });
  };
  function lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      const start = rangeStart(node);
      if (start !== undefined) return lines.linePos(start).line;
    }
    return 1;
  }

  const parsed = dialogFile.safeParse(toPlain(() => document.toJS({ maxAliasCount: 100 }), fail));
  if (!parsed.success) {
    const issue = deepest(parsed.error.issues);
    const list = issue.path.includes('phrases') && typeof document.getIn(issue.path) === 'object';
    return fail(issue.path, list ? `${issue.message}; ${QUOTE_BRACKETS}` : issue.message, parsed.error);
  }
  return build(parsed.data, fail);
}

function toPlain(read: () => unknown, fail: Fail): unknown {
  try {
    return read();
  } catch (cause) {
    return fail([], cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}

interface Issue {
  readonly path: Path;
  readonly message: string;
  readonly errors?: readonly (readonly Issue[])[];
}

/** zod reports a union as one issue; the branch that got furthest explains what is wrong. */
function deepest(issues: readonly Issue[], base: Path = []): Issue {
  const here = issues.map((issue) => ({ ...issue, path: [...base, ...issue.path] }));
  const inner = here.flatMap((issue) =>
    (issue.errors ?? []).filter((branch) => branch.length > 0).map((branch) => deepest(branch, issue.path)),
  );
  return [...here, ...inner].reduce((best, one) => (one.path.length > best.path.length ? one : best));
}

function build(data: DialogFile, fail: Fail): Dialog {
  const { language } = data;
  const slots = new Map<string, readonly SlotOption[]>();
  for (const [name, options] of Object.entries(data.slots)) {
    if (RESERVED_PLACEHOLDERS.has(name)) fail(['slots', name], `"${name}" is a name of Parley's own`);
    const pairs = Array.isArray(options)
      ? options.map((said) => [said, said] as const)
      : Object.entries(options);
    if (pairs.length === 0) fail(['slots', name], 'the slot has no words');
    slots.set(
      name,
      pairs.map(([said, value]) => {
        const words = wordsOf(said, language);
        if (words.length === 0) fail(['slots', name], `"${said}" has no word in it`);
        return { words, value };
      }),
    );
  }

  const sentences = new Map<string, DialogSentence>();
  const ids = new Set<string>();
  const entries = data.entries.map((raw, index): DialogEntry => {
    const path = ['entries', index];
    if (ids.has(raw.id)) fail([...path, 'id'], `there is another entry "${raw.id}"`);
    ids.add(raw.id);
    const defaults = defaultsOf(raw.defaults, slots, language, [...path, 'defaults'], fail);
    const phrases = raw.phrases.map((phrase, at) =>
      attempt(fail, [...path, 'phrases', at], () => parsePhrase(phrase, language)),
    );
    const entry: DialogEntry = {
      id: raw.id,
      phrases,
      replies: raw.replies,
      actions: raw.actions.map(({ name, args, done, failed, refused, ...terms }) => ({
        ...{ name, args, tells: { done, failed, refused } },
        ...given(terms),
      })),
      halt: raw.halt,
      askBelow: askBelowOf(raw, data.askBelow),
      defaults,
    };
    for (const [at, phrase] of phrases.entries()) {
      const where = [...path, 'phrases', at];
      const ways = attempt(fail, where, () => expandPhrase(phrase, slots, MAX_SENTENCES));
      for (const way of ways) {
        const sentence = {
          text: way.words.join(' '),
          words: way.words,
          entry,
          slots: { ...defaults, ...way.slots },
        };
        const other = sentences.get(sentence.text);
        if (other && other.entry !== entry) {
          fail(where, `"${sentence.text}" is also said in entry "${other.entry.id}"`);
        }
        if (!other) sentences.set(sentence.text, sentence);
        checkFilled(raw, sentence, fail, path);
      }
      if (sentences.size > MAX_SENTENCES) fail(where, `the dialog has more than ${MAX_SENTENCES} sentences`);
    }
    return entry;
  });

  for (const [at, reply] of data.notUnderstood.entries()) checkPlain(reply, ['notUnderstood', at], fail);
  for (const [at, filler] of data.fillers.entries()) checkFixed(filler, ['fillers', at], fail);
  if (data.greeting !== undefined) checkPlain(data.greeting, ['greeting'], fail);
  const used = new Set(entries.flatMap((entry) => entry.phrases.flatMap(slotsOf)));
  for (const name of slots.keys()) if (!used.has(name)) fail(['slots', name], 'no phrase uses this slot');

  const backchannels = data.backchannels ?? listFor(language, BACKCHANNELS);
  return {
    language,
    name: data.name,
    ...(data.greeting === undefined ? {} : { greeting: data.greeting }),
    entries,
    sentences,
    slots,
    notUnderstood: data.notUnderstood,
    fillers: data.fillers,
    backchannels: [...normalisedPhrases(backchannels, language)],
    pronunciations: new Map(
      Object.entries(data.pronunciations).map(([word, phones]) => [normaliseText(word, language), phones]),
    ),
  };
}

/** A voice stop is never confirmed first: it stops at once. */
function askBelowOf(entry: DialogFile['entries'][number], defaults: DialogFile['askBelow']): number {
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
  raw: Readonly<Record<string, string | number | boolean>>,
  slots: ReadonlyMap<string, readonly SlotOption[]>,
  language: string,
  path: Path,
  fail: Fail,
): Slots {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => {
      const options = slots.get(name) ?? fail([...path, name], `there is no slot "${name}"`);
      const known = options.find((option) => option.value === value);
      return [name, known ?? { words: wordsOf(String(value), language), value }];
    }),
  );
}

/** A reply or argument may only name slots that every way to say the sentence fills. */
function checkFilled(
  raw: DialogFile['entries'][number],
  sentence: DialogSentence,
  fail: Fail,
  path: Path,
): void {
  const missing = (text: string) =>
    placeholdersIn(text).find(
      (name) => !RESERVED_PLACEHOLDERS.has(name) && !Object.hasOwn(sentence.slots, name),
    );
  const check = (text: string, at: Path) => {
    const name = missing(text);
    const wordless = countsIn(text).find((one) => typeof sentence.slots[one]?.value !== 'number');
    if (wordless !== undefined && name === undefined)
      fail(at, `{${wordless}|…} picks a word by a number, but the value of ${wordless} is not one`);
    if (name !== undefined) {
      fail(at, `{${name}} is not filled by "${sentence.text}": add it to defaults, or to the phrase`);
    }
  };
  for (const [at, reply] of raw.replies.entries()) check(reply, [...path, 'replies', at]);
  for (const [at, action] of raw.actions.entries()) {
    check(JSON.stringify(action.args), [...path, 'actions', at, 'args']);
  }
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
