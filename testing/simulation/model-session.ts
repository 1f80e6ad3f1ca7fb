import type { VirtualClock } from '../../machines/clock.ts';
import { PacedPosition } from '../../machines/heard-check.ts';
import { type KernelEvent, SessionKernel, type Step } from '../../machines/kernel.ts';
import type { EventSource } from '../../machines/log.ts';
import type { SpawnCommand } from '../../machines/session/commands.ts';
import type { SessionInput } from '../../machines/session/context.ts';
import type { ChildKind, SessionEvent } from '../../machines/session/events.ts';
import type { SessionMachine } from '../../machines/session/machine.ts';
import type { PublicState } from '../../machines/wire.ts';
import type { Audit } from './audit.ts';
import { chartDetail } from './chart-detail.ts';
import type { Faults } from './faults.ts';
import type { Finding } from './findings.ts';
import { errorOf, type ModelChild, ModelTrack } from './model-child.ts';
import { ModelDraft, modelChild } from './model-children.ts';
import type { Random } from './random.ts';
import type { UserAct } from './script.ts';
import { claim, type Voiced, voiced } from './user.ts';

export interface ModelSessionOptions {
  readonly session: string;
  readonly machine: SessionMachine;
  readonly input: SessionInput;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly random: Random;
  readonly audit: Audit;
  readonly found: (finding: Finding) => void;
  readonly onState: (state: PublicState) => void;
}

interface Living {
  readonly kind: ChildKind;
  readonly name: string;
  readonly generation: number;
  child?: ModelChild;
}

/** How long after its first sound speech is noticed, and how much silence ends it, ms. */
const ONSET_MS = 70;
const SILENCE_MS = 128;
/** Sound shorter than this is not noticed. */
const SHORTEST_MS = 60;

/** A session of the kernel level: the real kernel, and around it nothing but models. */
export class ModelSession {
  readonly #options: ModelSessionOptions;
  readonly #kernel: SessionKernel;
  readonly #startMs: number;
  readonly #children = new Map<ChildKind, Living>();
  readonly #inbox: { readonly event: SessionEvent; readonly source: EventSource; readonly from?: Living }[] =
    [];
  readonly #spoken: Voiced[] = [];
  #track = new ModelTrack();
  #draft: ModelDraft | undefined;
  #replies = 0;
  #busy = false;
  #deaf = false;
  #speechUntilMs = Number.NEGATIVE_INFINITY;
  /** Where the client is in the reply, by what reached it. */
  #heard = new PacedPosition(24_000);

  constructor(options: ModelSessionOptions) {
    this.#options = options;
    this.#startMs = options.clock.nowMs();
    this.#kernel = new SessionKernel(options.machine, options.input);
    this.#execute(this.#kernel.initial);
  }

  get state(): PublicState {
    return this.#kernel.state;
  }

  get ended(): boolean {
    return this.#kernel.ended;
  }

  /** When the next delay of the chart is due, on the clock. */
  nextTimerAtMs(): number | undefined {
    const dueMs = this.ended ? undefined : this.#kernel.nextTimerAtMs();
    return dueMs === undefined ? undefined : dueMs + this.#startMs;
  }

  /** Lets the delays fire that are due. */
  wake(): void {
    this.#drain();
  }

  do(act: UserAct): void {
    switch (act.type) {
      case 'speak':
      case 'mumble':
        this.#speak(voiced(act));
        return;
      case 'text':
        this.#receive({ type: 'text', text: act.text }, 'client');
        return;
      case 'played':
        this.#receive(
          {
            type: 'played',
            generation: this.#kernel.context.generation,
            samples: claim(this.#heard.at(this.#nowMs()), act.lie),
          },
          'client',
        );
        return;
      case 'flood':
        for (let i = 0; i < act.count; i++) this.#flood();
        return;
      case 'hangUp':
        this.#receive({ type: act.how }, 'client');
        return;
      default:
        this.#receive(act, 'client');
    }
  }

