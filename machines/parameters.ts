import type { z } from 'zod';
import type { ActionTerms } from './action-terms.ts';
import { LANGUAGES, listsOf, type OwnPhrases } from './language/mod.ts';
import {
  attentionMode,
  constant,
  count,
  factor,
  group,
  list,
  listsByLanguage,
  ms,
  probability,
  stageDirections,
  text,
  textsByName,
  yesNo,
} from './options.ts';
import { plainDefaults } from './plain-defaults.ts';
import type { ReportedEnd } from './wire.ts';

/** Defaults of the session's parameters: plain data, which the machine can load without a schema. */
export const defaultParameters = {
  ...plainDefaults,
  phrases: { ...LANGUAGES.en.phrases, fillers: [] },
  words: {
    backchannels: listsOf(({ backchannels, moreBackchannels }) => [...backchannels, ...moreBackchannels]),
    continuations: listsOf(({ continuations }) => continuations),
    answers: listsOf(({ answers }) => answers),
    digits: listsOf(({ digits }) => digits),
    halt: [],
    wake: [],
    complete: [],
    yes: listsOf(({ yes }) => yes),
    no: listsOf(({ no }) => no),
  },
} as const;

/** The kind of a parameter that no configuration sets. */
function fixed<Kind extends (...given: never[]) => z.ZodType>(kind: Kind): Kind {
  // A wrapper with the same parameters and result has the same type.
  return ((...given: never[]) => constant(kind(...given))) as Kind;
}

type Defaults = typeof defaultParameters;
/** The kind of a key, what it means, and what its kind needs to know besides. */
type Described<Default> = readonly [
  kind: (fallback: Default, meaning: string, min?: number) => z.ZodType,
  meaning: string,
  min?: number,
];

/** The keys of a group with their defaults. */
function described<
  Name extends keyof Defaults,
  const Keys extends { readonly [Key in keyof Defaults[Name]]: Described<Defaults[Name][Key]> },
>(name: Name, keys: Keys) {
  const defaults: Defaults[Name] = defaultParameters[name];
  const made = Object.entries<Described<never>>(keys).map(([key, [kind, ...more]]) => [
    key,
    kind(Reflect.get(defaults, key) as never, ...more),
  ]);
  // `fromEntries` loses the types: which key is of which kind.
  return group(Object.fromEntries(made) as { [Key in keyof Keys]: ReturnType<Keys[Key][0]> });
}

/**
 * All parameters of a session's behaviour, in groups: types, documentation, limits and errors. The configuration takes
 * its groups of the same names from here. It sets no `fixed` parameter: the reasons for their values are beside the values.
 */
