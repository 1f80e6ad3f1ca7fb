/**
 * The native protocol `parley.v1`: messages of the WebSocket. Types and the audio header only; the gateway does parsing
 * and limits. Times (`at`) are ms since the session's start.
 */
import type { ActionTerms } from './action-terms.ts';
import type { InputRate, OutputRate } from './audio.ts';
import type { ErrorRecord, RetryAdvice } from './errors.ts';
import type { JsonObject } from './json.ts';

export const SUBPROTOCOL = 'parley.v1';

export const PUBLIC_STATES = ['idle', 'listening', 'processing', 'speaking', 'stopped', 'ended'] as const;
export type PublicState = (typeof PUBLIC_STATES)[number];

export function isPublicState(name: string): name is PublicState {
  return PUBLIC_STATES.some((state) => state === name);
}

/** How a client and its session talk to each other, in one direction. */
export type Modality = 'audio' | 'text';
/** When speech is for the robot: see docs/reference/protocol.md#attention. */
export const ATTENTION_MODES = ['always', 'wake', 'push', 'addressed'] as const;
export type Attention = (typeof ATTENTION_MODES)[number];
export const ATTENTION_STATES = ['asleep', 'window', 'awake'] as const;
export type AttentionState = (typeof ATTENTION_STATES)[number];
export type EndReason = 'completed' | 'interrupted' | 'failed';

/** Formats of audio from a client: 16-bit PCM, or G.711 with 8 bits a sample, which is at 8,000 Hz. */
export const INPUT_FORMATS = ['pcm16', 'mulaw', 'alaw'] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** Length of an audio message, ms. */
export const FRAME_LENGTHS_MS = [20, 40, 60] as const;
export type FrameMs = (typeof FRAME_LENGTHS_MS)[number];

/** How audio is coded in both directions: samples as they are (`inputFormat`), or packets of Opus (RFC 6716), one a message. */
export const AUDIO_CODECS = ['pcm', 'opus'] as const;
export type AudioCodec = (typeof AUDIO_CODECS)[number];
/** Bits a second of Opus to a client: least, most, and what is sent by default. */
export const OPUS_BITRATES = { min: 6_000, max: 128_000, default: 32_000 } as const;

export interface HelloMessage {
  readonly type: 'hello';
  readonly token?: string;
  /** Who speaks: memory belongs to a user. Absent: unknown, or the user of the token. */
  readonly user?: string;
  /** After a lost connection the session waits for the client for a while. */
  readonly resume?: true;
  /** The session to come back to, and its secret, from `ready`. */
  readonly session?: string;
  readonly secret?: string;
  readonly epoch?: number;
  readonly lastSeq?: number;
  /** What was played of the last reply, as in `played`. */
  readonly played?: { readonly generation: number; readonly samples: number };
  readonly audio?: {
    /** Default: pcm16. */
    readonly inputFormat?: InputFormat;
    readonly inputRate?: InputRate;
    readonly outputRate?: OutputRate;
    /** Default: unknown. */
    readonly echo?: EchoState;
    /** Length of the reply's frames, ms. Default: 20. */
    readonly frameMs?: FrameMs;
    /** Default: pcm. */
    readonly codec?: AudioCodec;
    /** Of the reply's audio with Opus, bits a second. Default: 32,000. */
    readonly bitrate?: number;
  };
  readonly language?: string;
  readonly voice?: string;
  /** Default: audio. */
  readonly input?: Modality;
  readonly output?: Modality;
  /** The client sends an `action.result` for each started action. */
  readonly actions?: 'results';
  /** Default: as the server is configured, usually `always`. */
  readonly attention?: Attention;
  /** The client wants `ear` messages. */
  readonly ear?: 'reports';
}

/** Ways to end that a client may report of a started action. */
export const REPORTED_ENDS = ['done', 'failed', 'refused'] as const;
export type ReportedEnd = (typeof REPORTED_ENDS)[number];
export const REPORTED_STATUSES = ['progress', ...REPORTED_ENDS] as const;

