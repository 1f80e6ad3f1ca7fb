/** The dialog file: what a robot understands, says and does. Shared by the dialog LLM and the grammar recogniser. */
export type { Dialog, DialogAction, DialogEntry, DialogSentence } from './dialog.ts';
export {
  actionDeadlines,
  dialogActions,
  haltPhrases,
  lastingActions,
  rosMappings,
  tellsOf,
  toldEnds,
} from './dialog.ts';
export type { DialogMatch } from './match.ts';
export { matchDialog } from './match.ts';
export { fillersOf, withDialog, withRecogniser } from './parameters.ts';
export { parseDialog } from './parse.ts';
export type { PhraseNode, SlotOption, Slots } from './phrase.ts';
export { countsIn, type Filling, fillPlaceholders, placeholdersIn, solePlaceholder } from './placeholders.ts';
export { dialogReader } from './reading.ts';
export type { RosMapping } from './schema.ts';
export { suggestedPhrases } from './suggest.ts';
