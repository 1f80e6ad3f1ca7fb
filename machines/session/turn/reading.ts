/**
 * What the dialog knows about recognised words. It is found beside the recogniser and journaled with the transcript,
 * so the machine needs no dialog.
 */
export interface Reading {
  /** `whole`: a phrase that cannot be continued. `part`: the beginning of a phrase, which is not a phrase itself. */
  readonly phrase?: 'whole' | 'part';
  /** Of the entry that the words mean: below this confidence (0 to 1) they are confirmed first. 0: never. Absent: no entry. */
  readonly askBelow?: number;
}

/** Reads the text of an utterance so far, or all of it (`final`), for which alone `askBelow` is known. `language` is BCP 47. */
export type ReadWords = (text: string, language: string, final: boolean) => Reading | undefined;
