import type { z } from 'zod';
import { count, factor, group, list, listsByLanguage, ms, text, yesNo } from './options.ts';
import { BACKCHANNELS } from './session/barge-in/backchannel.ts';

/** Defaults of the session's parameters: plain data, which the machine can load without a schema. */
export const defaultParameters = {
  endpointing: {
    delayMs: 500,
    completeDelayMs: 250,
    incompleteDelayMs: 1_000,
    prerollMs: 300,
    maxUtteranceMs: 30_000,
    notUnderstoodMs: 700,
  },
  speculation: { enabled: true, stableMs: 150, maxPerTurn: 3 },
  bargeIn: { confirmSpeechMs: 250, firstWordsMs: 200, backchannelMaxMs: 1_000, verdictMs: 800 },
  deadlines: {
    sttMs: 5_000,
    recallMs: 500,
    llmFirstTokenMs: 8_000,
    llmStallMs: 5_000,
    ttsMs: 5_000,
    actionMs: 30_000,
  },
  reply: {
    firstSegmentMinChars: 22,
    firstSegmentMaxChars: 56,
    segmentMinChars: 24,
    segmentGrowth: 1.5,
    segmentMaxChars: 220,
    parallelSegments: 2,
    fillerAfterMs: 1_500,
  },
  history: { maxMessages: 40 },
  actions: { allow: ['*'], maxPerReply: 16 },
  phrases: {
    notUnderstood: 'Sorry, I did not get that.',
    sttFailed: 'Sorry, I could not hear that.',
    llmFailed: 'Sorry, something went wrong. Please try again.',
    fillers: [],
  },
  words: {
    backchannels: {
      en: [...BACKCHANNELS.en, 'mmm', 'hm', 'yep', 'i see', 'uh', 'um', 'ah', 'oh', 'wow'],
      zh: [...BACKCHANNELS.zh, '噢', '啊', '是的', '好的'],
      ja: [...BACKCHANNELS.ja, 'うんうん', 'へえ', 'なるほど', 'そうですね'],
      de: [...BACKCHANNELS.de, 'ach so'],
      fr: [...BACKCHANNELS.fr, 'hum', 'ah bon'],
      es: BACKCHANNELS.es,
    },
    continuations: {
      en: 'and or but so because if the a an to of in on at for with from my your that um uh is are please then'.split(
        ' ',
      ),
      zh: ['和', '或者', '但是', '因为', '如果', '然后', '那个', '就是', '还有', '把', '的'],
      ja: ['と', 'が', 'を', 'に', 'で', 'から', 'けど', 'その', 'あの'],
      de: 'und oder aber weil wenn der die das ein eine zu in mit ähm'.split(' '),
      fr: ['et', 'ou', 'mais', 'parce que', 'si', 'le', 'la', 'les', 'un', 'une', 'de', 'à', 'avec', 'euh'],
      es: ['y', 'o', 'pero', 'porque', 'si', 'el', 'la', 'los', 'un', 'una', 'de', 'a', 'con', 'eh'],
    },
    halt: [],
    complete: [],
  },
} as const;

/**
 * All parameters of a session's behaviour, in groups: types, documentation, limits and errors. The configuration takes
 * its groups of the same names from here.
 */
