/** The dialog file: what a robot understands, says and does. Shared by the dialog LLM and the grammar recogniser. */

export { dialogTools } from './action-schema.ts';
export { withAnswers } from './answers.ts';
export type { CalendarDay, SpokenDate } from './dates.ts';
export { isoDate } from './dates.ts';
export type { Dialog, DialogAction, DialogEntry } from './dialog.ts';
export {
  actionDeadlines,
  allLanguages,
  dialogActions,
  dialogIn,
  haltPhrases,
  lastingActions,
  rosMappings,
  tellsOf,
  toldEnds,
} from './dialog.ts';
export { learntFrom } from './learning.ts';
export type { DialogMatch } from './match.ts';
export { matchDialog } from './match.ts';
export { changesByMoment, heardNow, withEntries } from './moment.ts';
export { fillersOf, withDialog, withoutSummaries, withRecogniser } from './parameters.ts';
export { parseDialog } from './parse.ts';
export type { PhraseNode } from './phrase.ts';
export { expandPhrase, vocabulary, waysOf } from './phrase-facts.ts';
export {
  countsIn,
  type Filling,
  fillPlaceholders,
  isForAnybody,
  isOfUser,
  ofUser,
  placeholdersIn,
  solePlaceholder,
  withoutOptional,
} from './placeholders.ts';
export { dialogReader } from './reading.ts';
export type { RosMapping } from './schema.ts';
export { isSealedWord, MARKS, MASK, MAX_SEALED, markOf, withoutMarks } from './sealed.ts';
export { type Secrets, secretsOf } from './secrets.ts';
export type { FilledSlot, Slots, SlotType, SlotValue } from './slots.ts';
export { suggestedPhrases } from './suggest.ts';
