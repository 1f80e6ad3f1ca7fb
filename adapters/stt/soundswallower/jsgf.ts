import { type Dialog, type PhraseNode, vocabulary } from '../../../actors/dialog/mod.ts';

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
    ([name, { phrase }]) => `<slot_${ruleName(name)}> = ${alternatives(phrase)};`,
  );
  const sayings = [
    ...dialog.entries.flatMap((entry) => entry.phrases.map(alternatives)),
    ...dialog.backchannels.filter((said) => !dialog.grammar.reach(said.split(' ')).ends),
  ];
  const wake = dialog.wake.join(' | ');
  const said = wake === '' ? sayings.join(' | ') : `[ ${wake} ] ( ${sayings.join(' | ')} ) | ${wake}`;
  return ['#JSGF V1.0;', 'grammar dialog;', `public <dialog> = ${said};`, ...rules].join('\n');
}

/** The distinct words of the grammar. */
export function grammarWords(dialog: Dialog): readonly string[] {
  const phrases = dialog.entries.flatMap((entry) => entry.phrases);
  return [
    ...new Set([
      ...[...dialog.backchannels, ...dialog.wake].flatMap((said) => said.split(' ')),
      ...phrases.flatMap((phrase) => [...vocabulary(phrase, dialog.slots)]),
    ]),
  ];
}

/** The words of the grammar that occur only as values of slots: no sentence consists of them alone. */
export function slotWords(dialog: Dialog): readonly string[] {
  const phrases = dialog.entries.flatMap((entry) => entry.phrases);
  const others = new Set([
    ...dialog.backchannels.flatMap((said) => said.split(' ')),
    ...phrases.flatMap((phrase) => [...vocabulary(phrase, new Map())]),
  ]);
  return grammarWords(dialog).filter((word) => !others.has(word));
}

function toJsgf(node: PhraseNode): string {
  switch (node.kind) {
    case 'word':
      return node.word;
    case 'numeral':
      throw new RangeError('numbers in digits have no words');
    case 'slot':
      return `<slot_${ruleName(node.type)}>`;
    case 'optional':
      return `[ ${toJsgf(node.item)} ]`;
    case 'repeat':
      return `( ${toJsgf(node.item)} )*`;
    case 'sequence':
      return node.items.map(toJsgf).join(' ');
    case 'choice':
      return `( ${alternatives(node)} )`;
  }
}

/** Without brackets around the whole. */
function alternatives(node: PhraseNode): string {
  return node.kind === 'choice' ? node.options.map(toJsgf).join(' | ') : toJsgf(node);
}

/** JSGF rule names must not contain a hyphen. */
function ruleName(slot: string): string {
  return slot.replaceAll('-', '_h_');
}
