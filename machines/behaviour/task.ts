/**
 * The behaviour of one session: its chart, the parts that it invoked, and what it wants of the conversation. Pure: the kernel
 * steps it after the conversation, within the same step.
 */
import type { AnyEventObject } from 'xstate';
import { errorRecord, ParleyError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { BehaviourRequest } from '../session/events.ts';
import { phrasesOf } from '../session/language/language.ts';
import type { SessionContext } from '../session/model.ts';
import type { SessionMessage } from '../wire.ts';
import { type Happened, isModelEvent } from './actions.ts';
import { hasWay, heardBy, wantedNow } from './answers.ts';
import { BehaviourChart, type ChartEffect } from './chart.ts';
import type { Floor } from './floor.ts';
import { Inbox } from './inbox.ts';
import { reportInput, sayInput } from './inputs.ts';
import type { SayInput } from './parts.ts';
import type { BehaviourProgram, Wanted } from './program.ts';
import { Quiet, SILENCE } from './quiet.ts';
import { Requests } from './requests.ts';
import { newPart, resumedPart } from './running/kinds.ts';
import { type Host, partOfTimer, type RunningPart } from './running/part.ts';
import { RunningQuestion } from './running/question.ts';
import type { BehaviourSnapshot, Speech } from './snapshot.ts';
import { afterHeard } from './text.ts';
import { Texts } from './texts.ts';

/** What the task keeps of the conversation, to see what has changed. */
interface Seen {
  readonly stopped: boolean;
  readonly away: boolean;
}

type ReplyEnd = Extract<SessionMessage, { type: 'reply.end' }>;

/** More rounds in one step mean that behaviour and conversation drive each other in a circle. */
const MAX_ROUNDS = 100;
/** Silence of the user that the chart gets, in a state that does not say how long. */
const SILENCE_MS = 8_000;

export class Task {
  readonly #program: BehaviourProgram;
  readonly #chart: BehaviourChart;
  #status: BehaviourSnapshot['status'] = 'active';
  #error: BehaviourSnapshot['error'];
  readonly #parts = new Map<string, RunningPart>();
  readonly #host: Host;
  readonly #entries = new Map<string, number>();
  readonly #texts: Texts;
  readonly #inbox: Inbox;
  readonly #quiet: Quiet;
  readonly #requests = new Requests();
  #seen: Seen = { stopped: false, away: false };
  #read = 0;
  /** Since the last snapshot. */
  #changed = false;
  #snapshot: BehaviourSnapshot;

  /** Throws what the chart throws at its start. */
  constructor(program: BehaviourProgram, seed: number, from?: BehaviourSnapshot) {
    this.#program = program;
    this.#texts = new Texts(seed, from);
    this.#inbox = new Inbox(from?.held);
    this.#quiet = new Quiet(from?.quiet);
    this.#chart = new BehaviourChart(program, from?.chart);
    const chart = this.#chart;
    this.#host = {
      program,
      get enabled() {
        return chart.enabled;
      },
      event: (event) => this.#inbox.put(event),
      changed: () => {
        this.#changed = true;
      },
      say: (part, input) => this.#queue(input, part),
      request: (request) => this.#requests.put(request),
      withdraw: (id) => this.#requests.withdraw(id),
      end: (end, floor) => this.#inbox.end(end, floor.isStopped),
    };
    if (from) {
      this.#status = from.status;
      this.#error = from.error;
      for (const [id, part] of Object.entries(from.parts))
        this.#parts.set(id, resumedPart(id, part, this.#host));
      for (const [id, entry] of Object.entries(from.entries)) this.#entries.set(id, entry);
    }
    this.#snapshot = from ?? this.#plain();
  }

  /** The same object until something changes. */
  get snapshot(): BehaviourSnapshot {
    return this.#snapshot;
  }

  /** What can be said to it now: nothing once it has ended. */
  get wanted(): Wanted {
    if (this.#status !== 'active') return { phrases: [] };
    return wantedNow(this.#program, this.#open, this.#chart.enabled);
  }

  /** Begins the chart. */
  start(floor: Floor): void {
    this.#changed = true;
    this.#read = floor.commands.length;
    this.#guarded(floor, () => this.#carryOut(this.#chart.start(), floor));
    this.#settle(floor);
  }

  /** Takes up with the session as it is. */
  attach({ isStopped: stopped, isAway: away }: Pick<Floor, 'isStopped' | 'isAway'>): void {
    this.#seen = { stopped, away };
  }

  /** A delay of the behaviour is over. */
  due(id: string, floor: Floor): void {
    this.#changed = true;
    this.#read = floor.commands.length;
    const part = partOfTimer(id);
    if (id === SILENCE) {
      this.#quiet.due();
      this.#inbox.put({ type: SILENCE });
    } else if (part === undefined) this.#inbox.put(this.#chart.dueEvent(id));
    else this.#parts.get(part)?.due(floor);
    this.#settle(floor);
  }

  /** The conversation has handled an event. */
  happened(event: Happened & { readonly name?: string }, floor: Floor): void {
    this.#read = 0;
    if (floor.isEnded) {
      this.#sessionEnds(floor);
      return;
    }
    if (event.type === 'robot') this.#inbox.put({ ...event.data, type: `robot.${event.name}` });
    this.#observe(event, floor);
    if (isModelEvent(event)) for (const part of this.#parts.values()) part.model(event, floor);
    this.#settle(floor);
  }

  /** Until neither the chart nor the conversation has anything more to do. */
  #settle(floor: Floor): void {
    for (let round = 0; ; round += 1) {
      const event = this.#inbox.take();
      this.#changed ||= event !== undefined;
      if (event) this.#stepChart(event, floor);
      else {
        const request = this.#next(floor);
        if (!request) break;
        this.#changed = true;
        floor.converse(request);
        this.#observe(undefined, floor);
      }
      if (round >= MAX_ROUNDS) {
        this.#fail(new RangeError(`it went on ${MAX_ROUNDS} times without an event from outside`), floor);
        if (floor.isOffering) floor.converse({ type: 'behaviour.passed' });
        break;
      }
    }
    this.#listenForSilence(floor);
    if (!this.#changed) return;
    this.#changed = false;
    this.#snapshot = this.#plain();
  }

  #listenForSilence(floor: Floor): void {
    const waits = this.#status === 'active' && floor.isFree && !this.#texts.isSaying && !this.#texts.first;
    const state = waits && this.#chart.enabled.has(SILENCE) ? this.#chart.stateName : undefined;
    if (this.#quiet.listen(state, this.#chart.silenceMs ?? SILENCE_MS, floor)) this.#changed = true;
  }

  #stepChart(event: AnyEventObject, floor: Floor): void {
    if (this.#status !== 'active') return;
    const { actorId, partEntry, ...plain } = event;
    // The end of a part whose state was left means nothing.
    if (partEntry !== undefined) {
      if (this.#parts.get(String(actorId))?.plain.entry !== partEntry) return;
      this.#parts.delete(String(actorId));
    }
    floor.emit({ type: 'behaviour', event: plain as JsonObject });
    this.#guarded(floor, () =>
      this.#carryOut(this.#chart.step(actorId === undefined ? plain : { ...plain, actorId }), floor),
    );
  }

  #guarded(floor: Floor, work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#fail(thrown, floor);
    }
  }

  /** It ends alone: what it ran ends, the robot says so, and the conversation goes on. */
  #fail(thrown: unknown, floor: Floor): void {
    const { id } = this.#program.definition;
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    const error = errorRecord(new ParleyError('BEHAVIOUR_FAILED', `${id}: ${detail}`), 'INTERNAL');
    this.#end('failed', floor);
    this.#error = error;
    floor.emit({ type: 'publish', message: { type: 'error', ...error, fatal: false } });
    const { behaviourFailed } = phrasesOf(floor.context, floor.context.parameters);
    this.#texts.dropAll();
    if (behaviourFailed && !floor.isStopped) this.#queue({ text: behaviourFailed });
  }

  /** What it ran ends, and the chart gets no event of it: nothing that it does now could happen. */
  #sessionEnds(floor: Floor): void {
    if (this.#parts.size === 0 && this.#inbox.isEmpty) return;
    for (const id of [...this.#parts.keys()]) this.#leave(id, floor);
    this.#texts.dropAll();
    this.#inbox.clear();
    this.#requests.clear();
    floor.cancelTimers();
    this.#snapshot = this.#plain();
  }

  #end(status: 'done' | 'failed', floor: Floor): void {
    if (this.#status !== 'active') return;
    this.#status = status;
    for (const id of [...this.#parts.keys()]) this.#leave(id, floor);
    this.#inbox.clear();
    floor.cancelTimers();
  }

  #carryOut(effects: readonly ChartEffect[], floor: Floor): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'begin':
          this.#begin(effect, floor);
          break;
        case 'end':
          this.#leave(effect.id, floor);
          break;
        case 'delay':
          floor.setTimer(effect.id, effect.delayMs);
          break;
        case 'cancelDelay':
          floor.cancelTimer(effect.id);
          break;
        case 'effect':
          if (effect.name === 'report')
            floor.emit({ type: 'publish', message: { type: 'report', ...reportInput(effect.params) } });
          else if (!floor.isStopped) this.#queue(sayInput(effect.params));
          break;
      }
    }
    if (this.#chart.isDone) this.#end('done', floor);
  }

  #begin({ id, part, input }: Extract<ChartEffect, { type: 'begin' }>, floor: Floor): void {
    const entry = (this.#entries.get(id) ?? 0) + 1;
    this.#entries.set(id, entry);
    const begun = newPart(part, id, { entry, input }, this.#host);
    this.#parts.set(id, begun);
    begun.begin(floor);
  }

  /** A state was left: what it says is flushed, and its action ends by its own terms. */
  #leave(id: string, floor: Floor): void {
    const part = this.#parts.get(id);
    this.#parts.delete(id);
    part?.leave(floor);
    if (this.#texts.drop(id)) this.#requests.put({ type: 'behaviour.hush' });
  }

  #queue(input: SayInput, part?: string): void {
    const by = part === undefined ? undefined : { part, entry: this.#entries.get(part) ?? 0 };
    this.#texts.queue(input, this.#chart.context, by);
  }

  /** The next request to the conversation; undefined if there is none now. */
  #next(floor: Floor): BehaviourRequest | undefined {
    const request = this.#requests.take();
    if (request)
      return request.type === 'behaviour.hush' && !this.#texts.isSaying ? this.#next(floor) : request;
    if (floor.isOffering) return this.#offered(floor);
    if (floor.isFree && !this.#texts.isSaying) this.#askAgain(floor);
    const speech = this.#texts.next(floor);
    return speech && { type: 'behaviour.say', speech: speech.id, text: afterHeard(speech) };
  }

  /** A question that the user has no more gets asked again, when nothing else is to be said. */
  #askAgain(floor: Floor): void {
    const open = this.#open;
    if (open && !open.isAsked && !this.#texts.first) open.ask(floor);
  }

  /** The newest question. */
  get #open(): RunningQuestion | undefined {
    return [...this.#parts.values()].findLast((part) => part instanceof RunningQuestion);
  }

  /** Gives the chart the words of a turn, or decides what to reply once it has handled them. */
  #offered(floor: Floor): BehaviourRequest | undefined {
    if (this.#turn === floor.context.pending) {
      const speech = this.#texts.first;
      return speech
        ? { type: 'behaviour.taken', speech: speech.id, text: afterHeard(speech) }
        : { type: 'behaviour.taken' };
    }
    if (this.#status !== 'active') return { type: 'behaviour.passed' };
    this.#turn = floor.context.pending;
    this.#quiet.listen(undefined, 0, floor);
    const heard = heardBy(this.#program, this.#open, floor, this.#chart.enabled);
    this.#askLater(floor, heard.answered);
    if (!heard.taken) return { type: 'behaviour.passed' };
    if (heard.event) this.#inbox.put(heard.event);
    this.#inbox.end(heard.end);
    if (this.#inbox.isEmpty) this.#askAgain(floor);
    // The chart handles it, and this is asked again.
    return !this.#inbox.isEmpty ? this.#afterChart(floor) : this.#offered(floor);
  }

  #turn: SessionContext['pending'] = null;

  #afterChart(floor: Floor): BehaviourRequest | undefined {
    for (let event = this.#inbox.take(); event; event = this.#inbox.take()) this.#stepChart(event, floor);
    return this.#requests.take() ?? this.#offered(floor);
  }

  /** Reads what the conversation has done. */
  #observe(event: Happened | undefined, floor: Floor): void {
    const stops = floor.isStopped && !this.#seen.stopped;
    if (stops) this.#inbox.put({ type: 'stopped' });
    const { reply } = floor.context;
    for (const command of floor.commands.slice(this.#read)) {
      if (command.type !== 'publish') continue;
      const { message } = command;
      if (message.type === 'reply.end') this.#replyEnded(message, floor);
      else if (message.type === 'action' && message.origin === 'behaviour')
        for (const part of this.#parts.values()) part.action(message, event, floor);
    }
    this.#read = floor.commands.length;
    if (reply?.cause.type === 'behaviour' && this.#texts.began(reply.cause.speech, reply.generation))
      this.#changed = true;
    if (stops) this.#stop(floor);
    else if (!floor.isStopped && this.#seen.stopped) this.#inbox.rearm();
    if (floor.isAway !== this.#seen.away) {
      this.#inbox.put({ type: floor.isAway ? 'away' : 'back' });
      this.#askLater(floor);
    }
    this.#seen = { stopped: floor.isStopped, away: floor.isAway };
  }

  /** Nothing that waited is said after a voice stop, unless the chart says it then. */
  #stop(floor: Floor): void {
    this.#changed = true;
    for (const speech of this.#texts.dropAll()) this.#runs(speech)?.unspoken(speech.heard ?? '', floor);
    for (const part of this.#parts.values()) part.stopped(floor);
    this.#askLater(floor);
  }

  #replyEnded({ generation, reason, heard }: ReplyEnd, floor: Floor): void {
    const speech = this.#texts.ended(generation);
    if (!speech) {
      this.#askLater(floor);
      return;
    }
    this.#changed = true;
    const running = this.#runs(speech);
    const before = speech.heard ?? '';
    const complete = reason === 'completed';
    const lives = speech.part === undefined || running !== undefined;
    if (!complete && lives && speech.whenInterrupted && !floor.isStopped) {
      this.#texts.again(speech.whenInterrupted === 'resume' ? { ...speech, heard: before + heard } : speech);
      return;
    }
    const end = { heard: before + heard, complete };
    running?.spoken(end, floor);
    if (speech.part === undefined && hasWay(this.#chart.enabled, 'said'))
      this.#inbox.put({ type: 'said', ...end });
  }

  /** The part that a text belongs to; undefined if its state was left. */
  #runs({ part, entry }: Speech): RunningPart | undefined {
    const running = part === undefined ? undefined : this.#parts.get(part);
    return running?.plain.entry === entry ? running : undefined;
  }

  /** The user has the open questions no more. */
  #askLater(floor: Floor, except?: string): void {
    for (const part of this.#parts.values())
      if (part instanceof RunningQuestion && part.id !== except) part.askLater(floor);
  }

  #plain(): BehaviourSnapshot {
    return {
      status: this.#status,
      ...(this.#error && { error: this.#error }),
      chart: this.#chart.plain(),
      parts: Object.fromEntries([...this.#parts].map(([id, { plain }]) => [id, plain])),
      entries: Object.fromEntries(this.#entries),
      ...this.#texts.plain,
      ...(this.#quiet.state !== undefined && { quiet: this.#quiet.state }),
      held: this.#inbox.held,
    };
  }
}
