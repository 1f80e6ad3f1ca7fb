import { wordsOf } from '../../machines/policies/text.ts';

/**
 * A phrase as a tree. Written form: words; `(a | b)` alternatives; `[a]` optional; `{slot}` one of the words of a slot.
 * `|` binds weakest and also works outside brackets.
 */
export type PhraseNode =
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'slot'; readonly slot: string }
  | { readonly kind: 'sequence'; readonly items: readonly PhraseNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PhraseNode[] }
  | { readonly kind: 'optional'; readonly item: PhraseNode };

/** One filling of a slot: the spoken words, and the value that actions get. */
export interface SlotOption {
  readonly words: readonly string[];
  readonly value: string | number | boolean;
}

export type Slots = Readonly<Record<string, SlotOption>>;

/** One way to say a phrase. */
export interface Expansion {
  readonly words: readonly string[];
  readonly slots: Slots;
}

/** A syntax error in a phrase; `parseDialog` turns it into DIALOG_INVALID. */
export class PhraseError extends Error {
  override readonly name = 'PhraseError';
}

/** Throws PhraseError. */
export function parsePhrase(source: string, language: string): PhraseNode {
  const tokens = source.match(/[()[\]|]|\{[^}]*\}|[^()[\]|{}]+|[{}]/gu) ?? [];
  let at = 0;

  function choice(closing: string | undefined): PhraseNode {
    const options = [sequence(closing)];
    while (tokens[at] === '|') {
      at += 1;
      options.push(sequence(closing));
    }
    const only = options[0];
    return options.length === 1 && only ? only : { kind: 'choice', options };
  }

  function sequence(closing: string | undefined): PhraseNode {
    const items: PhraseNode[] = [];
    for (let token = tokens[at]; token !== undefined && token !== '|'; token = tokens[at]) {
      if (token === ')' || token === ']') {
        if (token !== closing) throw new PhraseError(`"${token}" without its opening bracket in "${source}"`);
        break;
      }
      at += 1;
      items.push(...term(token));
    }
    const only = items[0];
    if (!only) throw new PhraseError(`nothing between brackets or bars in "${source}"`);
    return items.length === 1 ? only : { kind: 'sequence', items };
  }

  function term(token: string): readonly PhraseNode[] {
    if (token === '(' || token === '[') {
      const closing = token === '(' ? ')' : ']';
      const inner = choice(closing);
      if (tokens[at] !== closing) throw new PhraseError(`"${token}" is not closed in "${source}"`);
      at += 1;
      return [token === '[' ? { kind: 'optional', item: inner } : inner];
    }
    if (token.startsWith('{')) {
      const slot = /^\{\s*([A-Za-z][\w-]*)\s*\}$/.exec(token)?.[1];
      if (slot === undefined) throw new PhraseError(`"${token}" is not a slot in "${source}"; write {name}`);
      return [{ kind: 'slot', slot }];
    }
    if (token === '}') throw new PhraseError(`"}" without its opening bracket in "${source}"`);
    return wordsOf(token, language).map((word) => ({ kind: 'word', word }));
  }

  return choice(undefined);
}

/** The slots that a phrase names. */
export function slotsOf(node: PhraseNode): readonly string[] {
  switch (node.kind) {
    case 'word':
      return [];
    case 'slot':
      return [node.slot];
    case 'optional':
      return slotsOf(node.item);
    case 'sequence':
      return node.items.flatMap(slotsOf);
    case 'choice':
      return node.options.flatMap(slotsOf);
  }
}

/**
 * Every way to say a phrase, in reading order. Throws PhraseError if there are more than `limit`, if a slot is unknown
 * or filled twice, or if a phrase can be silence.
 */
export function expandPhrase(
  node: PhraseNode,
  slots: ReadonlyMap<string, readonly SlotOption[]>,
  limit: number,
): readonly Expansion[] {
  const bounded = (expansions: readonly Expansion[]): readonly Expansion[] => {
    if (expansions.length > limit) throw new PhraseError(`a phrase can be said in more than ${limit} ways`);
    return expansions;
  };

  function expand(part: PhraseNode): readonly Expansion[] {
    switch (part.kind) {
      case 'word':
        return [{ words: [part.word], slots: {} }];
      case 'slot': {
        const options = slots.get(part.slot);
        if (!options) throw new PhraseError(`there is no slot "${part.slot}"`);
        return options.map((option) => ({ words: option.words, slots: { [part.slot]: option } }));
      }
      case 'optional':
        return [{ words: [], slots: {} }, ...expand(part.item)];
      case 'choice':
        return bounded(part.options.flatMap(expand));
      case 'sequence':
        return part.items.map(expand).reduce((heads, tails) => {
          if (heads.length * tails.length > limit) return bounded(Array(limit + 1).fill(heads[0]));
          return heads.flatMap((head) => tails.map((tail) => join(head, tail)));
        });
    }
  }

  const all = bounded(expand(node));
  if (all.some((one) => one.words.length === 0))
    throw new PhraseError('every word of the phrase can be left out');
  return all;
}

function join(head: Expansion, tail: Expansion): Expansion {
  const twice = Object.keys(tail.slots).find((slot) => Object.hasOwn(head.slots, slot));
  if (twice !== undefined) throw new PhraseError(`the slot "${twice}" is filled twice in one phrase`);
  return { words: [...head.words, ...tail.words], slots: { ...head.slots, ...tail.slots } };
}
