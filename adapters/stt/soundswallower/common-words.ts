/** Common words of spoken English. */
export const COMMON_WORDS: readonly string[] = (
  'a about after again air all almost along also always am an and animal another answer any anything are around as ask at away ' +
  'baby back bad be beautiful because bed been before begin being believe best better between big bird black blue boat body book both ' +
  'box boy bring brother brown but buy by call came can car care carry change child children city clean close cold color come could ' +
  'country course cup cut dark day did different dinner do doctor does dog done door down draw drink each early earth eat eight end ' +
  'enough even evening every eye face fact fall family far fast father feel feet few find fine fire first fish five floor fly food ' +
  'for four free friend from full funny gave get girl give glass go gone good got great green ground group grow had half hand happy ' +
  'hard has have he head hear heard heart heavy help her here high him his home horse hot hour house how hundred idea if important ' +
  'in inside into is it just keep kind kitchen knew know land large last later laugh learn leave left less let letter life light like ' +
  'line listen little live long look lost lot love low machine made make man many may me mean men might mile milk mind minute miss ' +
  'money month moon more morning most mother mountain move much music must my name near need never new next night nine no north not ' +
  'nothing notice now number of off often oh old on once one only open or order other our out outside over own page paper part ' +
  'people perhaps person picture piece place plan plant play point poor power probably problem pull push put question quick rain ran ' +
  'read ready real really red remember rest ride right river road rock room round run said same saw say school sea second see seem ' +
  'seven several she ship short should show side simple since sing sister sit six sleep slow small snow so some something sometimes ' +
  'song soon sort sound stand star start stay step still story street strong such summer sun sure table take talk teach tell ten ' +
  'than that the their them then there these they thing think this those though thought thousand three through time to today together ' +
  'told tomorrow too took top town travel tree true try turn twenty two under until up upon us use usual very voice wait walk ' +
  'wall want war warm was watch water way we week well went were what wheel when where which while white who whole why will wind ' +
  'window winter wish with woman women wonder word work world would write wrong year yellow yes yesterday you young your zero'
).split(' ');

/** The words of other speech: common ones that are not in the dialog, and those that are only values of its slots. The recogniser compares a sentence of the dialog with the best sequence of them. */
export function otherWords(dialogWords: readonly string[], slotWords: readonly string[]): readonly string[] {
  const outside = new Set(COMMON_WORDS);
  for (const word of dialogWords) outside.delete(word);
  for (const word of slotWords) outside.add(word);
  return [...outside];
}
