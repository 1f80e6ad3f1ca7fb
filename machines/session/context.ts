import type { OutputRate } from '../audio.ts';
import type { ErrorRecord } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionReport, ActionStatus, Attention, SettingsChange, Tool } from '../wire.ts';
import type { Question } from './asking/asking.ts';
import type { SttOutput, TurnEnd } from './events.ts';
import type { ListenerSample } from './reply/listener.ts';
import type { Round } from './tools/loop.ts';
import type { ActionOutcome, Message } from './turn/history.ts';
import type { Reading } from './turn/reading.ts';

/** Input of a session. */
export interface SessionInput {
  /** Who speaks: the owner of the memory. Absent: nobody known. */
  readonly user?: string;
  /** Its id, of which the keys of its actions are made. Absent in older journals: they have none. */
  readonly session?: string;
  readonly language: string;
  readonly voice?: string;
  readonly outputRate: OutputRate;
  /** Seed of every random choice in this session. */
  readonly seed: number;
  /** Whether the memory is recalled before the LLM request. */
  readonly memory: boolean;
  /** Replies are text only: nothing is synthesised or played. Default: audio. */
  readonly output?: 'text';
  /** When speech is for the robot. Absent: always. */
  readonly attention?: Attention;
  /** The client reports the results of its actions; otherwise the action port decides when they end. */
  readonly results?: true;
}

/** All data of a session besides its state in the chart. Plain data, canonical as JSON. */
export interface SessionContext {
  readonly input: SessionInput;
  /** What the client changed since; absent until it changes something. */
  readonly settings?: SettingsChange | undefined;
  /** What the server offers to the language engine now; absent until it offers something. */
  readonly tools?: readonly Tool[] | undefined;
  /** Language of the newest turn with words, if it is not the session's own. */
  readonly spoken?: string | undefined;
  /** With manual turn detection: the sample up to which the client has committed or cleared its audio. */
  readonly committedTo?: number | undefined;
  /** Time of the current event, ms since the session's start. Set by the kernel before each step. */
  readonly nowMs: number;
  /**
   * The listener's position in the reply, from the event; null while no audio is made. Set by the kernel before each
   * step.
   */
  readonly listener: ListenerSample | null;
  readonly random: number;
  readonly turn: number;
  readonly generation: number;
  /** The newest generation in use: of a reply, or of a speculation that may have been discarded. */
  readonly lastGeneration: number;
  /** Counts utterances, so that each STT child has a unique name. */
  readonly utterances: number;
  readonly utterance: Utterance | null;
  /** Words of the current turn that wait for their reply. */
  readonly pending: PendingTurn | null;
  readonly speculation: Speculation | null;
  /** Number of speculations in the turn of the last one. */
  readonly speculations: { readonly turn: number; readonly count: number };
  readonly reply: Reply | null;
  /** The question that the newest reply asks, or whose answer is awaited. */
  readonly question?: Question | undefined;
  readonly history: readonly Message[];
  /** What the memory told outside of a reply's recall; absent until it does. */
  readonly known?: readonly string[] | undefined;
  /** Somebody may have said this stop phrase; absent otherwise. */
  readonly suspicion?: { readonly phrase: string } | undefined;
  /** Actions that may outlive their reply; absent until the first one. */
  readonly lasting?: LastingActions | undefined;
  /** Somebody has woken the robot, and it does not sleep since. */
  readonly woken?: true | undefined;
  /** As the client last reported it; absent until it does. */
  readonly body?: { readonly moving: boolean; readonly noise?: number } | undefined;
  /** Results of actions that wait for a reply about them. */
  readonly followUps?: readonly FollowUp[] | undefined;
}

/** Names of the members that may be absent. */
type OptionalMember = {
  [Name in keyof SessionContext]-?: undefined extends SessionContext[Name] ? Name : never;
}[keyof SessionContext];

/** The region beside the conversation. */
interface LastingActions {
  /** Number of executors so far: one lives exactly while an action runs. */
  readonly executors: number;
  readonly running: readonly RobotAction[];
}

/** The result of an action that a reply is to be about. */
export interface FollowUp {
  readonly outcome: ActionOutcome;
  /** Number of such replies that led to it, one by another. */
  readonly round: number;
}

/** One stretch of user speech during its recognition. */
export interface Utterance {
  readonly number: number;
  /** Onset, in samples of the session's input. */
  readonly startSample: number;
  readonly startedAtMs: number;
  /** End of speech; null while the user speaks. */
  readonly endedAtMs: number | null;
  /** When the turn was judged to be over and STT asked to finish; null until then. */
  readonly decidedAtMs: number | null;
  readonly partial: string;
  /** Time of `partial`; null if there was none. */
  readonly partialAtMs: number | null;
  /** Language of the words so far, if it is known. */
  readonly language?: string;
  /** What the recogniser knows of the turn's end. */
  readonly end?: TurnEnd | undefined;
  /** What the dialog knows about `partial`. */
  readonly reading?: Reading | undefined;
  /** STT's final text; null until then. */
  readonly final: SttOutput | null;
  readonly failure: ErrorRecord | null;
  /** A stop was suspected in it. */
  readonly suspected?: true;
  /** Where the client committed it; absent while, or if, the ear finds the end. */
  readonly endSample?: number | undefined;
}

