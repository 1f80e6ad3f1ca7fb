/** A session as a model: the real machine, the kernel's delays, and the possible events of its children. */

import type { SnapshotFrom } from 'xstate';
import type { KernelEvent, TimerEvent } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import type { SessionParameters } from '../../machines/parameters.ts';
import { interrupts } from '../../machines/session/barge-in/barge-in.ts';
import { CHILD_KINDS, type ChildKind } from '../../machines/session/children.ts';
import { discardedOf } from '../../machines/session/halt/discarded.ts';
import { lastingOf } from '../../machines/session/lasting/lasting.ts';
import { type SessionMachine, sessionMachine } from '../../machines/session/machine.ts';
import type { MachineEvent, SessionInput } from '../../machines/session/model.ts';
import { isAudible } from '../../machines/session/reply/listener.ts';
import { isDueAnyway } from '../../machines/session/turn/pending.ts';
import { turnInHand } from '../../machines/session/turn/words.ts';
import type { SettingsChange } from '../../machines/wire.ts';
import {
  afterEvent,
  afterPiece,
  type ChildFacts,
  follow,
  isEndOf,
  kindOf,
  NO_REPLY,
  PACE_MS,
  playedBy,
  playOn,
  sampleOf,
} from './children.ts';
import type { Model } from './explore.ts';
import { Stepper } from './transitions.ts';

/** One event and the machine's reaction. */
export interface Happening {
  readonly event: KernelEvent;
  readonly source: EventSource;
  readonly atMs: number;
  /** Ids of the transitions taken; empty if the event was ignored. */
  readonly taken: readonly string[];
  /** Kinds of the resulting commands, in order. */
  readonly caused: readonly string[];
}

export interface PendingTimer {
  readonly id: string;
  readonly dueMs: number;
}

export interface SessionModelState {
  readonly snapshot: SnapshotFrom<SessionMachine>;
  readonly atMs: number;
  /** In the order in which they fire. */
  readonly timers: readonly PendingTimer[];
  readonly alive: readonly ChildKind[];
  readonly facts: ChildFacts;
  /**
   * What the last event of the model was to the machine: usually one event, or several delays that were due at once.
   */
  readonly happenings: readonly Happening[];
}

/** What happens to a session whose client is away, in the model; the chart handles all else as without one. */
const WHILE_AWAY = /^(back|halt|lost|action\.result|lasting|discarded|stop\.)/;

/** An event of the model, by its name in paths; the machine's event depends on the state. */
export interface SessionModelEvent {
  readonly type: string;
}

/** A representative event in a state, or undefined where it cannot happen. */
export interface Representative {
  readonly name: string;
  readonly source: Exclude<EventSource, 'timer'>;
  readonly event: (state: SessionModelState) => Happens | undefined;
}

/** What can happen to a session from outside. */
export type Happens = Exclude<KernelEvent, TimerEvent>;

export interface SessionModelOptions {
  readonly parameters: SessionParameters;
  readonly input: SessionInput;
  readonly representatives: readonly Representative[];
}

/** The model's own events: time passes until the next delay expires, or for a while. */
const NEXT_DELAY = 'time: next delay';
const A_WHILE = 'time: a while';
/** TTS makes a piece of the current segment: no event for the machine. */
const A_PIECE = 'tts: a piece';

export class SessionModel implements Model<SessionModelState, SessionModelEvent> {
  readonly machine: SessionMachine;
  readonly parameters: SessionParameters;
  readonly input: SessionInput;
  readonly stepper: Stepper<SessionMachine>;
  readonly #representatives: ReadonlyMap<string, Representative>;

  constructor(options: SessionModelOptions) {
    this.machine = sessionMachine;
    this.input = options.input;
    this.parameters = options.parameters;
    this.stepper = new Stepper(this.machine, { input: options.input, parameters: options.parameters });
    this.#representatives = new Map(options.representatives.map((one) => [one.name, one]));
  }

  readonly initial = (): SessionModelState => {
    const { snapshot, actions } = this.stepper.initial();
    const state: SessionModelState = {
      snapshot,
      atMs: 0,
      timers: [],
      alive: [],
      facts: { ...NO_REPLY, earSpeaks: false },
      happenings: [],
    };
    return actions.reduce(follow, state);
  };

