/** Sequences that a terminal obeys (ECMA-48): with parameters, with a text, and short ones. The texts are bounded. */
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  /\u001b(?:\[[0-?]{0,100}[ -/]{0,10}[@-~]|[\]PX^_][^\u0007\u001b]{0,1000}(?:\u0007|\u001b\\)|[ -/]{1,10}[0-~])/gu;
/** What is left of them, and all other control characters but tabulators and new lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f]/gu;
/** A terminal may obey these alone. JSON may contain them, where an escape means the same. */
const EIGHT_BIT = /[\u007f-\u009f]/gu;

/**
 * The text as a terminal may show it: what models, clients or servers wrote cannot move the cursor, change colours or titles, or
 * make the terminal answer. JSON stays the same JSON.
 */
export function shownText(text: string): string {
  return text
    .replace(SEQUENCES, '')
    .replace(CONTROLS, '')
    .replace(EIGHT_BIT, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
}

/** Prints a line for people, or JSON. */
export function print(text: string): void {
  console.log(shownText(text));
}
