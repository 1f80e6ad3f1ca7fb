/**
 * Everything that a session's behaviour can be tuned by, with its default. The configuration schema
 * (`server/config`) takes its defaults from here, so each is written once.
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

/** When the user's turn is over. Counted from the end of speech. */
export interface EndpointingParameters {
  /** Silence that ends a turn when nothing is known about the words. 500 ms is the field's usual compromise. */
  readonly delayMs: number;
  /** Silence that ends it when the transcript is plainly complete. */
  readonly completeDelayMs: number;
  /** Silence that ends it when the transcript stops in mid-sentence. */
  readonly incompleteDelayMs: number;
  /** Audio kept from before speech was noticed, so that no first syllable is lost. */
  readonly prerollMs: number;
  /** An utterance longer than this is ended, so that noise cannot hold the turn for ever. */
  readonly maxUtteranceMs: number;
  /** Speech of at least this length without a word understood is answered ("I did not get that"); shorter is taken for noise. */
  readonly notUnderstoodMs: number;
}

/** Preparing the reply while it is not yet sure that the user's turn is over. */
export interface SpeculationParameters {
  readonly enabled: boolean;
  /** The transcript must have stayed the same for this long; one that is plainly complete need not. */
  readonly stableMs: number;
  /** So many replies are prepared for one turn at most: what a discarded one asked of the engines is lost. */
  readonly maxPerTurn: number;
}

/** Whether speech during a reply means it. */
export interface BargeInParameters {
  /** Speech of this length, counted from its detection, is an interruption, unless it is a backchannel so far. */
  readonly confirmSpeechMs: number;
  /** So much longer when the recogniser tells words while they are spoken: their first decides, and may be a backchannel. */
  readonly firstWordsMs: number;
  /** Even a backchannel becomes an interruption when it goes on this long. */
  readonly backchannelMaxMs: number;
  /** After the speech ended: how long to wait for its words before the reply goes on. */
  readonly verdictMs: number;
}

/** How long each engine may take before the turn goes on without it. */
export interface DeadlineParameters {
  /** End of the turn → final transcript. */
  readonly sttMs: number;
  /** Turn known → memory recalled. */
  readonly recallMs: number;
  /** LLM asked → first token. */
  readonly llmFirstTokenMs: number;
  /** Between two tokens. */
  readonly llmStallMs: number;
  /** Segment given to TTS → audio, and between two pieces of audio. */
  readonly ttsMs: number;
  /** One action of the robot. */
  readonly actionMs: number;
}

/** How reply text becomes segments for TTS. Lengths are in Latin letters: a Chinese or Japanese character counts for three. */
export interface ReplyParameters {
  /** The first segment may end at a clause when it is at least this long: about 4 words, or 8 characters of Chinese. */
  readonly firstSegmentMinChars: number;
  /** The first segment ends at a word before it is longer than this: about 10 words, or 18 characters of Chinese. */
  readonly firstSegmentMaxChars: number;
  /** The second segment, if shorter than this, waits for the next sentence. */
  readonly segmentMinChars: number;
  /** Each further one waits for so many times as much, up to half of `segmentMaxChars`. */
  readonly segmentGrowth: number;
  /** A segment is not longer than this, if it can be parted at all. */
  readonly segmentMaxChars: number;
  /** So many segments are synthesised at once; they sound in order. */
  readonly parallelSegments: number;
  /** End of the user's turn → a filler is said if nothing of the reply sounds yet. 0: never. */
  readonly fillerAfterMs: number;
}

export interface HistoryParameters {
  /** The LLM is told this many messages at most, the newest. */
  readonly maxMessages: number;
}

export interface ActionParameters {
  /** Names of actions that may run; `*` allows all. */
  readonly allow: readonly string[];
  /** Names of the actions that were offered to the language engine: it can ask for no other. Absent: not known, any. */
  readonly offered?: readonly string[];
  /** Actions that one reply may start. */
  readonly maxPerReply: number;
}

/** What Parley itself says. Empty: say nothing. */
export interface PhraseParameters {
  /** When speech was heard and no word of it understood. */
  readonly notUnderstood: string;
  /** When speech recognition failed. */
  readonly sttFailed: string;
  /** When the language engine failed before anything was said. */
  readonly llmFailed: string;
  /** Short phrases for the silence before a late reply; one is picked. None: it stays silent. */
  readonly fillers: readonly string[];
}

/** Word lists per language (the first subtag of BCP 47). */
export interface WordParameters {
  /** Sounds of a listener: they do not interrupt. */
  readonly backchannels: Readonly<Record<string, readonly string[]>>;
  /** A transcript that ends in one of these is not complete. */
  readonly continuations: Readonly<Record<string, readonly string[]>>;
  /** Transcripts that mean a voice stop. The dialog file adds its own. */
  readonly halt: readonly string[];
  /** Transcripts known to be complete. The dialog file adds its own. */
  readonly complete: readonly string[];
}

/** Parameters as a journal of an older version holds them: what did not exist then is missing. */
export type RecordedParameters = Omit<SessionParameters, 'speculation' | 'reply' | 'phrases' | 'actions'> & {
  readonly speculation?: SpeculationParameters;
  readonly actions: Omit<ActionParameters, 'maxPerReply'> & Partial<ActionParameters>;
  readonly reply: Omit<ReplyParameters, 'fillerAfterMs'> & Partial<ReplyParameters>;
  readonly phrases: Omit<PhraseParameters, 'fillers'> & Partial<PhraseParameters>;
};

/** What these parameters meant when they were recorded. */
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
