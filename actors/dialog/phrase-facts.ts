/** What holds for every way to say a phrase, found without listing the ways. */
import { PhraseError, type PhraseNode } from './phrase.ts';

/** The slot types of a dialog, as far as phrases need them. */
export type PhraseSlots = ReadonlyMap<string, { readonly phrase: PhraseNode }>;

/** The slots that a phrase may fill, each with its type. */
export function slotsOf(node: PhraseNode): ReadonlyMap<string, string> {
  switch (node.kind) {
    case 'word':
    case 'numeral':
      return new Map();
    case 'slot':
      return new Map([[node.slot, node.type]]);
    case 'optional':
    case 'repeat':
      return slotsOf(node.item);
    case 'sequence':
      return new Map(node.items.flatMap((item) => [...slotsOf(item)]));
    case 'choice':
      return new Map(node.options.flatMap((option) => [...slotsOf(option)]));
  }
}

/** Throws PhraseError if a slot is unknown or may be filled twice, or if the phrase may have no words. */
export function checkPhrase(node: PhraseNode, slots: PhraseSlots): void {
  checkSlots(node, slots);
  if (shortest(node, slots)?.length === 0) throw new PhraseError('every word of the phrase can be left out');
}

function checkSlots(node: PhraseNode, slots: PhraseSlots): void {
  switch (node.kind) {
    case 'word':
    case 'numeral':
      return;
    case 'slot':
      if (!slots.has(node.type)) throw new PhraseError(`unknown slot "${node.type}"`);
      return;
    case 'optional':
    case 'repeat':
      checkSlots(node.item, slots);
      return;
    case 'choice':
      for (const option of node.options) checkSlots(option, slots);
      return;
    case 'sequence': {
      const filled = new Set<string>();
      for (const item of node.items) {
        checkSlots(item, slots);
        for (const slot of slotsOf(item).keys()) {
          if (filled.has(slot))
            throw new PhraseError(
              `the slot "${slot}" is filled twice in one phrase; give the second a name of its own: {${slot}:other}`,
            );
          filled.add(slot);
        }
      }
    }
  }
}

/** The words of a shortest way to say a phrase without filling the slot `without`; undefined if every way fills it. */
export function shortest(
  node: PhraseNode,
  slots: PhraseSlots,
  without?: string,
): readonly string[] | undefined {
  switch (node.kind) {
    case 'word':
      return [node.word];
    case 'numeral':
      return ['1'];
    case 'slot': {
      const type = slots.get(node.type);
      return node.slot === without || !type ? undefined : shortest(type.phrase, slots);
    }
    case 'optional':
    case 'repeat':
      return [];
    case 'sequence': {
      const parts = node.items.map((item) => shortest(item, slots, without));
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case 'choice':
      return node.options
        .map((option) => shortest(option, slots, without))
        .reduce((best, one) => (best && one ? (one.length < best.length ? one : best) : (best ?? one)));
  }
}

/** The number of words in the phrase when all its slots are written out: its share of the recogniser's network. */
export function sizeOf(node: PhraseNode, slots: PhraseSlots): number {
  const sum = (nodes: readonly PhraseNode[]) => nodes.reduce((total, one) => total + sizeOf(one, slots), 0);
  switch (node.kind) {
    case 'word':
    case 'numeral':
      return 1;
    case 'slot': {
      const type = slots.get(node.type);
      return type ? sizeOf(type.phrase, slots) : 0;
    }
    case 'optional':
    case 'repeat':
      return sizeOf(node.item, slots);
    case 'sequence':
      return sum(node.items);
    case 'choice':
      return sum(node.options);
  }
}

/** The number of ways to say a phrase; Infinity if a part may be repeated. */
export function waysOf(node: PhraseNode, slots: PhraseSlots): number {
  switch (node.kind) {
    case 'word':
    case 'numeral':
      return 1;
    case 'slot': {
      const type = slots.get(node.type);
      return type ? waysOf(type.phrase, slots) : 0;
    }
    case 'optional':
      return 1 + waysOf(node.item, slots);
    case 'repeat':
      return Number.POSITIVE_INFINITY;
    case 'sequence':
      return node.items.reduce((product, item) => product * waysOf(item, slots), 1);
    case 'choice':
      return node.options.reduce((sum, option) => sum + waysOf(option, slots), 0);
  }
}

/** The words that may occur in a phrase. */
export function vocabulary(node: PhraseNode, slots: PhraseSlots): ReadonlySet<string> {
  const words = new Set<string>();
  const visit = (one: PhraseNode): void => {
    switch (one.kind) {
      case 'word':
        words.add(one.word);
        return;
      case 'numeral':
        return;
      case 'slot': {
        const type = slots.get(one.type);
        if (type) visit(type.phrase);
        return;
      }
      case 'optional':
      case 'repeat':
        visit(one.item);
        return;
      case 'sequence':
        one.items.forEach(visit);
        return;
      case 'choice':
        one.options.forEach(visit);
    }
  };
  visit(node);
  return words;
}

/** Every way to say a phrase, as text, in reading order. Throws PhraseError if there are more than `limit`. */
export function expandPhrase(node: PhraseNode, slots: PhraseSlots, limit: number): readonly string[] {
  if (!(waysOf(node, slots) <= limit)) throw new PhraseError(`it can be said in more than ${limit} ways`);
  const expand = (part: PhraseNode): readonly (readonly string[])[] => {
    switch (part.kind) {
      case 'word':
        return [[part.word]];
      case 'slot': {
        const type = slots.get(part.type);
        return type ? expand(type.phrase) : [];
      }
      case 'optional':
        return [[], ...expand(part.item)];
      case 'choice':
        return part.options.flatMap(expand);
      case 'sequence':
        return part.items
          .map(expand)
          .reduce((heads, tails) => heads.flatMap((head) => tails.map((tail) => [...head, ...tail])));
      case 'numeral':
      case 'repeat':
        throw new PhraseError('it can be said in endless ways');
    }
  };
  return [...new Set(expand(node).map((words) => words.join(' ')))];
}
