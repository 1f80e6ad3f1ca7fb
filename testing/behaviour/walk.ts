/** One path through a behaviour, in a real conversation on virtual time. */
import { behaviourReader } from '../../actors/behaviour/hearing.ts';
import { behaviourProgram } from '../../actors/behaviour/program.ts';
import { aborted } from '../../actors/cancellation.ts';
import type { Dialog } from '../../actors/dialog/mod.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { dialogLlm } from '../../adapters/llm/dialog/dialog.ts';
import type { ChartStep } from '../../machines/behaviour/chart.ts';
import type { BehaviourProgram } from '../../machines/behaviour/program.ts';
import type { BehaviourSnapshot } from '../../machines/behaviour/snapshot.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { ReadWords } from '../../machines/session/turn/reading.ts';
import { Conversation, type Heard, settle, type Verdict } from '../conversation.ts';
import { type SttScript, scriptedStt, scriptedTts } from '../scripted-engines.ts';
import { lineOf, type Step } from './steps.ts';

/** What all walks through one behaviour share: reading its phrases takes longer than most walks. */
export class Grounds {
  readonly machine: BehaviourProgram['machine'];
  readonly dialog: Dialog;
  readonly resamplers: ResamplerFactory;
  readonly read: ReadWords;
  readonly #program: BehaviourProgram;
  #watch: (step: ChartStep) => void = () => {};

  constructor(machine: BehaviourProgram['machine'], dialog: Dialog, resamplers: ResamplerFactory) {
    this.machine = machine;
    this.dialog = dialog;
    this.resamplers = resamplers;
    this.#program = behaviourProgram(machine, dialog, (step) => this.#watch(step));
    this.read = behaviourReader(dialog, this.#program, true);
    this.#watch = () => {};
  }

  get program(): BehaviourProgram {
    return this.#program;
  }

  /** The steps that follow are those of one walk. */
  watch(watch: (step: ChartStep) => void): void {
    this.#watch = watch;
  }
}

/** A line of the conversation that a walk held. */
export type Line =
  | { readonly kind: 'step'; readonly text: string }
  | { readonly kind: 'robot' | 'state'; readonly text: string };

/** Confidence of words that the recogniser is not sure of. */
const UNSURE = 0.2;
const UTTERANCE_MS = 700;
const PAUSE_MS = 1_500;
/** Of a reply, before the user interrupts it. */
const HEARD_MS = 700;
const LOOK_MS = 20;
/** Until the robot begins to speak. */
const MAX_SILENCE_MS = 2_000;
/** The robot must have said all of it by then. */
const MAX_SPEECH_MS = 120_000;

export class Walk {
  readonly lines: Line[] = [];
  /** Steps of the chart in order. */
  readonly chart: ChartStep[] = [];
  readonly talk: Conversation;
  readonly #said: SttScript[] = [];
  readonly #grounds: Grounds;
  /** The client is away. */
  isAway = false;
  modelWorks = true;
  /** A voice stop is in force. */
  isStopped = false;
  #task: { readonly snapshot: BehaviourSnapshot } | undefined;
  #read = 0;

