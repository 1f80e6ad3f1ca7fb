import { spoken } from './spoken.ts';

/**
 * A phrase as a tree. `slot`: words of the slot type `type`, captured as `slot`. `numeral`: a number in digits or in
 * Chinese, Japanese or Korean numerals. `repeat`: nothing, or the item any number of times.
 */
export type PhraseNode =
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'numeral' }
  | { readonly kind: 'slot'; readonly slot: string; readonly type: string }
  | { readonly kind: 'sequence'; readonly items: readonly PhraseNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PhraseNode[] }
  | { readonly kind: 'optional'; readonly item: PhraseNode }
  | { readonly kind: 'repeat'; readonly item: PhraseNode };

/** Maximum number of parts in any order: n parts have about 2.7 × n! orders. */
const MAX_ANY_ORDER = 5;

/** An error in a phrase; `parseDialog` turns it into DIALOG_INVALID. */
export class PhraseError extends Error {
  override readonly name = 'PhraseError';
}

/**
 * Parses a written phrase: words; `(a | b)` alternatives; `(a; b)` all of them in any order; `[a]` optional; `{slot}`;
 * `{type:slot}` a slot type under another name; `<rule>` a named part. `|` and `;` bind weakest and also work outside
 * brackets. `rule` returns the named part. Throws PhraseError.
 */
export function parsePhrase(
  source: string,
  language: string,
  rule: (name: string) => PhraseNode | undefined = () => undefined,
): PhraseNode {
  const tokens = source.match(/[()[\]|;]|\{[^}]*\}|<[^>]*>|[^()[\]|;{}<>]+|[{}<>]/gu) ?? [];
  let at = 0;

  function parts(closing: string | undefined): PhraseNode {
    const items = [sequence(closing)];
    const separator = tokens[at];
    while (tokens[at] === '|' || tokens[at] === ';') {
      if (tokens[at] !== separator)
        throw new PhraseError(`put brackets around the parts with "|" or with ";" in "${source}"`);
      at += 1;
      items.push(sequence(closing));
    }
    const only = items[0];
    if (items.length === 1 && only) return only;
    return separator === ';' ? anyOrder(items, source) : { kind: 'choice', options: items };
  }

  function sequence(closing: string | undefined): PhraseNode {
    const items: PhraseNode[] = [];
    for (let token = tokens[at]; token !== undefined && token !== '|' && token !== ';'; token = tokens[at]) {
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
      const inner = parts(closing);
      if (tokens[at] !== closing) throw new PhraseError(`"${token}" is not closed in "${source}"`);
      at += 1;
      return [token === '[' ? { kind: 'optional', item: inner } : inner];
    }
    if (token.startsWith('{')) {
      const [, type, slot] = /^\{\s*([A-Za-z][\w-]*)\s*(?::\s*([A-Za-z][\w-]*)\s*)?\}$/.exec(token) ?? [];
      if (type === undefined) throw new PhraseError(`"${token}" is not a slot in "${source}"; write {name}`);
      return [{ kind: 'slot', slot: slot ?? type, type }];
    }
    if (token.startsWith('<')) {
      const name = /^<\s*([A-Za-z][\w-]*)\s*>$/.exec(token)?.[1];
      const named = name === undefined ? undefined : rule(name);
      if (!named) throw new PhraseError(`unknown rule "${token}" for "${source}"; add it to rules`);
      return [named];
    }
    if (token === '}' || token === '>')
      throw new PhraseError(`"${token}" without its opening bracket in "${source}"`);
    return spoken(token, language).map((word) => ({ kind: 'word', word }));
  }

  return parts(undefined);
}

/** All items in any order, of which optional ones may be missing. Equal rests are the same node. */
function anyOrder(items: readonly PhraseNode[], source: string): PhraseNode {
  if (items.length > MAX_ANY_ORDER)
    throw new PhraseError(`more than ${MAX_ANY_ORDER} parts in any order in "${source}"`);
  const orders = new Map<number, PhraseNode>();
  /** The items whose bits are set in `left`. */
  function orderOf(left: number): PhraseNode {
    const known = orders.get(left);
    if (known) return known;
    const options = items.flatMap((item, i): PhraseNode[] => {
      if ((left & (1 << i)) === 0) return [];
      const first = item.kind === 'optional' ? item.item : item;
      const rest = left & ~(1 << i);
      return [rest === 0 ? first : { kind: 'sequence', items: [first, orderOf(rest)] }];
    });
    const choice: PhraseNode = { kind: 'choice', options };
    const mayEnd = items.every((item, i) => (left & (1 << i)) === 0 || item.kind === 'optional');
    const order: PhraseNode = mayEnd ? { kind: 'optional', item: choice } : choice;
    orders.set(left, order);
    return order;
  }
  return orderOf((1 << items.length) - 1);
}

/** The phrase of some words in sequence. */
export function said(words: readonly string[]): PhraseNode {
  return oneOrSequence(words.map((word) => ({ kind: 'word', word })));
}

export function oneOrSequence(items: readonly PhraseNode[]): PhraseNode {
  const only = items[0];
  return items.length === 1 && only ? only : { kind: 'sequence', items };
}
