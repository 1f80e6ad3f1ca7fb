/** What Parley itself needs to know of a language. */
export interface LanguageTable {
  /** Parley's own phrases. */
  readonly phrases: OwnPhrases;
  /** System prompt of a language model whose configuration has none: short answers, for speech. */
  readonly prompt: string;
  /** Short phrases for the silence before a late reply, if the dialog file has none. */
  readonly fillers: readonly string[];
  /**
   * What listeners say without wanting the turn, as a grammar recogniser may hear it: without words that are also an
   * answer, such as a plain yes or no, and without sounds that it hears in noise.
   */
  readonly backchannels: readonly string[];
  /** Further backchannels, for transcripts. */
  readonly moreBackchannels: readonly string[];
  /** Words after which a sentence continues. */
  readonly continuations: readonly string[];
  /** Short answers, which are complete at once after a question. */
  readonly answers: readonly string[];
  /** Words for single digits, 0 to 9. */
  readonly digits: readonly string[];
  /** Answers as a grammar recogniser may hear them. */
  readonly yes: readonly string[];
  readonly no: readonly string[];
  /** Further ones, for transcripts. */
  readonly moreYes: readonly string[];
  readonly moreNo: readonly string[];
  /** Words around a request that do not change it. */
  readonly polite: readonly string[];
  /** With one of these around it, a phrase means something else. */
  readonly negations: readonly string[];
  /** What may stand between the items of a list. */
  readonly and: string;
  /** What a minus sign and a decimal point are called. */
  readonly minus: string;
  readonly point: string;
  /** Default voices by engine, the first in use; eSpeak has one voice a language and finds it by itself. */
  readonly voices: { readonly edge: readonly string[] };
}

/** Fixed phrases: see `phrases` of the configuration. */
export interface OwnPhrases {
  readonly notUnderstood: string;
  readonly sttFailed: string;
  readonly llmFailed: string;
  readonly didYouSay: string;
  readonly sayAgain: string;
  readonly shallI: string;
  readonly willDo: string;
  readonly wontDo: string;
  readonly notDone: string;
  readonly noAnswer: string;
  readonly maybeDone: string;
  readonly actionLost: string;
  readonly behaviourFailed: string;
}
