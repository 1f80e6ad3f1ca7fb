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
import { type Happened, pathOf, resultIn } from './actions.ts';
import { Answers } from './answers.ts';
import { BehaviourChart, type ChartEffect } from './chart.ts';
import type { Floor } from './floor.ts';
import { Inbox } from './inbox.ts';
import { actInput, askInput, reportInput, sayInput } from './inputs.ts';
import type { SayInput } from './parts.ts';
import type { BehaviourProgram } from './program.ts';
import type { ActPart, BehaviourSnapshot, Part, PartEnd, Speech } from './snapshot.ts';
import { afterHeard } from './text.ts';
import { Texts } from './texts.ts';

/** What the task keeps of the conversation, to see what has changed. */
interface Seen {
  readonly stopped: boolean;
  readonly away: boolean;
}

/** More rounds in one step mean that behaviour and conversation drive each other in a circle. */
const MAX_ROUNDS = 100;

export class Task {
  readonly #program: BehaviourProgram;
  readonly #chart: BehaviourChart;
  readonly #answers: Answers;
  #status: BehaviourSnapshot['status'] = 'active';
  #error: BehaviourSnapshot['error'];
  readonly #parts = new Map<string, Part>();
  readonly #entries = new Map<string, number>();
  readonly #texts: Texts;
  readonly #inbox: Inbox;
  #requests: BehaviourRequest[] = [];
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
    this.#chart = new BehaviourChart(program, from?.chart);
    this.#answers = new Answers(program, this.#parts);
    if (from) {
      this.#status = from.status;
      this.#error = from.error;
      for (const [id, part] of Object.entries(from.parts)) this.#parts.set(id, part);
      for (const [id, entry] of Object.entries(from.entries)) this.#entries.set(id, entry);
    }
    this.#snapshot = from ?? this.#plain();
  }

  /** The same object until something changes. */
  get snapshot(): BehaviourSnapshot {
    return this.#snapshot;
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
    const question = this.#answers.questionOf(id);
    if (question === undefined) this.#inbox.put(this.#chart.dueEvent(id));
    else if (floor.isTaken || !floor.isFree) floor.setTimer(id, this.#answers.silenceMs(question));
    else this.#inbox.end(this.#answers.noInput(question));
    this.#settle(floor);
  }

  /** The conversation has handled an event. */
  happened(event: Happened & { readonly name?: string }, floor: Floor): void {
    this.#read = 0;
    if (event.type === 'robot') this.#inbox.put({ ...event.data, type: `robot.${event.name}` });
    this.#observe(event, floor);
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
    if (!this.#changed) return;
    this.#changed = false;
    this.#snapshot = this.#plain();
  }

  #stepChart(event: AnyEventObject, floor: Floor): void {
    if (this.#status !== 'active') return;
    const { actorId, partEntry, ...plain } = event;
    // The end of a part whose state was left means nothing.
    if (partEntry !== undefined) {
      if (this.#parts.get(String(actorId))?.entry !== partEntry) return;
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
    switch (part) {
      case 'say':
        this.#parts.set(id, { kind: 'say', entry });
        this.#queue(sayInput(input), id);
        break;
      case 'ask': {
        const question = askInput(input);
        this.#parts.set(id, { kind: 'ask', entry, input: question, tries: 0, asked: false });
        this.#queue({ text: question.question }, id);
        break;
      }
      case 'act': {
        const action = `${pathOf(id, this.#program)}/${entry}`;
        const act: ActPart = { kind: 'act', entry, input: actInput(input), action };
        this.#parts.set(id, act);
        if (floor.isStopped) this.#finish(id, 'error', { code: 'stopped' }, floor);
        else this.#requests.push({ type: 'behaviour.act', id: action, args: {}, ...act.input });
        break;
      }
    }
  }

  /** A state was left: what it says is flushed, and its action ends by its own terms. */
  #leave(id: string, floor: Floor): void {
    const part = this.#parts.get(id);
    this.#parts.delete(id);
    if (part?.kind === 'ask') floor.cancelTimer(this.#answers.timerOf(id));
    if (part?.kind === 'act') {
      const begins = this.#requests.length;
      this.#requests = this.#requests.filter((one) => !('id' in one) || one.id !== part.action);
      if (this.#requests.length === begins) this.#requests.push({ type: 'behaviour.leave', id: part.action });
    }
    if (this.#texts.drop(id)) this.#requests.push({ type: 'behaviour.hush' });
  }

  #queue(input: SayInput, part?: string): void {
    const by = part === undefined ? undefined : { part, entry: this.#entries.get(part) ?? 0 };
    this.#texts.queue(input, this.#chart.context, by);
  }

  /** The next request to the conversation; undefined if there is none now. */
  #next(floor: Floor): BehaviourRequest | undefined {
    const request = this.#requests.shift();
    if (request)
      return request.type === 'behaviour.hush' && !this.#texts.isSaying ? this.#next(floor) : request;
    if (floor.isOffering) return this.#offered(floor);
    if (floor.isFree && !this.#texts.isSaying) this.#askAgain();
    const speech = this.#texts.next(floor);
    return speech && this.#say(speech);
  }

  #say(speech: Speech): BehaviourRequest {
    return { type: 'behaviour.say', speech: speech.id, text: afterHeard(speech) };
  }

  /** A question that the user has no more gets asked again, when nothing else is to be said. */
  #askAgain(): void {
    const open = this.#answers.open();
    if (!open || open.part.asked || this.#texts.first) return;
    this.#queue({ text: this.#answers.questionNow(open.id) }, open.id);
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
    const heard = this.#answers.heard(floor, this.#chart.enabled);
    this.#askLater(floor, heard.answered);
    if (!heard.taken) return { type: 'behaviour.passed' };
    if (heard.event) this.#inbox.put(heard.event);
    this.#inbox.end(heard.end);
    if (this.#inbox.isEmpty) this.#askAgain();
    // The chart handles it, and this is asked again.
    return !this.#inbox.isEmpty ? this.#afterChart(floor) : this.#offered(floor);
  }

  #turn: SessionContext['pending'] = null;

  #afterChart(floor: Floor): BehaviourRequest | undefined {
    for (let event = this.#inbox.take(); event; event = this.#inbox.take()) this.#stepChart(event, floor);
    return this.#requests.shift() ?? this.#offered(floor);
  }

  /** Ends a part, now or after the voice stop. */
  #finish(part: string, how: PartEnd['how'], result: PartEnd['result'], floor: Floor): void {
    const running = this.#parts.get(part);
    if (running) this.#inbox.end({ part, entry: running.entry, how, result }, floor.isStopped);
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
        this.#actionIs(message.id, message.status, resultIn(event, message), floor);
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
    for (const speech of this.#texts.dropAll()) {
      const running = this.#runs(speech);
      const heard = speech.heard ?? '';
      if (speech.part !== undefined && running?.kind === 'say')
        this.#finish(speech.part, 'done', { heard, complete: false }, floor);
    }
    this.#askLater(floor);
  }

  #replyEnded(
    {
      generation,
      reason,
      heard,
    }: { readonly generation: number; readonly reason: string; readonly heard: string },
    floor: Floor,
  ): void {
    const speech = this.#texts.ended(generation);
    if (!speech) {
      this.#askLater(floor);
      return;
    }
    this.#changed = true;
    const { part } = speech;
    const running = this.#runs(speech);
    if (part !== undefined && running?.kind === 'ask') {
      const timer = this.#answers.asked(part);
      if (!floor.isStopped) floor.setTimer(timer, this.#answers.silenceMs(part));
      return;
    }
    const before = speech.heard ?? '';
    const complete = reason === 'completed';
    const lives = part === undefined || running !== undefined;
    if (!complete && lives && speech.whenInterrupted && !floor.isStopped) {
      this.#texts.again(speech.whenInterrupted === 'resume' ? { ...speech, heard: before + heard } : speech);
      return;
    }
    if (part !== undefined && running) this.#finish(part, 'done', { heard: before + heard, complete }, floor);
  }

  /** The part that a text belongs to; undefined if its state was left. */
  #runs({ part, entry }: Speech): Part | undefined {
    const running = part === undefined ? undefined : this.#parts.get(part);
    return running?.entry === entry ? running : undefined;
  }

  /** The user has the open questions no more. */
  #askLater(floor: Floor, except?: string): void {
    for (const id of this.#answers.unasked(except)) {
      this.#changed = true;
      floor.cancelTimer(id);
    }
  }

  #actionIs(action: string, status: string, result: ReturnType<typeof resultIn>, floor: Floor): void {
    const found = [...this.#parts].find(([, part]) => part.kind === 'act' && part.action === action);
    if (!found || status === 'progress') return;
    const [id] = found;
    this.#changed = true;
    if (status === 'started') return;
    if (status === 'done') this.#finish(id, 'done', result.data ?? {}, floor);
    else {
      const code = status === 'cancelled' ? 'stopped' : status;
      this.#finish(id, 'error', { ...result, code: result.code ?? code }, floor);
    }
  }

  #plain(): BehaviourSnapshot {
    return {
      status: this.#status,
      ...(this.#error && { error: this.#error }),
      chart: this.#chart.plain(),
      parts: Object.fromEntries(this.#parts),
      entries: Object.fromEntries(this.#entries),
      ...this.#texts.plain,
      held: this.#inbox.held,
    };
  }
}