  readonly events = (state: SessionModelState): readonly SessionModelEvent[] => {
    if (hasEnded(state)) return [];
    const events: SessionModelEvent[] = [];
    const dueMs = state.timers[0]?.dueMs;
    if (dueMs !== undefined) events.push({ type: NEXT_DELAY });
    // The runner fires due delays before it handles anything else.
    if (dueMs !== undefined && dueMs <= state.atMs) return events;
    if (this.#mayWait(state)) events.push({ type: A_WHILE });
    if (this.#mayMakePiece(state)) events.push({ type: A_PIECE });
    const moving = state.snapshot.context.body?.moving;
    const away = state.snapshot.matches({ presence: 'away' });
    for (const { name, event } of this.#representatives.values())
      if ((!moving || name.startsWith('body')) && (!away || WHILE_AWAY.test(name)) && event(state))
        events.push({ type: name });
    return events;
  };

  readonly step = (state: SessionModelState, { type }: SessionModelEvent): SessionModelState => {
    if (type === NEXT_DELAY) return this.#fire(state);
    if (type === A_WHILE)
      return { ...state, atMs: state.atMs + this.parameters.endpointing.notUnderstoodMs, happenings: [] };
    if (type === A_PIECE) return afterPiece(state);
    const representative = this.#representatives.get(type);
    const dueMs = state.timers[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    const atMs = dueMs > state.atMs + PACE_MS ? state.atMs + PACE_MS : state.atMs;
    const event = representative?.event({ ...state, atMs });
    if (!representative || !event) throw new Error(`${type} cannot happen here`);
    return this.happen({ ...state, happenings: [] }, event, representative.source, atMs);
  };

  /** Passes one event to the machine, as the kernel and the runner would. */
  happen(
    earlier: SessionModelState,
    given: KernelEvent,
    source: EventSource,
    atMs: number,
  ): SessionModelState {
    const sounding = given.type === 'playout.started' ? { sounding: true, positionMs: atMs } : {};
    const state = playOn({ ...earlier, atMs, facts: { ...earlier.facts, ...sounding } });
    const listener = sampleOf(state);
    const event: KernelEvent = listener ? { ...given, listener } : given;
    const ended = CHILD_KINDS.find((kind) => isEndOf(kind, event.type));
    const before: SessionModelState = {
      ...state,
      atMs,
      alive: ended ? state.alive.filter((kind) => kind !== ended) : state.alive,
      facts: afterEvent(state, event, atMs),
    };
    const { context } = state.snapshot;
    const snapshot = { ...state.snapshot, context: { ...context, nowMs: atMs, listener: listener ?? null } };
    // The kernel also passes delays to the machine under their own names, which its event type does not list.
    const stepped = this.stepper.step(snapshot, event as MachineEvent);
    const happening: Happening = {
      event,
      source,
      atMs,
      taken: stepped.taken,
      caused: stepped.actions.map(kindOf),
    };
    const next = { ...before, snapshot: stepped.snapshot, happenings: [...state.happenings, happening] };
    return stepped.actions.reduce(follow, next);
  }

  /** State × event × transitions taken × commands: the goals of a smaller set of paths. */
  readonly branch = (
    before: SessionModelState,
    { type }: SessionModelEvent,
    after: SessionModelState,
  ): string =>
    JSON.stringify([
      before.snapshot.value,
      type,
      after.happenings.map(({ taken, caused }) => [taken, caused]),
    ]);

  /** State of the session, and the parts of its context that its guards read there. */
  readonly key = (state: SessionModelState): string => {
    const { snapshot, timers, alive, facts } = state;
    const { value } = snapshot;
    const { utterance, pending, speculations, reply, nowMs, settings, followUps, suspicion, body, question } =
      snapshot.context;
    const { notUnderstoodMs } = this.parameters.endpointing;
    const yielding = snapshot.matches({
      conversation: { responding: { phase: { speaking: 'yielding' } } },
    });
    const thinking = snapshot.matches({
      conversation: { responding: { phase: { processing: 'thinking' } } },
    });
    const words = utterance?.final?.text ?? utterance?.partial;
    const spokeMs = utterance ? (utterance.endedAtMs ?? nowMs) - utterance.startedAtMs : 0;
    // What settings and requests of the client change is in the states; everything else is explored without them.
    const lasting = lastingOf(snapshot.context).length;
    const started = reply?.actions.some(({ status }) => status === 'started');
    const asked = reply?.actions.some(({ status }) => status === 'asked');
    const tools = snapshot.context.tools ? [reply?.rounds?.length, started, asked, !!question?.calls] : [];
    const waiting = discardedOf(snapshot.context).map(({ utterance }) => utterance.endedAtMs === null);
    const beside =
      lasting > 0 ||
      waiting.length > 0 ||
      followUps ||
      suspicion ||
      question ||
      body?.moving ||
      snapshot.matches({ presence: 'away' });
    if (!isDefault(settings) || isDueAnyway(pending) || isDueAnyway(reply) || beside)
      return JSON.stringify([
        settings?.turnDetection,
        value,
        words,
        facts.earSpeaks,
        lasting > 0,
        !!followUps,
        question?.count,
        ...tools,
        ...waiting.slice(0, 2),
      ]);
    return JSON.stringify([
      value,
      yielding ? delayOfYielding(timers[0]?.id) : timers[0]?.id,
      alive.includes('stt'),
      alive.includes('speculation'),
      speculations.turn === turnInHand(snapshot.context) && speculations.count,
      utterance && [
        yielding ? interrupts(words ?? '', snapshot.context, this.parameters) : words,
        yielding ? words !== '' : utterance.endedAtMs !== null,
        utterance.failure !== null,
        snapshot.matches({ conversation: 'listening' }) && utterance.end,
        !yielding && spokeMs >= notUnderstoodMs,
      ],
      pending?.counted,
      reply && [
        !yielding && !thinking && reply.phrase !== null,
        thinking && reply.actions.some(({ status }) => status !== 'refused'),
        yielding && isAudible(snapshot.context),
        thinking && reply.filler !== undefined,
        !yielding && reply.segments.length > facts.started,
      ],
      !yielding && facts.fillerAsked,
      !yielding && facts.earSpeaks,
      !yielding && facts.written > 0,
      !yielding && !facts.sounding && facts.midSegment && this.#willLive(state),
      facts.sounding && facts.sent === facts.written && playedBy(state) === facts.written,
      ...tools,
    ]);
  };

  /** Time before the reply sounds, at most one deadline: more of it changes nothing. */
  #mayMakePiece(state: SessionModelState): boolean {
    const { alive, facts, timers, atMs } = state;
    const dueMs = timers[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    const works = alive.includes('tts') && facts.midSegment && !facts.sounding;
    return works && !this.#willLive(state) && dueMs > atMs + PACE_MS;
  }

  /** Whether the engine will have given audio when its deadline expires. */
  #willLive({ timers, facts }: SessionModelState): boolean {
    const deadline = timers.find(({ id }) => id.includes('.ttsDeadline.'));
    return deadline !== undefined && deadline.dueMs < facts.aliveAtMs + this.parameters.deadlines.ttsMs;
  }

  #fire(state: SessionModelState): SessionModelState {
    const atMs = state.timers[0]?.dueMs ?? state.atMs;
    let next: SessionModelState = { ...state, happenings: [] };
    for (let timer = next.timers[0]; timer && timer.dueMs <= atMs; timer = next.timers[0]) {
      next = this.happen(
        { ...next, timers: next.timers.slice(1) },
        { type: timer.id as TimerEvent['type'] },
        'timer',
        timer.dueMs,
      );
    }
    return next;
  }

  /** Only where a guard reads the duration: of the user's speech, or of the heard reply. */
  #mayWait(state: SessionModelState): boolean {
    const { snapshot, timers, atMs, facts } = state;
    const { utterance } = snapshot.context;
    const { notUnderstoodMs } = this.parameters.endpointing;
    const speaks = utterance?.endedAtMs === null && atMs - utterance.startedAtMs < notUnderstoodMs;
    const plays = facts.sounding && !facts.paused && playedBy(state) < facts.sent;
    return (
      (speaks || (plays && state.alive.includes('playback'))) &&
      (timers[0]?.dueMs ?? Number.POSITIVE_INFINITY) > atMs + notUnderstoodMs
    );
  }
}

/** The chart of an ended session has other regions that are not final. */
export function hasEnded({ snapshot }: Pick<SessionModelState, 'snapshot'>): boolean {
  return snapshot.status !== 'active' || snapshot.matches({ conversation: 'ended' });
}

/** Whether turns are detected as when the session began. */
export function isDefault(settings: SettingsChange | undefined): boolean {
  const { mode, ...others } = settings?.turnDetection ?? { mode: 'auto' };
  return mode === 'auto' && Object.keys(others).length === 0;
}

function delayOfYielding(id: string | undefined): string | undefined {
  return /\.(confirmSpeech|confirmDoubted|backchannelMax|heardMax|verdict)\./.exec(id ?? '')?.[1];
}
