/** Sentences that phrases allow, sampled by a seed. */
import type { Dialog } from '../../actors/dialog/dialog.ts';
import type { PhraseNode } from '../../actors/dialog/phrase.ts';
import { Random } from '../simulation/random.ts';

const NUMERAL = '7';
/** Tries to find words with a value: a phrase of numbers allows some outside of their range. */
const MAX_TRIES = 50;

/** Ways to say a value of a slot that a test wants to hear; none: any words of its type. */
export type WordsOfSlot = (type: string) => readonly (readonly string[])[];

/** Up to `count` different sentences of a dialog's phrases. Each phrase comes once before any comes twice. */
export function sentencesOf(
  { entries, slots }: Dialog,
  count: number,
  seed: number,
  wordsOf: WordsOfSlot = () => [],
): readonly string[] {
  const random = new Random(seed);
  const nodes = entries.flatMap(({ phrases }) => phrases);
  const found = new Set<string>();
  // Short phrases have few sentences: most samples of them repeat.
  for (
    let tries = 0;
    nodes.length > 0 && tries < nodes.length + 4 * count && found.size < count;
    tries += 1
  ) {
    const node = nodes[tries % nodes.length];
    const words = node && wordsIn(node);
    if (words) found.add(words.join(' '));
  }
  return [...found];

  function wordsIn(node: PhraseNode): readonly string[] {
    switch (node.kind) {
      case 'word':
        return [node.word];
      case 'numeral':
        return [NUMERAL];
      case 'sequence':
        return node.items.flatMap(wordsIn);
      case 'choice':
        return wordsIn(random.pick(node.options));
      case 'optional':
      case 'repeat':
        return random.chance(0.5) ? wordsIn(node.item) : [];
      case 'slot':
        return slotWords(node.type);
    }
  }

  function slotWords(name: string): readonly string[] {
    const wanted = wordsOf(name);
    if (wanted.length > 0) return random.pick(wanted);
    const type = slots.get(name);
    for (let tries = 0; type && tries < MAX_TRIES; tries += 1) {
      const words = wordsIn(type.phrase);
      if (type.valueOf(words) !== undefined) return words;
    }
    return [];
  }
}
