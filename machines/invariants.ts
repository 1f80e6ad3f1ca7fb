import { ActionCheck } from './action-check.ts';
import { samplesInMs } from './audio.ts';
import { countWords, heardFault, PacedPosition } from './heard-check.ts';
import { delayName, type KernelEvent } from './kernel.ts';
import type { LogEntry } from './log.ts';
import type { SessionParameters } from './parameters.ts';
import { isBackchannel } from './policies/backchannel.ts';
import type { SpokenSegment } from './policies/heard.ts';
import { type ChildKind, REPLY_CHILDREN } from './session/events.ts';
import type { ListenerSample } from './session/listener.ts';
import { StopCheck } from './stop-check.ts';
import type { PublicState, SessionMessage } from './wire.ts';

export interface Violation {
  /** Number of the invariant in docs/design.md. */
  readonly invariant: number;
  readonly what: string;
  readonly entry: LogEntry | null;
}

export interface MonitorOptions {
  /** Output rate of the session, Hz. Default 24,000. */
  readonly outputRate?: number;
  /** `actions` of the session's parameters. Default: any action, and any number. */
  readonly actions?: SessionParameters['actions'];
  /** Language of the session. Default: `en`. */
  readonly language?: string;
  /** `words.backchannels` of the session's parameters. Default: none. */
  readonly backchannels?: Readonly<Record<string, readonly string[]>>;
}

/** The reply in progress, according to the log. */
interface OpenReply {
  readonly generation: number;
  readonly position: PacedPosition;
  readonly segments: SpokenSegment[];
  text: string;
  nextFrame: number;
  frameSamples: number;
  /** The listener's position at the last event. */
  listener: ListenerSample | null;
  /** Samples of the filler in front of the segments. */
  filler: number;
}

/** The machine knows the position to one frame. */
const POSITION_SLACK_MS = 20;

type Entry<Type extends LogEntry['type']> = Extract<LogEntry, { type: Type }>;
type Message<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

/**
 * Watches one session's ordered log and reports violated invariants of the design. `observe` is cheap enough for
 * production and keeps nothing of ended replies; `end` reports what is missing at the end of the log. Replay checks
 * invariant 10.
 */
export class InvariantMonitor {
  readonly violations: Violation[] = [];
  readonly #outputRate: number;
  /** Tolerance of the position, in samples. */
  readonly #slack: number;
  readonly #language: string;
  readonly #backchannels: Readonly<Record<string, readonly string[]>>;
  #state: PublicState = 'idle';
  #flushed = 0;
  /** Newest generation whose requests were cancelled. */
  #cancelled = 0;
  /** STT's text of the utterance so far. */
  #partial = '';
  /** Generation of the newest reply, open or ended. */
  #generation = 0;
  #reply: OpenReply | null = null;
  readonly #alive = new Map<ChildKind, string>();
  /** Number of the newest child of each kind; it only increases. */
  readonly #numbers = new Map<ChildKind, number>();
  #lastBuried: ChildKind | null = null;
  /** Generation of the newest discarded speculation: no further entry may belong to it. */
  #discarded = 0;
  readonly #actions: ActionCheck;
  readonly #stop = new StopCheck();
  #turn = 0;
  /** The newest turn in which a filler has sounded. */
  #filledTurn = 0;
  /** A failure that was not reported to the user yet. */
  #unreported: LogEntry | null = null;
  #errorTold = false;

  constructor(options: MonitorOptions = {}) {
    this.#outputRate = options.outputRate ?? 24_000;
    this.#slack = samplesInMs(POSITION_SLACK_MS, this.#outputRate);
    this.#actions = new ActionCheck(options.actions);
    this.#language = options.language ?? 'en';
    this.#backchannels = options.backchannels ?? {};
  }