  /** `spoken`: the robot's replies sound, so that they can be interrupted. Otherwise the client reads. */
  constructor(grounds: Grounds, spoken: boolean) {
    const { dialog, program, read, resamplers } = grounds;
    const clock = new VirtualClock({ settle });
    this.#grounds = grounds;
    grounds.watch((step) => this.chart.push(step));
    const behaviour: BehaviourProgram = {
      ...program,
      begin: (seed, from) => {
        const task = program.begin(seed, from);
        this.#task ??= task;
        return task;
      },
    };
    this.talk = new Conversation({
      ...{ clock, bus: inProcessBus({ clock }), resamplers },
      stt: scriptedStt(clock, this.#said),
      llm: this.#model(dialogLlm({ dialog, clock })),
      tts: scriptedTts(clock, () => ({ firstByteMs: 1 })),
      ...{ behaviour, results: true, read },
      actions: { run: (_, signal) => aborted(signal) },
      ...(!spoken && { output: 'text' }),
    });
  }

  /** Ends the conversation, which is replayed. Returns what was wrong with it. */
  async end(): Promise<Verdict> {
    this.#grounds.watch(() => {});
    return this.talk.end();
  }

  get snapshot(): BehaviourSnapshot {
    if (!this.#task) throw new Error('the session has no behaviour');
    return this.#task.snapshot;
  }

  /** The actions of the behaviour that run, with the ids that the client knows. */
  get running(): readonly { readonly id: string; readonly name: string }[] {
    const running = new Map<string, string>();
    for (const { id, name, status } of this.talk.of('action'))
      if (status === 'started') running.set(id, name);
      else if (status !== 'progress') running.delete(id);
    return [...running].map(([id, name]) => ({ id, name }));
  }

  /** The robot says what it says at its start. */
  async begin(): Promise<void> {
    await this.#quiet();
    this.#note();
  }

  /** `next`: the step that follows. One that interrupts comes while the robot speaks. */
  async take(step: Step, next?: Step): Promise<void> {
    this.lines.push({ kind: 'step', text: lineOf(step) });
    await this.#do(step);
    if (next?.kind === 'interrupts') await this.#speaking();
    else await this.#quiet();
    this.#note();
  }

  async #do(step: Step): Promise<void> {
    const { talk } = this;
    switch (step.kind) {
      case 'says':
        if (step.how === undefined) talk.send({ type: 'text', text: step.words });
        else await this.#speak(step.words, step.how === 'unsure' ? UNSURE : undefined);
        break;
      case 'interrupts':
        await talk.wait(HEARD_MS);
        if (step.words === '') talk.send({ type: 'interrupt' });
        else await this.#speak(step.words);
        break;
      case 'model':
        this.modelWorks = step.works;
        break;
      case 'waits':
        await talk.wait(step.ms);
        break;
      case 'event':
        talk.send({ type: 'event', name: step.name, data: step.data });
        break;
      case 'ends': {
        const action = this.running.findLast(({ name }) => name === step.name);
        if (!action) break;
        talk.send(
          step.status === 'done'
            ? { type: 'action.result', id: action.id, status: 'done', data: step.data }
            : { type: 'action.result', id: action.id, status: 'failed', message: 'it does not work' },
        );
        break;
      }
      case 'stop':
        this.isStopped = true;
        talk.send({ type: 'halt' });
        break;
      case 'rearm':
        this.isStopped = false;
        talk.send({ type: 'rearm' });
        break;
      case 'away':
        this.isAway = true;
        talk.present(false);
        break;
      case 'back':
        this.isAway = false;
        talk.present(true);
        break;
      case 'restart':
        break;
    }
  }

  async #speaking(): Promise<void> {
    for (let waitedMs = 0; this.talk.state !== 'speaking' && waitedMs < MAX_SILENCE_MS; waitedMs += LOOK_MS)
      await this.talk.wait(LOOK_MS);
  }

  /** Answers of the dialog, or a failure. */
  #model(engine: LlmEngine): LlmEngine {
    return {
      ...engine,
      reply: (request, signal) => {
        if (!this.modelWorks) throw new ParleyError('LLM_FAILED', 'the test has it fail');
        return engine.reply(request, signal);
      },
    };
  }

  async #speak(words: string, confidence?: number): Promise<void> {
    this.#said.push({ partial: words, text: words, ...(confidence !== undefined && { confidence }) });
    await this.talk.speak(UTTERANCE_MS);
    await this.talk.beSilent(PAUSE_MS);
  }

  /** Until nothing more comes of itself, but for what only time brings. */
  async #quiet(): Promise<void> {
    const { talk } = this;
    const isQuiet = () => {
      const { waiting, saying } = this.snapshot;
      return (
        (talk.state === 'idle' || talk.state === 'stopped') && waiting.length === 0 && saying === undefined
      );
    };
    await talk.wait(LOOK_MS);
    for (let waitedMs = 0; !isQuiet() && waitedMs < MAX_SPEECH_MS; waitedMs += LOOK_MS)
      await talk.wait(LOOK_MS);
  }

  #note(): void {
    const { heard } = this.talk;
    for (const one of heard.slice(this.#read)) {
      const text = robotLine(one);
      if (text !== undefined) this.lines.push({ kind: 'robot', text });
    }
    this.#read = heard.length;
    this.lines.push({ kind: 'state', text: stateText(this.snapshot) });
  }
}

/** The chart's states in words: `order.room`, of parallel ones each. */
export function stateText({ chart, status }: BehaviourSnapshot): string {
  const leaves = (value: typeof chart.value): readonly string[] =>
    typeof value === 'string'
      ? [value]
      : Object.entries(value).flatMap(([name, inside]) =>
          inside === undefined || (typeof inside === 'object' && Object.keys(inside).length === 0)
            ? name
            : leaves(inside).map((leaf) => `${name}.${leaf}`),
        );
  const states = leaves(chart.value).join(' + ');
  return status === 'active' ? states : `${states} (${status})`;
}

function robotLine(one: Heard): string | undefined {
  switch (one.type) {
    case 'reply.end':
      if (one.reason === 'completed') return `robot: ${one.heard}`;
      return one.heard === '' ? undefined : `robot (${one.reason}): ${one.heard}`;
    case 'action': {
      if (one.status === 'progress') return undefined;
      const args =
        one.status === 'started' && Object.keys(one.args).length > 0 ? ` ${JSON.stringify(one.args)}` : '';
      return `robot does: ${one.name} ${one.status}${args}`;
    }
    case 'report':
      return `robot reports: ${one.name}${one.data ? ` ${JSON.stringify(one.data)}` : ''}`;
    case 'error':
      return `robot error: ${one.code}: ${one.message}`;
    default:
      return undefined;
  }
}
