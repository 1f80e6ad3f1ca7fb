/**
 * All parameters of a session's behaviour, with their defaults. The configuration schema (`server/config`) takes its
 * defaults from here, so each is written once.
 */
export interface SessionParameters {
  readonly endpointing: EndpointingParameters;
  readonly speculation: SpeculationParameters;
  readonly bargeIn: BargeInParameters;
  readonly deadlines: DeadlineParameters;
  readonly reply: ReplyParameters;
  readonly history: HistoryParameters;
  readonly actions: ActionParameters;
  readonly phrases: PhraseParameters;
  readonly words: WordParameters;
}

/** End of the user's turn. Counted from the end of speech. */
export interface EndpointingParameters {
  /** Silence that ends a turn when nothing is known about the words, ms. 500 ms is the usual compromise. */
  readonly delayMs: number;
  /** Silence that ends it when the transcript is clearly complete, ms. */
  readonly completeDelayMs: number;
  /** Silence that ends it when the transcript stops in mid-sentence, ms. */
  readonly incompleteDelayMs: number;
  /** Audio kept from before the detection of speech, so that no first syllable is lost, ms. */
  readonly prerollMs: number;
  /** Maximum length of an utterance, ms, so that noise cannot hold the turn indefinitely. */
  readonly maxUtteranceMs: number;
  /**
   * Speech of at least this length without a recognised word is answered ("I did not get that"); shorter speech counts
   * as noise.
   */
  readonly notUnderstoodMs: number;
}

/** Speculation: preparing the reply before the end of the user's turn is certain. */
export interface SpeculationParameters {
  readonly enabled: boolean;
  /** The transcript must be stable for this long, ms, unless it is clearly complete. */
  readonly stableMs: number;
  /** Maximum number of speculations per turn: the engine requests of a discarded one are wasted. */
  readonly maxPerTurn: number;
}

/** Whether speech during a reply interrupts it. */
export interface BargeInParameters {
  /** Speech of this length, counted from its detection, is an interruption, unless it is a backchannel so far. */
  readonly confirmSpeechMs: number;
  /** Additional time when the recogniser emits partial words: the first word decides, and may be a backchannel. */
  readonly firstWordsMs: number;
  /** Even a backchannel becomes an interruption at this length. */
  readonly backchannelMaxMs: number;
  /** Maximum wait for the words after the speech ended, ms; then the reply continues. */
  readonly verdictMs: number;
}

/** Deadlines of the engines, ms, after which the turn continues without them. */
export interface DeadlineParameters {
  /** End of the turn → final transcript. */
  readonly sttMs: number;
  /** Turn known → memory recalled. */
  readonly recallMs: number;
  /** LLM requested → first token. */
  readonly llmFirstTokenMs: number;
  /** Between two tokens. */
  readonly llmStallMs: number;
  /** Segment given to TTS → audio, and between two pieces of audio. */
  readonly ttsMs: number;
  /** One robot action. */
  readonly actionMs: number;
}

/**
 * Segmentation of reply text for TTS. Lengths are in Latin letters: a Chinese or Japanese character counts as three.
 */
export interface ReplyParameters {
  /** The first segment may end at a clause from this length on: about 4 words, or 8 characters of Chinese. */
  readonly firstSegmentMinChars: number;
  /** The first segment ends at a word before it exceeds this length: about 10 words, or 18 characters of Chinese. */
  readonly firstSegmentMaxChars: number;
  /** A second segment shorter than this waits for the next sentence. */
  readonly segmentMinChars: number;
  /** Factor by which each further segment grows, up to half of `segmentMaxChars`. */
  readonly segmentGrowth: number;
  /** Maximum length of a segment, unless it cannot be split. */
  readonly segmentMaxChars: number;
  /** Number of segments synthesised concurrently; they sound in order. */
  readonly parallelSegments: number;
  /** End of the user's turn → a filler is spoken if the reply is still silent. 0: never. */
  readonly fillerAfterMs: number;
}

export interface HistoryParameters {
  /** Maximum number of messages in the LLM's history, the newest ones. */
  readonly maxMessages: number;
}

export interface ActionParameters {
  /** Names of actions that may run; `*` allows all. */
  readonly allow: readonly string[];
  /**
   * Names of the actions offered to the language engine; others are refused. Absent: unknown, so any name is accepted.
   */
  readonly offered?: readonly string[];
  /** Maximum number of actions per reply. */
  readonly maxPerReply: number;
}