/** What a client reports of a started action. */
export interface ActionReport {
  readonly status: (typeof REPORTED_STATUSES)[number];
  /** For people and language models. */
  readonly message?: string;
  readonly data?: JsonObject;
}

/** A function that the language engine may call: the call becomes an `action` of the same name. */
export interface Tool extends ActionTerms {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments, an object. */
  readonly parameters: JsonObject;
}

/** Whether the language engine may (`auto`), must (`required` or a named tool) or must not (`none`) call tools. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** How a spoken turn begins and ends. */
export interface TurnDetection {
  /** `manual`: what the server hears as speech neither starts nor ends a turn nor interrupts a reply. */
  readonly mode: 'auto' | 'manual';
  /** Silence that ends a turn, ms. Absent: the server's own delays, which depend on the words. */
  readonly silenceMs?: number;
  /** False: a transcript enters the history and starts no reply. Default true. */
  readonly respond?: boolean;
  /** False: speech does not interrupt a reply. Default true. */
  readonly interrupt?: boolean;
}

/** What a client may change in its live session. An absent member stays as it is; a given one replaces it whole. */
export interface SettingsChange {
  readonly language?: string;
  readonly voice?: string;
  /** For a language model, besides the server's own prompt. Empty: none. */
  readonly instructions?: string;
  /** Offered to the language engine besides the server's own. */
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly turnDetection?: TurnDetection;
}

export type ClientMessage =
  | HelloMessage
  | { readonly type: 'text'; readonly text: string }
  /** The language engine's history from now on. */
  | {
      readonly type: 'history';
      readonly entries: readonly {
        readonly role: 'system' | 'user' | 'assistant';
        readonly content: string;
      }[];
    }
  /** Number of samples of `generation` played so far, at the output rate. */
  | { readonly type: 'played'; readonly generation: number; readonly samples: number }
  | ({ readonly type: 'action.result'; readonly id: string } & ActionReport)
  /** The robot moves or rests. `noise`: level of its motors at the microphone, dBFS; absent: loud. */
  | { readonly type: 'body'; readonly moving: boolean; readonly noise?: number }
  /** Something happened to the robot; the behaviour of the server declares names and fields. */
  | { readonly type: 'event'; readonly name: string; readonly data?: JsonObject }
  | { readonly type: 'interrupt' }
  | { readonly type: 'halt' }
  | { readonly type: 'rearm' }
  | ({ readonly type: 'settings' } & SettingsChange)
  /** Ends the user's turn at the audio received so far. */
  | { readonly type: 'commit' }
  /** Discards the audio since the last commit, or the utterance in progress. */
  | { readonly type: 'clear' }
  /** Starts a reply to the history as it is; `instructions` count for this reply only. With `say`, these words are the reply. */
  | { readonly type: 'respond'; readonly instructions?: string; readonly say?: string }
  | { readonly type: 'bye' };

/**
 * ms by stage, to the microsecond. A stage that the turn did not reach or need is absent. Each begins where the one
 * before it ended: those from `endpoint` to `firstFrame` add up to `firstAudio`.
 */
export interface TurnTimings {
  /** End of the user's speech → end of the turn decided. */
  readonly endpoint?: number;
  /** Turn decided → final transcript. */
  readonly stt?: number;
  /** Turn known → LLM requested: the time of the memory. */
  readonly recall?: number;
  /** LLM requested → its first token. */
  readonly llmFirstToken?: number;
  /** First token → first segment given to TTS. */
  readonly firstSegment?: number;
  /** First segment given to TTS → its first audio. */
  readonly ttsFirstAudio?: number;
  /** First audio → first frame sent. */
  readonly firstFrame?: number;
  /** End of the user's speech (or the typed text) → first audio frame sent. */
  readonly firstAudio?: number;
  /**
   * Age of the speculation when the turn was known, if there was one: not a stage of its own, but the time saved in
   * others.
   */
  readonly prepared?: number;
  /** First frame sent → first sample played, for a client that sends `played`. */
  readonly firstPlayed?: number;
  /**
   * End of the user's speech (or the typed text) → first frame of the filler, if one was spoken. All other stages are
   * those of the reply itself.
   */
  readonly filler?: number;
}

