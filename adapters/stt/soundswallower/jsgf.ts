import type { Dialog, PhraseNode } from '../../../actors/dialog/mod.ts';

/** The phones of the recogniser's English model (ARPAbet, as in the CMU dictionary), without its silence and noises. */
export const PHONES =
  'AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH'.split(
    ' ',
  );

/** The artificial word for one phone in the phone loop, absent from every dictionary. */
export function phoneWord(phone: string): string {
  return `phone_${phone.toLowerCase()}`;
}

/** The dialog's phrases and backchannels as a JSGF grammar. It stays a graph: shared parts are not expanded. */
export function dialogGrammar(dialog: Dialog): string {
  const rules = [...dialog.slots].map(
    ([name, options]) =>
      `<slot_${ruleName(name)}> = ${options.map((option) => option.words.join(' ')).join(' | ')};`,
  );
  const sayings = [
    ...dialog.entries.flatMap((entry) => entry.phrases.map(toJsgf)),
    ...dialog.backchannels.filter((said) => !dialog.sentences.has(said)),
  ];
  return ['#JSGF V1.0;', 'grammar dialog;', `public <dialog> = ${sayings.join(' | ')};`, ...rules].join('\n');
}

/**
 * Any phones in any order with equal probability: the reference score for speech that is not a sentence of the dialog.
 */
export function phoneLoopGrammar(): string {
  return `#JSGF V1.0;\ngrammar phones;\npublic <phones> = (${PHONES.map(phoneWord).join(' | ')})+;`;
}

/** The distinct words of the grammar. */
export function grammarWords(dialog: Dialog): readonly string[] {
  const words = new Set(dialog.backchannels.flatMap((said) => said.split(' ')));
  for (const sentence of dialog.sentences.values()) for (const word of sentence.words) words.add(word);
  return [...words];
}

function toJsgf(node: PhraseNode): string {
  switch (node.kind) {
    case 'word':
      return node.word;
    case 'slot':
      return `<slot_${ruleName(node.slot)}>`;
    case 'optional':
      return `[ ${toJsgf(node.item)} ]`;
    case 'sequence':
      return node.items.map(toJsgf).join(' ');
    case 'choice':
      return `( ${node.options.map(toJsgf).join(' | ')} )`;
  }
}

/** JSGF rule names must not contain a hyphen. */
function ruleName(slot: string): string {
  return slot.replaceAll('-', '_h_');
}
