/**
 * The model of a session: types of its context, events, commands and effects. It has no functions, and imports no feature,
 * so every file of the machine may import it.
 */
import type { OutputRate } from '../audio.ts';
import type { BehaviourIdentity } from '../behaviour/program.ts';
import type { ErrorRecord } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { SessionParameters } from '../parameters.ts';
import type { ActionReport, ActionStatus, Attention, SettingsChange, Tool } from '../wire.ts';
import type { Command } from './commands.ts';
import type { SessionEvent, SttOutput, TurnEnd } from './events.ts';
import type { Reading } from './turn/reading.ts';

export type * from './commands.ts';
export type * from './events.ts';
export type { Reading } from './turn/reading.ts';

/** Input of a session. */
export interface SessionInput {
  /** Who speaks: the owner of the memory. Absent: unknown. */
  readonly user?: string;
  /** Its id, of which the keys of its actions are made. Absent: they have none. */
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
  /** The robot's task, which is offered each turn first. Absent: none. */
  readonly behaviour?: BehaviourIdentity;
}

/** All data of a session besides its state in the chart. Plain data, canonical as JSON. */
export interface SessionContext {
  readonly input: SessionInput;
  /** Of the session's behaviour. The journal has them in its header. */
  readonly parameters: SessionParameters;
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
  /** Facts that the memory gave outside of a reply's recall; absent until it does. */
  readonly known?: readonly string[] | undefined;
  /** A user may have said this stop phrase; absent otherwise. */
  readonly suspicion?: { readonly phrase: string } | undefined;
  /** Actions that may outlive their reply; absent until the first one. */
  readonly lasting?: LastingActions | undefined;
  /** A user has woken the robot, and it is awake since. */
  readonly woken?: true | undefined;
  /** As the client last reported it; absent until it does. */
  readonly body?: { readonly moving: boolean; readonly noise?: number } | undefined;
  /** Speech that was discarded before its words were known; absent until the first. `executors`: number of children so far. */
  readonly discarded?: { readonly executors: number; readonly waiting: readonly Discarded[] } | undefined;
  /** Results of actions that wait for a reply about them. */
  readonly followUps?: readonly FollowUp[] | undefined;
}

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
  /** It is not known whether it was done: the reply is `phrases.maybeDone`, or `phrases.actionLost` if its client ran it. */
  readonly lost?: 'server' | 'client' | 'connection';
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
  readonly cause: ReplyCause;
}

/**
 * Why there is a reply. All but `turn` and `typed` need no words of the user: without them it is a reply to the history.
 * Words that the user adds before such a reply was heard become its turn; the cause stays.
 */
export type ReplyCause =
  /** The user has said something. */
  | { readonly type: 'turn' }
  /** The user has typed something. */
  | { readonly type: 'typed' }
  /** The client asked for it. `instructions` replace those of the settings. */
  | { readonly type: 'requested'; readonly instructions?: string }
  /** The client gave the whole reply. `instructions` count if the user speaks before it was heard. */
  | { readonly type: 'say'; readonly text: string; readonly instructions?: string }
  /** The behaviour says its text, whose id this is. */
  | { readonly type: 'behaviour'; readonly speech: string }
  /** The audio of the reply comes from outside, so its text is not known. */
  | { readonly type: 'outside' }
  /** These results of actions, of which the robot speaks. */
  | { readonly type: 'followUp'; readonly results: readonly FollowUp[] }
  /** The user has allowed these calls, which begin with it. */
  | { readonly type: 'consent'; readonly calls: readonly RobotAction[] }
  /** The user has said nothing to the question whether calls may begin. */
  | { readonly type: 'noAnswer' };

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
  readonly cause: ReplyCause;
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
  /** What ran it is gone: whether it was done is not known. */
  readonly lost?: true;
  /** Its client was away, and has not reported it since. `byMs`: when it must have; null while it is away. */
  readonly unreported?: { readonly byMs: number | null };
  /** Its executor's last report of progress. */
  readonly progressAtMs?: number;
  /** The report that ended it: the client's, or in the tool loop that of who ran it. */
  readonly report?: ActionReport;
  /** Why the server refused it, for the model. */
  readonly refusal?: string;
  /** Its arguments cannot be used, so it never began. `at`: length of the reply's text when it was requested. */
  readonly invalid?: { readonly at: number };
  /** It waits for a yes, and the tools have changed since: why its arguments cannot be used any more. */
  readonly outdated?: string;
  /** What the language engine wants back with the call. */
  readonly extra?: JsonObject;
  /** The behaviour began it: it belongs to no reply, and none is about its end. */
  readonly byBehaviour?: true;
  /** It may outlive its reply. `replace`: until a newer action of its group starts. */
  readonly lasting?: 'finish' | 'replace';
  readonly group?: string;
  /** Number of replies about results that led to it, one by another; absent for none. */
  readonly round?: number;
}