export interface ReadyMessage {
  readonly type: 'ready';
  readonly session: string;
  readonly epoch: number;
  readonly resumed: boolean;
  /** With it the client gets the session back after a lost connection. */
  readonly secret?: string;
  readonly audio: {
    readonly inputRate: InputRate;
    readonly outputRate: OutputRate;
    /** Audio in both directions is Opus. Absent: PCM. */
    readonly codec?: 'opus';
    /** With Opus: samples at `outputRate` to skip at the start of each generation. */
    readonly preSkip?: number;
  };
  /** These repeat what the hello asked for other than the default. */
  readonly input?: 'text';
  readonly output?: 'text';
  readonly actions?: 'results';
}

export type ActionStatus = 'started' | 'progress' | 'done' | 'cancelled' | 'refused' | 'failed';

/** Whether the client should play the received audio of a reply. */
/** `ducked`: it plays on, softer by `DUCKED_DB`, because a user may be speaking. */
export type PlaybackState = 'playing' | 'ducked' | 'paused';

/** Change of level of ducked playback, dB: still followed, and plainly making way. */
export const DUCKED_DB = -12;
/** Length of the ramp between two levels, ms: short enough to be at the lower one before speech is certain. */
export const DUCK_RAMP_MS = 20;

/** What a client does about the robot’s own voice in its microphone. */
export const ECHO_STATES = ['cancelled', 'present', 'unknown'] as const;
/** What a client does with audio that it has already: it pauses and drops it when asked, only drops it, or plays on. */
export type PlaybackControl = 'full' | 'drop' | 'none';

export type EchoState = (typeof ECHO_STATES)[number];

/** Audio that an `ear` message is about, ms. */
export const EAR_REPORT_MS = 200;

/** What the ear made of `EAR_REPORT_MS` of the microphone. */
export interface EarReport {
  /** RMS as speech detector and recogniser get it, dBFS, −96 to 0. */
  readonly levelDb: number;
  /** Highest probability of speech, 0..1. */
  readonly speech: number;
  /** Absent while nothing that was played may be heard, and if the client removes it. */
  readonly echo?: EchoReport;
}

/** The robot's own voice in the microphone. */
export interface EchoReport {
  /** From the sending of a sample to its echo's arrival, ms; absent until an echo was found. */
  readonly delayMs?: number;
  /** How much softer the ear made what the microphone heard, dB. */
  readonly removedDb: number;
  /** Share of what the microphone heard that passed as another person's, by power, 0..1. */
  readonly passed: number;
}