  observe(entry: LogEntry): void {
    const late = this.#stop.observe(entry);
    if (late) this.#break(11, late, entry);
    switch (entry.type) {
      case 'event':
        this.#event(entry);
        return;
      case 'stale':
        if ([...this.#alive.values()].includes(entry.child))
          this.#break(7, `an event of the living child ${entry.child} was called stale`, entry);
        return;
      case 'command':
        this.#command(entry);
        return;
      case 'child.start':
        this.#childStart(entry);
        return;
      case 'child.end':
        if (this.#alive.get(entry.kind) !== entry.child)
          this.#break(4, `${entry.child} ended without living`, entry);
        else this.#alive.delete(entry.kind);
        this.#lastBuried = entry.kind;
        if (entry.kind === 'speculation' && entry.generation > this.#generation)
          this.#discarded = entry.generation;
        return;
      case 'frame':
        this.#frame(entry);
        return;
    }
  }

  /** Ends the log: reports what should have happened by now and did not. */
  end(): readonly Violation[] {
    this.#checkRest(null);
    const owed = this.#stop.end();
    if (owed) this.#break(11, owed, null);
    return this.violations;
  }

  #event(entry: Entry<'event'>): void {
    // The commands of the last event have been carried out by now.
    this.#checkRest(entry);
    const { source } = entry;
    const kind = source === 'client' || source === 'ear' || source === 'timer' ? undefined : source;
    const ends = entry.event.type.startsWith('xstate.done.') || entry.event.type.startsWith('xstate.error.');
    if (kind && (ends ? this.#lastBuried !== kind : !this.#alive.has(kind)))
      this.#break(7, `an event of a ${kind} that does not live was taken`, entry);
    this.#checkStop(entry);
    this.#checkBackchannel(entry);
    this.#state = entry.state;
    if (entry.state !== 'ended' && isFailure(entry.event.type)) this.#unreported = entry;
    const { event } = entry;
    if (!this.#reply) return;
    this.#checkListener(event, entry);
    if (event.type === 'filler.audio' && event.samples > 0) {
      const { filler, position } = this.#reply;
      // Frames of the filler may have left before this was handled: it can wait behind a flood of other events.
      if (filler > 0 || position.sent > event.samples || entry.event.listener?.firstAudioAtMs !== undefined)
        this.#break(2, 'a filler came when something of the reply was there', entry);
      this.#reply.filler = event.samples;
    }
    if (event.type === 'segment.ready') {
      const segment = this.#reply.segments[event.segment];
      const { samples, words } = event;
      if (segment) this.#reply.segments[event.segment] = { ...segment, samples, words, ready: true };
    }
  }

  /** Checks the event's listener sample against the frames sent and their duration. */
  #checkListener({ listener }: KernelEvent, entry: Entry<'event'>): void {
    const reply = this.#reply;
    if (!reply) return;
    reply.listener = listener ?? null;
    const { position, frameSamples } = reply;
    const sent = listener?.sent ?? 0;
    // The last frame of a reply is padded with silence.
    if (sent > position.sent || (sent <= position.sent - frameSamples && position.sent > 0))
      this.#break(5, `the listener knows of ${sent} samples, but ${position.sent} were sent`, entry);
    if (!listener) return;
    if (listener.generation !== reply.generation)
      this.#break(7, `the listener hears generation ${listener.generation}, not ${reply.generation}`, entry);
    if (listener.played > sent)
      this.#break(5, `the listener has played ${listener.played} of ${sent} samples`, entry);
    const paced = Math.min(sent, position.at(entry.atMs));
    if (!listener.acknowledged && Math.abs(listener.played - paced) > this.#slack)
      this.#break(5, `the listener has played ${listener.played} samples, by the pacing ${paced}`, entry);
  }

  /** A voice stop takes effect in every state, and only `rearm` or the end of the session leaves it. */
  #checkStop(entry: Entry<'event'>): void {
    const { event, state } = entry;
    if (state === 'stopped' || state === 'ended') return;
    if (event.type === 'halt') this.#break(9, `voice stop led to ${state}`, entry);
    else if (this.#state === 'stopped' && event.type !== 'rearm')
      this.#break(9, `${event.type} ended the voice stop`, entry);
  }

  #checkBackchannel(entry: Entry<'event'>): void {
    const { event, state } = entry;
    // The sound may continue after a short silence, so its words are kept.
    if (event.type === 'speech.start' && (this.#reply?.position.pausedAtMs ?? null) === null)
      this.#partial = '';
    else if (event.type === 'transcript.partial') this.#partial = event.text;
    else if (
      delayName(event.type) === 'confirmSpeech' &&
      state !== 'speaking' &&
      isBackchannel(this.#partial, this.#language, this.#backchannels)
    )
      this.#break(17, `'${this.#partial}' interrupted the reply`, entry);
  }

  #command(entry: Entry<'command'>): void {
    const { command } = entry;
    if (command.type === 'publish') this.#message(command.message, entry);
    else if (command.type === 'cancelWork') this.#cancelWork(command.generation, entry);
    else if (command.type === 'send' && command.message.type === 'segment')
      this.#reply?.segments.push({ text: command.message.text, samples: 0, ready: false, words: [] });
  }

  #cancelWork(generation: number, entry: LogEntry): void {
    if (generation > Math.max(this.#generation, this.#numbers.get('speculation') ?? 0))
      this.#break(7, `work of generation ${generation} was cancelled before it began`, entry);
    this.#cancelled = Math.max(this.#cancelled, generation);
  }

  #childStart(entry: Entry<'child.start'>): void {
    const { child, kind, generation } = entry;
    if (this.#alive.has(kind)) this.#break(3, `a second ${kind} was started`, entry);
    if (generation <= (this.#numbers.get(kind) ?? 0)) this.#break(4, `${child} was started twice`, entry);
    this.#alive.set(kind, child);
    this.#numbers.set(kind, generation);
    if (REPLY_CHILDREN.some((one) => one === kind)) this.#begin(generation, entry);
  }

  /** Handles the first entry of a generation. */
  #begin(generation: number, entry: LogEntry): void {
    if (generation === this.#generation) return;
    if (generation < this.#generation)
      this.#break(7, `generation ${generation} came after ${this.#generation}`, entry);
    if (generation <= this.#discarded)
      this.#break(7, `generation ${generation} began, a speculation that was discarded`, entry);
    if (this.#reply)
      this.#break(3, `generation ${generation} began before ${this.#reply.generation} ended`, entry);
    this.#generation = generation;
    this.#actions.begin();
    this.#reply = {
      generation,
      position: new PacedPosition(this.#outputRate),
      segments: [],
      text: '',
      nextFrame: 0,
      frameSamples: 0,
      listener: null,
      filler: 0,
    };
  }

  #frame(entry: Entry<'frame'>): void {
    const { generation, seq, samples, atMs } = entry;
    const reply = this.#reply;
    if (this.#state === 'stopped') this.#break(9, 'a frame was sent stopped', entry);
    if (generation <= this.#flushed)
      this.#break(1, `a frame of generation ${generation} came after its flush`, entry);
    if (!reply || reply.generation !== generation) {
      const what = generation <= this.#generation ? 'came after its end' : 'came before its beginning';
      this.#break(
        generation < this.#generation ? 3 : 1,
        `a frame of generation ${generation} ${what}`,
        entry,
      );
      return;
    }
    if (seq !== reply.nextFrame) this.#break(2, `frame ${seq} came where ${reply.nextFrame} was due`, entry);
    if (reply.frameSamples !== 0 && samples !== reply.frameSamples)
      this.#break(2, `a frame of ${samples} samples among those of ${reply.frameSamples}`, entry);
    if (reply.position.pausedAtMs !== null && atMs > reply.position.pausedAtMs)
      this.#break(2, `frame ${seq} was sent while the playback is paused`, entry);
    if (reply.filler > 0 && reply.nextFrame === 0) {
      if (this.#turn === this.#filledTurn)
        this.#break(2, `a second filler was said in turn ${this.#turn}`, entry);
      this.#filledTurn = this.#turn;
    }
    reply.nextFrame = seq + 1;
    reply.frameSamples = samples;
    reply.position.frame(atMs, samples);
  }

  #message(message: SessionMessage, entry: Entry<'command'>): void {
    switch (message.type) {
      case 'state':
        if (message.generation > this.#generation) this.#begin(message.generation, entry);
        this.#turn = message.turn;
        return;
      case 'flush':
        if (message.generation > this.#generation)
          this.#break(7, `generation ${message.generation} was flushed before it began`, entry);
        this.#flushed = Math.max(this.#flushed, message.generation);
        return;
      case 'playback':
        this.#checkCurrent(message, entry);
        this.#reply?.position.setPaused(entry.atMs, message.state === 'paused');
        return;
      case 'reply':
        this.#checkCurrent(message, entry);
        if (this.#reply) this.#reply.text += message.text;
        return;
      case 'reply.end':
        this.#replyEnd(message, entry);
        return;
      case 'action':
        this.#action(message, entry);
        return;
      case 'error':
        this.#unreported = null;
        this.#errorTold = true;
        return;
      default:
        return;
    }
  }

  #checkCurrent(message: Message<'playback' | 'reply'>, entry: LogEntry): void {
    // The first words of a reply may come in the step that begins it, before any other entry with its generation.
    if (message.generation > this.#generation) this.#begin(message.generation, entry);
    if (this.#reply?.generation !== message.generation)
      this.#break(7, `${message.type} of generation ${message.generation}, which is not the reply`, entry);
  }

  #replyEnd(message: Message<'reply.end'>, entry: Entry<'command'>): void {
    const { generation, heard, reason, timings } = message;
    const reply = this.#reply;
    if (!reply || reply.generation !== generation) {
      const what = generation <= this.#generation ? 'ended twice' : 'ended before it began';
      this.#break(8, `generation ${generation} ${what}`, entry);
      return;
    }
    this.#reply = null;
    const { position, segments, text, filler, listener } = reply;
    const played = (listener?.played ?? 0) - filler;
    const fault =
      position.sent <= filler &&
      countWords(heard) > 0 &&
      segments.some(({ ready, samples }) => !ready || samples > 0)
        ? 'words count as heard, but no audio of them was sent'
        : heardFault({
            heard,
            text,
            completed: reason === 'completed',
            segments,
            least: played - this.#slack,
            most: played + this.#slack,
          });
    if (fault) this.#break(5, fault, entry);
    for (const [stage, ms] of Object.entries(timings))
      if (ms < 0) this.#break(5, `the reply's timing ${stage} is ${ms} ms`, entry);
    if (reason === 'interrupted') {
      if (this.#flushed < generation)
        this.#break(1, `interrupted generation ${generation} was not flushed`, entry);
      if (this.#cancelled < generation)
        this.#break(4, `the work of interrupted generation ${generation} was not cancelled`, entry);
    }
    if (reason === 'failed' && !this.#errorTold)
      this.#break(6, `generation ${generation} failed and the user got no error`, entry);
    // An error during an interrupted reply may belong to the next one.
    if (reason !== 'interrupted') this.#errorTold = false;
  }

  #action({ id, name, status }: Message<'action'>, entry: LogEntry): void {
    if (status === 'started') {
      if (this.#state === 'stopped') this.#break(9, `action ${name} was started stopped`, entry);
      for (const fault of this.#actions.start(id, name)) this.#break(9, fault, entry);
    } else if (status !== 'refused' && !this.#actions.end(id))
      this.#break(9, `action ${name} was ${status}, but does not run`, entry);
  }

  /** Checks that must hold between two events. */
  #checkRest(entry: LogEntry | null): void {
    if (this.#unreported) {
      this.#break(6, 'something failed and the user got no error', this.#unreported);
      this.#unreported = null;
    }
    if (this.#state === 'processing' || this.#state === 'speaking') return;
    for (const [kind, child] of this.#alive)
      if ((kind !== 'stt' && kind !== 'speculation') || this.#state !== 'listening')
        this.#break(4, `${child} lives in ${this.#state}`, entry);
    if (this.#reply) {
      this.#break(6, `generation ${this.#reply.generation} has not ended in ${this.#state}`, entry);
      this.#reply = null;
    }
    for (const id of this.#actions.takeRunning())
      this.#break(this.#state === 'stopped' ? 9 : 4, `action ${id} runs in ${this.#state}`, entry);
  }

  #break(invariant: number, what: string, entry: LogEntry | null): void {
    this.violations.push({ invariant, what, entry });
  }
}

function isFailure(eventType: string): boolean {
  // A speculation is invisible to the user: a failed one is requested again by the reply.
  if (eventType === 'xstate.error.actor.speculation') return false;
  return eventType.startsWith('xstate.error.') || eventType === 'ear.failed';
}