/** A question about what the user said. */
export interface Question {
  /** The words asked about: with a yes they are the turn. */
  readonly words: string;
  /** Number of questions in a row, this one included. */
  readonly count: number;
  /** When the wait for the answer began; null until the question was spoken. */
  readonly sinceMs: number | null;
  /** It asks whether these calls may begin; `words` is the question itself. */
  readonly calls?: readonly RobotAction[];
}

/** Discarded speech whose words are not known yet. */
export interface Discarded {
  readonly utterance: Utterance;
  /** Words of its turn before it. */
  readonly before: string;
  /** The turn that it would have been. */
  readonly turn: number;
  /** When the wait ends: for the end of the speech, then for its words. */
  readonly dueMs: number;
}

/** Where a round ended: number of the reply's actions by then, and length of its text. */
export interface Round {
  readonly actions: number;
  readonly text: number;
}

/**
 * The listener's position in the reply: the runner samples it at the time of each event, and the journal stores it there.
 * Times are ms since the session's start. Values that are not known yet are absent.
 */
export interface ListenerSample {
  readonly generation: number;
  /** Samples of the reply's audio sent to the client, including a filler in front of it. */
  readonly sent: number;
  /** Samples that the client has played, according to its reports or else to the pacing. */
  readonly played: number;
  /** Length of the segments' text in the played samples, in UTF-16 units. */
  readonly heard: number;
  /** True if `played` comes from the client's reports. */
  readonly acknowledged?: true;
  /** While a segment is synthesised: when its engine last gave audio, or was last blocked by backpressure. */
  readonly aliveAtMs?: number;
  /** The first audio of the reply itself was ready. */
  readonly firstAudioAtMs?: number;
  /** The first frame of a filler was sent. */
  readonly fillerAtMs?: number;
  /** The first frame of the reply itself was sent. */
  readonly playingAtMs?: number;
  /** The client played the reply's own first sample: calculated back from its first report. */
  readonly playedAtMs?: number;
}

/** One message of the conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  /** With `assistant`: the actions of that reply, if their client reports results. */
  readonly actions?: readonly ActionOutcome[];
  /** It stands for turns that are gone, and outlives trimming. */
  readonly summary?: true;
  /** What the memory knows, one fact a line: in front, and not a part of the conversation. */
  readonly facts?: true;
}

/** An action that was started, and how it ended. */
export interface ActionOutcome {
  readonly id: string;
  readonly name: string;
  readonly args: JsonObject;
  /** `status`, and `message` and `data` as the client reported them. */
  readonly result: JsonObject;
  /** What the language engine wants back with the call. */
  readonly extra?: JsonObject;
}

/** Events that the machine raises to itself within one step. */
type InternalEvent =
  /** The reply's turn is known: its children may start. */
  | { readonly type: 'reply.begin' }
  /** No more text can be spoken in this reply. */
  | { readonly type: 'voice.lost' }
  /** The next lasting action has reached its deadline. */
  | { readonly type: 'xstate.after.lastingDeadline.session' }
  /** A wait for discarded speech is over. */
  | { readonly type: 'xstate.after.discardedDeadline.session' }
  /** Entered by a transition of XState itself. */
  | { readonly type: 'xstate.done.state.responding' };

export type MachineEvent = SessionEvent | InternalEvent;

/** Changes and effects of a named action. */
export interface Outcome {
  readonly patch?: Partial<SessionContext>;
  readonly effects?: readonly Effect[];
}

/**
 * A command, or starting and stopping what belongs to no state: the STT child and the speculation of an utterance, the
 * executor and deadline of the lasting actions (`dueMs`: from now; null: none), and the same for discarded speech.
 */
export type Effect =
  | Exclude<
      Command,
      { type: 'spawn' | 'stop' | 'delay' | 'cancelDelay' | 'behaviour' | 'model' | 'modelStop' }
    >
  | { readonly type: 'stt.spawn' }
  | { readonly type: 'stt.stop' }
  | { readonly type: 'speculation.spawn' }
  | { readonly type: 'speculation.stop' }
  | { readonly type: 'lasting.spawn' }
  | { readonly type: 'lasting.stop' }
  | { readonly type: 'lasting.deadline'; readonly dueMs: number | null }
  | { readonly type: 'discarded.spawn'; readonly number: number }
  | { readonly type: 'discarded.stop' }
  | { readonly type: 'discarded.deadline'; readonly dueMs: number | null };

/** A named action of the statechart: a pure function of the context and the event. */
export type Reducer = (context: SessionContext, event: MachineEvent) => Outcome;