/** Messages of a session's machine and actors to the client; the gateway adds `ready` and its own errors. */
export type SessionMessage =
  | {
      readonly type: 'state';
      readonly value: PublicState;
      readonly turn: number;
      readonly generation: number;
      readonly seq: number;
      readonly at: number;
      /** The running actions that may outlive their reply; absent if there is none. */
      readonly actions?: readonly { readonly id: string; readonly name: string }[];
    }
  | { readonly type: 'speech'; readonly event: 'start' | 'stop'; readonly at: number }
  | {
      readonly type: 'transcript';
      readonly turn: number;
      readonly text: string;
      readonly final: boolean;
      readonly language?: string;
      readonly confidence?: number;
      /** With an empty final text, the recogniser's reason, if known. */
      readonly rejected?: Rejection;
      /** Of the last utterance of the turn, if the recogniser reports them. */
      readonly words?: readonly TimedWord[];
    }
  | { readonly type: 'reply'; readonly turn: number; readonly generation: number; readonly text: string }
  /** A stage direction of the reply, such as `smiles` or `laughs`, if the server is configured to send them. */
  | {
      readonly type: 'emotion';
      readonly turn: number;
      readonly generation: number;
      readonly emotion: string;
    }
  | {
      readonly type: 'reply.end';
      readonly turn: number;
      readonly generation: number;
      readonly reason: EndReason;
      readonly heard: string;
      readonly timings: TurnTimings;
      /** Where the words come from; absent: the language engine or the server. */
      readonly origin?: 'behaviour';
    }
  | { readonly type: 'playback'; readonly generation: number; readonly state: PlaybackState }
  | { readonly type: 'flush'; readonly generation: number }
  /** Whether speech is for the robot now. Not sent by a session that always listens. */
  | { readonly type: 'attention'; readonly state: AttentionState }
  | {
      readonly type: 'viseme';
      readonly generation: number;
      readonly at: number;
      readonly phoneme: string;
      readonly viseme: number;
    }
  | {
      readonly type: 'action';
      readonly id: string;
      readonly name: string;
      readonly args: JsonObject;
      readonly status: ActionStatus;
      /** With `started`: `<session>/<turn>/<call>`. An executor that has seen a key must not run its call again. */
      readonly key?: string;
      /** With `started`: the server runs it itself. The client may show it, and reports nothing. */
      readonly runs?: 'server';
      /** As the client reported it. */
      readonly message?: string;
      /** The behaviour began it: it belongs to no reply. */
      readonly origin?: 'behaviour';
    }
  /** What the behaviour reports. */
  | { readonly type: 'report'; readonly name: string; readonly data?: JsonObject }
  /**
   * `held`: a user may have said the stop phrase `phrase`, so stand still and begin nothing, for at most half a second. Then
   * false, or the voice stop.
   */
  | { readonly type: 'hold'; readonly held: boolean; readonly phrase?: string }
  /** Something is probably wrong at the client; the session goes on as it is. */
  | { readonly type: 'notice'; readonly code: ErrorRecord['code']; readonly message: string }
  /** Five times a second, for a client that asked for it. */
  | ({ readonly type: 'ear'; readonly at: number } & EarReport)
  | ({ readonly type: 'error'; readonly fatal: boolean } & ErrorRecord & RetryAdvice);

/**
 * Why a recogniser rejects an utterance: `silence` (silence or steady noise), `no-phrase` (no known phrase fits at
 * all), `unlike` (too different from the nearest phrase), `too-long` (longer than any phrase), `invented` (words that the
 * model wrote where nothing was said).
 */
export const REJECTION_REASONS = ['silence', 'no-phrase', 'unlike', 'too-long', 'invented'] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** A word that the user said, in ms of the session's audio from its start. */
export interface TimedWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Details of an utterance rejected by a recogniser with a fixed set of phrases. */
export interface Rejection {
  /** The phrase that fits best; empty if none does. */
  readonly nearest: string;
  /** 0..1: probability of that phrase. */
  readonly confidence: number;
  readonly reason: RejectionReason;
}

export type ServerMessage = ReadyMessage | SessionMessage;

export const CLOSE_CODES = {
  badMessage: 4400,
  unauthorised: 4401,
  idle: 4408,
  superseded: 4409,
  tooLarge: 4413,
  tooMany: 4429,
  draining: 4503,
  slowReader: 4508,
} as const;

/** A stop is in force within this time of its arrival: half of what people perceive as immediate (100 ms). */
export const STOP_IN_FORCE_MS = 50;

/** Limits of the wire, from the design. */
export const WIRE_LIMITS = {
  helloMs: 5_000,
  messageBytes: 65_536,
  audioMinMs: 10,
  audioMaxMs: 100,
  /** A packet of Opus; 60 ms at the highest useful rate have less. */
  opusPacketBytes: 1_500,
  /** Maximum speed of incoming audio, relative to real time … */
  audioRateFactor: 1.2,
  /** … after a burst of this length: what a client records while it connects. */
  audioBurstMs: 5_000,
  /** The server sends at most this far ahead of real time. */
  sendAheadMs: 200,
  /** Maximum length of an action's reported message, and of its data as JSON: both stay in the prompts of the conversation. */
  resultText: 1_000,
  resultData: 4_000,
} as const;