export function parameterGroups() {
  const { endpointing, speculation, bargeIn, deadlines, reply, history, actions, phrases, words } =
    defaultParameters;
  return {
    endpointing: group({
      delayMs: ms(
        endpointing.delayMs,
        'Silence that ends a turn when it is not known whether the transcript is complete.',
      ),
      completeDelayMs: ms(
        endpointing.completeDelayMs,
        'Silence that ends a turn when the transcript is clearly complete.',
      ),
      incompleteDelayMs: ms(
        endpointing.incompleteDelayMs,
        'Silence that ends a turn when the transcript stops in mid-sentence.',
      ),
      prerollMs: ms(endpointing.prerollMs, 'Audio kept from before speech was detected.'),
      maxUtteranceMs: ms(endpointing.maxUtteranceMs, 'Maximum length of an utterance; a longer one is cut.'),
      notUnderstoodMs: ms(
        endpointing.notUnderstoodMs,
        'Speech of at least this length without a recognised word gets a reply; shorter speech counts as noise.',
      ),
    }),
    speculation: group({
      enabled: yesNo(
        speculation.enabled,
        'Start a speculative reply during the silence that ends the turn; it is used only if the transcript does not change.',
      ),
      stableMs: ms(
        speculation.stableMs,
        'The transcript must be unchanged for this long before a speculation starts; a clearly complete one starts it at once.',
      ),
      maxPerTurn: count(speculation.maxPerTurn, 'Maximum number of speculations in one turn.'),
    }),
    bargeIn: group({
      confirmSpeechMs: ms(
        bargeIn.confirmSpeechMs,
        'Speech of this length during a reply is an interruption, unless the transcript so far is a backchannel.',
      ),
      firstWordsMs: ms(
        bargeIn.firstWordsMs,
        'Added to confirmSpeechMs with a recogniser that reports partial transcripts, so that the first words can decide.',
      ),
      backchannelMaxMs: ms(
        bargeIn.backchannelMaxMs,
        'A backchannel longer than this is an interruption too.',
      ),
      verdictMs: ms(
        bargeIn.verdictMs,
        'After speech has ended: maximum wait for its transcript before the reply resumes.',
      ),
    }),
    deadlines: group({
      sttMs: ms(deadlines.sttMs, 'End of the turn to the final transcript.'),
      recallMs: ms(deadlines.recallMs, 'Final transcript to the facts from memory.'),
      llmFirstTokenMs: ms(deadlines.llmFirstTokenMs, 'Request to the language engine to its first token.'),
      llmStallMs: ms(deadlines.llmStallMs, 'Between two tokens.'),
      ttsMs: ms(
        deadlines.ttsMs,
        'Segment given to speech synthesis to its first audio, and between two pieces of audio.',
      ),
      actionMs: ms(deadlines.actionMs, 'One action of the robot.'),
    }),
    reply: group({
      firstSegmentMinChars: count(
        reply.firstSegmentMinChars,
        'The first segment may end at a clause when it is this long. In letters; a Chinese or Japanese character counts for 3.',
      ),
      firstSegmentMaxChars: count(
        reply.firstSegmentMaxChars,
        'The first segment ends at a word before it is longer than this.',
      ),
      segmentMinChars: count(
        reply.segmentMinChars,
        'The second segment, if shorter, waits for the next sentence.',
      ),
      segmentGrowth: factor(
        reply.segmentGrowth,
        'Factor by which the minimum length grows with each further segment, up to half of segmentMaxChars.',
      ),
      segmentMaxChars: count(reply.segmentMaxChars, 'Maximum length of a segment that can be split.'),
      parallelSegments: count(
        reply.parallelSegments,
        'Number of segments that are synthesised in parallel; they play in order.',
      ),
      fillerAfterMs: ms(
        reply.fillerAfterMs,
        'End of the turn to a filler, if the reply is not audible yet. 0: no fillers.',
      ),
    }),
    history: group({
      maxMessages: count(
        history.maxMessages,
        'Number of newest messages that are sent to the language engine.',
      ),
    }),
    actions: group({
      allow: list(actions.allow, 'Names of actions that may run; * for all.'),
      maxPerReply: count(
        actions.maxPerReply,
        'Maximum number of actions of one reply; further ones are refused.',
        0,
      ),
    }),
    phrases: group({
      notUnderstood: text(
        phrases.notUnderstood,
        'Spoken when speech was detected but no word was recognised. Empty: nothing.',
      ),
      sttFailed: text(phrases.sttFailed, 'Spoken when speech recognition failed. Empty: nothing.'),
      llmFailed: text(
        phrases.llmFailed,
        'Spoken when the language engine failed before its first token. Empty: nothing.',
      ),
      fillers: list(
        phrases.fillers,
        'Short phrases for the silence before a late reply. Empty: those of the dialog file.',
      ),
    }),
    words: group({
      backchannels: listsByLanguage(
        words.backchannels,
        'Sounds of a listener that do not interrupt, by language.',
      ),
      continuations: listsByLanguage(
        words.continuations,
        'Words that show, at the end of a transcript, that it is incomplete; by language.',
      ),
      halt: list(words.halt, 'Transcripts that trigger a voice stop, besides those of the dialog file.'),
      complete: list(words.complete, 'Transcripts known to be complete, besides those of the dialog file.'),
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
  };
};