export function parameterGroups() {
  return {
    endpointing: described('endpointing', {
      delayMs: [ms, 'Silence that ends a turn when it is not known whether the transcript is complete.'],
      completeDelayMs: [fixed(ms), 'Silence that ends a turn when the transcript is clearly complete.'],
      incompleteDelayMs: [fixed(ms), 'Silence that ends a turn when the transcript stops in mid-sentence.'],
      awaitedDelayMs: [
        ms,
        'Silence that ends a turn whose end a speech-to-speech model decides, if it does not.',
      ],
      prerollMs: [fixed(ms), 'Audio kept from before speech was detected.'],
      maxUtteranceMs: [fixed(ms), 'Maximum length of an utterance; a longer one is cut.'],
      notUnderstoodMs: [
        fixed(ms),
        'Speech of at least this length without a recognised word gets a reply; shorter speech counts as noise.',
      ],
    }),
    speculation: described('speculation', {
      enabled: [
        yesNo,
        'Start a speculative reply during the silence that ends the turn; it is used only if the transcript does not change.',
      ],
      stableMs: [
        fixed(ms),
        'The transcript must be unchanged for this long before a speculation starts; a clearly complete one starts it at once.',
      ],
      maxPerTurn: [fixed(count), 'Maximum number of speculations in one turn.'],
    }),
    bargeIn: described('bargeIn', {
      confirmSpeechMs: [
        ms,
        'Speech of this length during a reply is an interruption, unless the transcript so far is a backchannel.',
      ],
      firstWordsMs: [
        fixed(ms),
        'Added to confirmSpeechMs with a recogniser that reports partial transcripts. Speech without a recognised word then only makes the reply softer, until its words or its end decide.',
      ],
      backchannelMaxMs: [
        fixed(ms),
        'A backchannel, or speech without words, that has made a reply softer for longer than this is an interruption too.',
      ],
      verdictMs: [
        fixed(ms),
        'After speech has ended: maximum wait for its transcript before the reply resumes.',
      ],
      wordsMs: [
        fixed(ms),
        'After speech has ended: a paused reply stays paused this long for the words, then it goes on, softer. 0: it goes on at once.',
      ],
      duckMs: [
        fixed(ms),
        'A first sign of speech makes a reply softer for this long, unless speech follows. 0: nothing makes it softer; it is paused until the verdict, even for a listener’s sound.',
      ],
      pauseAtOnce: [
        fixed(yesNo),
        'Pause a reply as soon as a user certainly speaks. Off: it is only softer until it is clear that the speech interrupts, so a listener’s sound makes no gap and a real interruption is granted later.',
      ],
      ownWords: [
        fixed(yesNo),
        'Words that the robot itself is saying at that moment do not interrupt it; a phrase of the voice stop always does.',
      ],
      yesListens: [
        fixed(yesNo),
        'A yes (`words.yes`) over a reply that asks nothing is a listener’s sound, and does not interrupt.',
      ],
    }),
    attention: described('attention', {
      mode: [attentionMode, 'When speech is for the robot, unless the client says it in its hello.'],
      windowMs: [ms, 'After a turn: time in which the next one needs no wake phrase.'],
      unlikeBelow: [
        fixed(probability),
        'Speech that the recogniser rejects, with the nearest phrase below this confidence, is not for the robot and gets no reply, unless the robot has asked something. 0: it gets `phrases.notUnderstood`.',
      ],
    }),
    body: described('body', {
      startThreshold: [fixed(probability), 'The `vad.startThreshold` while the robot moves.'],
      startEvidenceMs: [fixed(ms), 'The `vad.startEvidenceMs` while the robot moves.'],
    }),
    asking: described('asking', {
      enabled: [
        fixed(yesNo),
        'Ask back ("Did you say: turn left?") instead of acting on words that are not sure.',
      ],
      below: [
        fixed(probability),
        'Confidence below which recognised words are asked about that have no `askBelow` of the dialog. 0: they are not.',
      ],
      nearestAbove: [
        fixed(probability),
        'A rejected utterance is asked about if the nearest phrase of the dialog has at least this confidence.',
      ],
      stopAbove: [
        fixed(probability),
        'A rejected utterance in which the voice-stop lane suspected a stop is one if its nearest phrase is a voice stop of at least this confidence. 0: it is not.',
      ],
      answerMs: [ms, 'End of the question to the answer; then the question is dropped.'],
    }),
    deadlines: described('deadlines', {
      sttMs: [ms, 'End of the turn to the final transcript.'],
      recallMs: [
        ms,
        'Final transcript to the facts from memory. Facts that come later count from the next reply on.',
      ],
      memoryMs: [ms, 'Time limit of a request to the memory.'],
      llmFirstTokenMs: [
        ms,
        'Request to the language engine, or its last sign that it thinks, to its first token.',
      ],
      llmStallMs: [ms, 'Between two tokens.'],
      ttsMs: [ms, 'Segment given to speech synthesis to its first audio, and between two pieces of audio.'],
      actionMs: [ms, 'One action of the robot, from its start or its last progress.'],
      lastingActionMs: [
        ms,
        'The same for an action that may outlive its reply (`finish`, `detach`, `replace`) and has no deadline of its own. 0: none.',
        0,
      ],
    }),
    reply: described('reply', {
      firstSegmentMinChars: [
        fixed(count),
        'The first segment may end at a clause when it is this long. In letters; a Chinese or Japanese character counts for 3.',
      ],
      firstSegmentMaxChars: [fixed(count), 'The first segment ends at a word before it is longer than this.'],
      segmentMinChars: [fixed(count), 'The second segment, if shorter, waits for the next sentence.'],
      segmentGrowth: [
        fixed(factor),
        'Factor by which the minimum length grows with each further segment, up to half of segmentMaxChars.',
      ],
      segmentMaxChars: [fixed(count), 'Maximum length of a segment that can be split.'],
      parallelSegments: [
        fixed(count),
        'Number of segments that are synthesised in parallel; they play in order.',
      ],
      fillerAfterMs: [ms, 'End of the turn to a filler, if the reply is not audible yet. 0: no fillers.'],
    }),
    reading: described('reading', {
      stageDirections: [
        stageDirections,
        'What becomes of stage directions such as `*smiles*`, `(laughs)`, `[sighs]`, `:smile:` and `:-)`: drop, speak, or emotion, which sends them to the client as `emotion` messages. See docs/explanation/audio.md.',
      ],
      words: [
        textsByName,
        'What is said for a written word, such as `{ ROS: ross }`. A word in small letters counts in any case.',
      ],
    }),
    history: described('history', {
      maxMessages: [count, 'Number of newest messages that are sent to the language engine.'],
      maxTokens: [
        count,
        'Maximum length of the history, in tokens (estimated: 4 characters, or one of Chinese, Japanese or Korean). A history that is longer is cut to three quarters, at a turn. 0: no limit but maxMessages.',
        0,
      ],
      summaryTokens: [
        fixed(count),
        'Length of the history, in tokens, from which a language model summarises its oldest turns in the background. 0: never.',
        0,
      ],
    }),
    actions: described('actions', {
      allow: [list, 'Names of actions that may run; * for all.'],
      maxPerReply: [fixed(count), 'Maximum number of actions of one reply; further ones are refused.', 0],
    }),
    phrases: described('phrases', {
      notUnderstood: [
        fixed(text),
        'Spoken when speech was detected but no word was recognised. Empty: nothing.',
      ],
      sttFailed: [fixed(text), 'Spoken when speech recognition failed. Empty: nothing.'],
      llmFailed: [
        fixed(text),
        'Spoken when the language engine failed before its first token. Empty: nothing.',
      ],
      didYouSay: [fixed(text), 'Asks about words that are not sure; {words} are the words.'],
      sayAgain: [fixed(text), 'Spoken when they were not what the user said.'],
      shallI: [
        fixed(text),
        'Asks whether a call that needs a yes may begin; {action} is its name, other placeholders are its arguments.',
      ],
      willDo: [fixed(text), 'Spoken after the yes, while the call begins. Empty: nothing.'],
      wontDo: [fixed(text), 'Spoken after the no.'],
      noAnswer: [
        fixed(text),
        'Spoken when the user says nothing to “shall I?”; the call is refused. Empty: nothing.',
      ],
      maybeDone: [
        fixed(text),
        'Spoken after the server was restarted while a call of its own ran, of which it is not known whether it was done. Empty: nothing.',
      ],
      actionLost: [
        fixed(text),
        'Spoken when a client lost its connection and did not report what became of an action that it carried out. Empty: nothing.',
      ],
      behaviourFailed: [fixed(text), 'Spoken when the behaviour has failed. Empty: nothing.'],
      notDone: [
        fixed(text),
        'Spoken when a call did not begin because its arguments do not fit, and the model did not mend it. Empty: nothing.',
      ],
      fillers: [
        fixed(list),
        'Short phrases for the silence before a late reply. Empty: those of the dialog file.',
      ],
    }),
    languages: described('languages', {
      follow: [
        fixed(yesNo),
        'Answer each turn in its own language: as the recogniser reports it, else as detected from the text. Off: the session keeps its language until the client changes it.',
      ],
      among: [
        list,
        'Languages that a turn may change to, besides the session’s own; see docs/how-to/languages.md.',
      ],
    }),
    words: described('words', {
      backchannels: [fixed(listsByLanguage), 'Sounds of a listener that do not interrupt, by language.'],
      continuations: [
        fixed(listsByLanguage),
        'Words that show, at the end of a transcript, that it is incomplete; by language.',
      ],
      answers: [
        fixed(listsByLanguage),
        'Short answers, which are complete at once after a reply that was a question, as numbers are; by language.',
      ],
      digits: [
        fixed(listsByLanguage),
        'Words for single digits; by language. Three in a row are a number that is being dictated: incomplete.',
      ],
      halt: [fixed(list), 'Transcripts that trigger a voice stop, besides those of the dialog file.'],
      yes: [fixed(listsByLanguage), 'Answers that confirm the words asked about, by language.'],
      no: [fixed(listsByLanguage), 'Answers that deny them, by language.'],
      wake: [fixed(list), 'Phrases that wake the robot, besides those of the dialog file.'],
      complete: [fixed(list), 'Transcripts known to be complete, besides those of the dialog file.'],
    }),
  };
}