/** The turn that the next reply answers. */
export interface PendingTurn {
  readonly text: string;
  /** True if these words already counted as a turn: the user continued before the reply sounded. */
  readonly counted: boolean;
  /** Parley's own phrase to speak instead of an LLM reply. */
  readonly phrase: string | null;
  readonly failure: ErrorRecord | null;
  readonly endpointMs: number | null;
  readonly sttMs: number | null;
  /** When the user's turn ended: the zero of the reply's latency. */
  readonly endedAtMs: number;
  /** `phrase` asks it. */
  readonly question?: Question;
  /** The client asked for the reply; without words it is a reply to the history. */
  readonly asked?: AskedReply;
}

/**
 * A reply without words of the user: the client asked for it (`instructions` replace those of the settings; `say` is the
 * whole reply), or it is about results of actions.
 */
export interface AskedReply {
  readonly instructions?: string;
  readonly say?: string;
  /** The audio of the reply comes from outside, so its text is not known. */
  readonly outside?: true;
  readonly followUps?: readonly FollowUp[];
  /** The user has allowed these calls: they begin with it. */
  readonly calls?: readonly RobotAction[];
}

/** A reply prepared before the turn is known to be over. It is invisible until a reply takes it over. */
interface Speculation {
  readonly generation: number;
  /** The words of the turn that it answers. */
  readonly text: string;
  readonly startedAtMs: number;
}

/** The reply in progress. */
export interface Reply {
  readonly turn: number;
  readonly generation: number;
  readonly userText: string;
  readonly phrase: string | null;
  readonly seed: number;
  readonly facts: readonly string[];
  readonly text: string;
  /** Length of `text` sent to TTS, in UTF-16 units. */
  readonly cut: number;
  /** The pieces of `text` that were sent to TTS. */
  readonly segments: readonly string[];
  readonly actions: readonly RobotAction[];
  readonly failure: ErrorRecord | null;
  readonly turnEndedAtMs: number;
  readonly marks: ReplyMarks;
  /** The filler of the reply, spoken or requested. */
  readonly filler?: Filler;
  readonly asked?: AskedReply;
  /** The ended rounds of the tool loop; absent until the first. */
  readonly rounds?: readonly Round[];
  /** With the tool loop: no more text follows. */
  readonly complete?: true;
}

/** One short phrase before a late reply: at the front of its audio, but not part of its text. */
interface Filler {
  readonly text: string;
  /** Its audio at the front of the reply's track. 0 until TTS reports it, and if it is not spoken. */
  readonly samples: number;
}

/** When each stage of the reply was reached, ms since the session's start. */
export interface ReplyMarks {
  readonly endpointMs: number | null;
  readonly sttMs: number | null;
  /** The turn's words were known, and the reply began. */
  readonly begunAtMs: number | null;
  /** Age of the speculation at that time; null if there was none. */
  readonly preparedMs: number | null;
  readonly askedAtMs: number | null;
  readonly firstTokenAtMs: number | null;
  readonly firstSegmentAtMs: number | null;
}

export interface RobotAction {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  /** Idempotency key: the same for every attempt to run this call, and for no other call. */
  readonly key?: string;
  /** `asked`: it begins when the user allows it. */
  readonly status: ActionStatus | 'asked';
  readonly startedAtMs: number;
  /** A tool of the server: the server runs it and reports its end, whatever the client says. */
  readonly byServer?: true;
  /** It was requested in an earlier reply, and the user has allowed it since. */
  readonly allowed?: true;
  /** The report that ended it: the client's, or in the tool loop that of who ran it. */
  readonly report?: ActionReport;
  /** It may outlive its reply. `replace`: until a newer action of its group starts. */
  readonly lasting?: 'finish' | 'replace';
  readonly group?: string;
  /** Number of replies about results that led to it, one by another; absent for none. */
  readonly round?: number;
}

/** In the order in which they most often came before it was fixed. */
const OPTIONAL: { readonly [Name in OptionalMember]: undefined } = {
  settings: undefined,
  tools: undefined,
  suspicion: undefined,
  woken: undefined,
  body: undefined,
  spoken: undefined,
  question: undefined,
  lasting: undefined,
  known: undefined,
  followUps: undefined,
  committedTo: undefined,
};

export function initialContext(input: SessionInput): SessionContext {
  return {
    input,
    nowMs: 0,
    listener: null,
    random: input.seed >>> 0,
    turn: 0,
    generation: 0,
    lastGeneration: 0,
    utterances: 0,
    utterance: null,
    pending: null,
    speculation: null,
    speculations: { turn: 0, count: 0 },
    reply: null,
    history: [],
    // Every member from the start: a change of the state lists them in this order, whichever came first.
    ...OPTIONAL,
  };
}