  #flood(): void {
    const { random } = this.#options;
    const event = random.pick<SessionEvent>([
      { type: 'interrupt' },
      { type: 'text', text: 'and another thing' },
      { type: 'played', generation: random.int(0, 50), samples: random.int(0, 1_000_000) },
      { type: 'rearm' },
    ]);
    this.#receive(event, 'client');
  }

  #speak(stretches: readonly Voiced[]): void {
    const { clock, faults } = this.#options;
    if (faults.does('vad.error') && !this.#deaf) {
      this.#deaf = true;
      this.#receive({ type: 'ear.failed', error: errorOf('VAD_FAILED') }, 'ear');
    }
    const beginMs = Math.max(this.#nowMs(), this.#speechUntilMs + SILENCE_MS + 1);
    for (const { fromMs, toMs, text } of stretches) {
      this.#spoken.push({ fromMs: beginMs + fromMs, toMs: beginMs + toMs, text });
      this.#speechUntilMs = beginMs + toMs;
      if (toMs - fromMs < SHORTEST_MS || this.#deaf) continue;
      const sample = (beginMs + fromMs) * 16;
      clock.setTimer(beginMs + fromMs + ONSET_MS - this.#nowMs(), () =>
        this.#receive({ type: 'speech.start', sample, ageMs: ONSET_MS }, 'ear'),
      );
      clock.setTimer(beginMs + toMs + SILENCE_MS - this.#nowMs(), () =>
        this.#receive({ type: 'speech.stop', sample: (beginMs + toMs) * 16, ageMs: SILENCE_MS }, 'ear'),
      );
    }
    while (this.#spoken.length > 20) this.#spoken.shift();
  }

  #nowMs(): number {
    return this.#options.clock.nowMs() - this.#startMs;
  }

  #receive(event: SessionEvent, source: EventSource, from?: Living): void {
    this.#inbox.push(from ? { event, source, from } : { event, source });
    this.#drain();
  }

  #drain(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.#fireTimers();
      for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) this.#handle(next);
    } catch (thrown) {
      this.#find('defect', String(thrown));
    } finally {
      this.#busy = false;
    }
  }

  #fireTimers(): void {
    const nowMs = this.#nowMs();
    for (let timer = this.#kernel.takeTimer(nowMs); timer; timer = this.#kernel.takeTimer(nowMs))
      this.#step(timer.event, 'timer', timer.dueMs);
  }

  #handle({ event, source, from }: { event: SessionEvent; source: EventSource; from?: Living }): void {
    const { audit } = this.#options;
    if (from && this.#children.get(from.kind) !== from) {
      audit.observe({
        type: 'stale',
        atMs: this.#nowMs(),
        child: from.name,
        generation: from.generation,
        event,
      });
      return;
    }
    if (from && event.type.startsWith('xstate.'))
      this.#bury(from, event.type.startsWith('xstate.done') ? 'done' : 'error');
    this.#step(event, source, this.#nowMs());
  }

  #step(event: KernelEvent, source: EventSource, atMs: number): void {
    const { audit, onState } = this.#options;
    const before = this.#kernel.state;
    const step = this.#kernel.step(event, atMs);
    audit.observe({
      type: 'event',
      seq: step.seq,
      atMs: step.atMs,
      source,
      event,
      state: this.#kernel.state,
    });
    this.#compare(audit);
    this.#execute(step);
    if (this.#kernel.state !== before) onState(this.#kernel.state);
  }

  #compare({ oracle }: Audit): void {
    const actual = chartDetail(this.#kernel.value);
    const { turn, generation } = this.#kernel.context;
    if (actual !== oracle.detail)
      this.#find('oracle', `the oracle is at ${oracle.detail}, the kernel at ${actual}`);
    if (turn !== oracle.turn || generation !== oracle.generation)
      this.#find('oracle', `turn ${oracle.turn}, generation ${oracle.generation} are ${turn}, ${generation}`);
  }

  #execute(step: Step): void {
    const { audit } = this.#options;
    for (const command of step.commands) {
      audit.observe({ type: 'command', seq: step.seq, atMs: step.atMs, command });
      if (command.type === 'publish' && command.message.type === 'duck')
        this.#heard.duck(this.#nowMs(), command.message.on);
      if (command.type === 'spawn') this.#spawn(command);
      else if (command.type === 'send') this.#children.get(command.child)?.child?.take(command.message);
      else if (command.type === 'stop') {
        const living = this.#children.get(command.child);
        if (!living) continue;
        this.#bury(living, 'cancelled');
        living.child?.stop();
      }
    }
  }

  #spawn(command: SpawnCommand): void {
    const { audit, clock, faults, random, session, input } = this.#options;
    const { turn, generation: current } = this.#kernel.context;
    const kind = command.child;
    const generation =
      command.child === 'stt'
        ? command.input.utterance
        : command.child === 'draft'
          ? command.input.generation
          : current;
    if (kind === 'tts') this.#track = new ModelTrack();
    if (kind === 'playback') this.#heard = new PacedPosition(input.outputRate);
    const living: Living = { kind, name: `${session}/${turn}/${kind}/${generation}`, generation };
    this.#children.set(kind, living);
    audit.observe({ type: 'child.start', atMs: this.#nowMs(), child: living.name, kind, generation });
    living.child = modelChild(
      command,
      {
        clock,
        faults,
        random,
        rate: input.outputRate,
        spoken: this.#spoken,
        track: this.#track,
        ...(command.child === 'llm' && command.input.drafted && this.#draft ? { draft: this.#draft } : {}),
        nowMs: () => this.#nowMs(),
        nextReply: () => this.#replies++,
        frame: (seq, samples) => {
          this.#heard.frame(this.#nowMs(), samples);
          audit.observe({ type: 'frame', atMs: this.#nowMs(), generation, seq, samples });
        },
      },
      (event) => this.#receive(event, kind, living),
    );
    if (living.child instanceof ModelDraft) this.#draft = living.child;
    living.child.start();
  }

  #bury(living: Living, how: 'done' | 'error' | 'cancelled'): void {
    const { kind, name, generation } = living;
    this.#children.delete(kind);
    this.#options.audit.observe({
      type: 'child.end',
      atMs: this.#nowMs(),
      child: name,
      kind,
      generation,
      how,
    });
  }

  #find(by: Finding['by'], what: string): void {
    this.#options.found({ by, what, session: this.#options.session, seq: -1 });
  }
}