type Groups = ReturnType<typeof parameterGroups>;

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> }
    : T;

/** All parameters of a session's behaviour. */
export type SessionParameters = DeepReadonly<{ [Name in keyof Groups]: z.output<Groups[Name]> }> & {
  readonly actions: {
    /**
     * Names of the actions offered to the language engine; others are refused. Absent: unknown, so any name is accepted.
     */
    readonly offered?: readonly string[];
    /** Time limits of single actions by name, ms; `deadlines.actionMs` is that of all others. */
    readonly deadlinesMs?: Readonly<Record<string, number>>;
    /** The actions, by name, that may outlive their reply; others end with it. */
    readonly lasting?: Readonly<Record<string, Pick<ActionTerms, 'whenInterrupted' | 'group'>>>;
    /** Terms that count before those of the dialog and of the client's tools, by name. Default: none. */
    readonly terms?: Readonly<Record<string, ActionTerms>>;
    /**
     * Maximum number of rounds in which a language model goes on with the results of its calls. Default: none; a reply of
     * its own is about them.
     */
    readonly rounds?: number;
    /** Names of the actions that move the robot. Default: none. */
    readonly moving?: readonly string[];
    /** By name of the action, or `*` for all: ends that the robot reports in a reply of their own. Default: none. */
    readonly followUps?: Readonly<Record<string, readonly ReportedEnd[]>>;
  };
  /** The recogniser reports partial transcripts: speech over a reply without any does not end it. Absent: that is not known. */
  readonly partials?: boolean;
  /** The steps that the session has, by the names of the configuration's `flags`: for readers of the journal. */
  readonly steps?: Readonly<Record<string, boolean>>;
  readonly languages: {
    /** By language, for turns in another than the server's. Default: `phrases`, whatever the language. */
    readonly phrases?: Readonly<Record<string, OwnPhrases & { readonly fillers: readonly string[] }>>;
  };
};