/** Parley's own phrases. Empty: stay silent. */
export interface PhraseParameters {
  /** After speech without a recognised word. */
  readonly notUnderstood: string;
  /** After speech recognition failed. */
  readonly sttFailed: string;
  /** After the language engine failed before any speech. */
  readonly llmFailed: string;
  /** Short phrases for the silence before a late reply; one is picked. Empty: stay silent. */
  readonly fillers: readonly string[];
}

/** Word lists per language (the first subtag of BCP 47). */
export interface WordParameters {
  /** Backchannels of a listener: they do not interrupt. */
  readonly backchannels: Readonly<Record<string, readonly string[]>>;
  /** A transcript that ends in one of these is incomplete. */
  readonly continuations: Readonly<Record<string, readonly string[]>>;
  /** Transcripts that mean a voice stop. The dialog file adds its own. */
  readonly halt: readonly string[];
  /** Transcripts known to be complete. The dialog file adds its own. */
  readonly complete: readonly string[];
}

/** Parameters in a journal of an older version: newer members are missing. */
export type RecordedParameters = Omit<SessionParameters, 'speculation' | 'reply' | 'phrases' | 'actions'> & {
  readonly speculation?: SpeculationParameters;
  readonly actions: Omit<ActionParameters, 'maxPerReply'> & Partial<ActionParameters>;
  readonly reply: Omit<ReplyParameters, 'fillerAfterMs'> & Partial<ReplyParameters>;
  readonly phrases: Omit<PhraseParameters, 'fillers'> & Partial<PhraseParameters>;
};

/** The effective parameters at the time of the recording. */
export function completeParameters(recorded: RecordedParameters): SessionParameters {
  return {
    ...recorded,
    speculation: { ...defaultParameters.speculation, enabled: false, ...recorded.speculation },
    actions: { maxPerReply: Number.MAX_SAFE_INTEGER, ...recorded.actions },
    reply: { fillerAfterMs: 0, ...recorded.reply },
    phrases: { fillers: [], ...recorded.phrases },
  };
}

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
      en: [
        'uh-huh',
        'uh huh',
        'mm',
        'mmm',
        'mhm',
        'mm-hmm',
        'mm hmm',
        'hm',
        'hmm',
        'yeah',
        'yep',
        'ok',
        'okay',
        'right',
        'i see',
        'uh',
        'um',
        'ah',
        'oh',
        'wow',
      ],
      zh: ['嗯', '嗯嗯', '哦', '噢', '啊', '对', '对对', '是的', '好', '好的'],
      ja: ['うん', 'うんうん', 'はい', 'ええ', 'へえ', 'なるほど', 'そうですね'],
      de: ['mhm', 'hm', 'ja', 'genau', 'aha', 'okay', 'ach so'],
      fr: ['mhm', 'hum', 'oui', 'ouais', "d'accord", 'ah bon'],
      es: ['ajá', 'mm', 'sí', 'vale', 'claro'],
    },
    continuations: {
      en: [
        'and',
        'or',
        'but',
        'so',
        'because',
        'if',
        'the',
        'a',
        'an',
        'to',
        'of',
        'in',
        'on',
        'at',
        'for',
        'with',
        'from',
        'my',
        'your',
        'that',
        'um',
        'uh',
        'is',
        'are',
        'please',
        'then',
      ],
      zh: ['和', '或者', '但是', '因为', '如果', '然后', '那个', '就是', '还有', '把', '的'],
      ja: ['と', 'が', 'を', 'に', 'で', 'から', 'けど', 'その', 'あの'],
      de: [
        'und',
        'oder',
        'aber',
        'weil',
        'wenn',
        'der',
        'die',
        'das',
        'ein',
        'eine',
        'zu',
        'in',
        'mit',
        'ähm',
      ],
      fr: ['et', 'ou', 'mais', 'parce que', 'si', 'le', 'la', 'les', 'un', 'une', 'de', 'à', 'avec', 'euh'],
      es: ['y', 'o', 'pero', 'porque', 'si', 'el', 'la', 'los', 'un', 'una', 'de', 'a', 'con', 'eh'],
    },
    halt: [],
    complete: [],
  },
} as const satisfies SessionParameters;
