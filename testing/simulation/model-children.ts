/** Children as the kernel level has them: modelled in a few lines, on the clock, without promises. */
import type { LlmEvent } from '../../actors/ports/llm.ts';
import { FRAME_MS, samplesInMs } from '../../machines/audio.ts';
import type { ErrorRecord } from '../../machines/errors.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { WordMark } from '../../machines/policies/heard.ts';
import { joinText } from '../../machines/policies/text.ts';
import type { ChildMessage, SpawnCommand } from '../../machines/session/commands.ts';
import type { SessionEvent } from '../../machines/session/events.ts';
import { fillerPlan, hasFiller } from './fillers.ts';
import { errorOf, ModelChild, type ModelScope } from './model-child.ts';
import { ModelPlayback } from './model-playback.ts';
import { actionPlan, llmPlan, memoryPlan, sttPlan, ttsPlan } from './plans.ts';

class ModelStt extends ModelChild {
  readonly #fromMs: number;
  readonly #plan = sttPlan(this.scope.faults, this.scope.random);
  #told = '';
  #over = false;

  constructor(scope: ModelScope, tell: (event: SessionEvent) => void, fromSample: number) {
    super(scope, tell);
    this.#fromMs = fromSample / 16 - 300;
    this.late = this.#plan.late;
  }

  start(): void {
    for (const ms of [60, 140, 300, 600, 1_000]) this.after(ms, () => this.#partial());
    if (this.#plan.earlyMs !== null) this.after(this.#plan.earlyMs, () => this.#finish());
  }

  override take(message: ChildMessage): void {
    if (message.type === 'finish') this.#finish();
  }

  #finish(): void {
    if (this.#over || this.#plan.end === 'hang') return;
    this.#over = true;
    this.after(this.#plan.finalMs, () => {
      const { end } = this.#plan;
      if (end === 'done')
        this.tell({ type: 'xstate.done.actor.stt', output: { text: this.#plan.spoil(this.#heard()) } });
      else
        this.tell({
          type: 'xstate.error.actor.stt',
          error: errorOf(end === 'STT_FAILED' ? end : 'ENGINE_PROTOCOL'),
        });
    });
  }

  #partial(): void {
    const text = this.#heard();
    if (this.#over || text === this.#told) return;
    this.#told = text;
    for (let i = 0; i < this.#plan.repeats; i++) this.tell({ type: 'transcript.partial', text });
  }

  #heard(): string {
    const nowMs = this.scope.nowMs();
    let text = '';
    for (const { fromMs, toMs, text: words } of this.scope.spoken) {
      if (toMs < this.#fromMs || fromMs + 50 > nowMs) continue;
      text = joinText(text, toMs <= nowMs ? words : (words.split(' ')[0] ?? ''));
    }
    return text;
  }
}

class ModelMemory extends ModelChild {
  start(): void {
    const { afterMs, fails } = memoryPlan(this.scope.faults, this.scope.random);
    this.after(afterMs, () =>
      this.tell(
        fails
          ? { type: 'xstate.error.actor.memory', error: errorOf('MEMORY_FAILED') }
          : { type: 'xstate.done.actor.memory', output: { facts: ['the user likes tea'] } },
      ),
    );
  }
}

/** Asks as the reply's LLM would, and keeps what it gets until that takes over. */
export class ModelDraft extends ModelChild {
  readonly #recalls: boolean;
  readonly #kept: SessionEvent[] = [];
  #reader: ((event: SessionEvent) => void) | undefined;

  constructor(scope: ModelScope, tell: (event: SessionEvent) => void, recalls: boolean) {
    super(scope, tell);
    this.#recalls = recalls;
  }

  start(): void {
    const { faults, random, nextReply } = this.scope;
    const recallMs = this.#recalls ? memoryPlan(faults, random).afterMs : 0;
    const give = (event: SessionEvent) => (this.#reader ? this.#reader(event) : this.#kept.push(event));
    this.after(Math.min(recallMs, defaultParameters.deadlines.recallMs), () =>
      this.follow(
        llmPlan(faults, random, nextReply()),
        (event) => give(toldByLlm(event)),
        (error) => {
          if (error && !this.#reader) this.tell({ type: 'xstate.error.actor.draft', error });
          give(endOfLlm(error));
        },
      ),
    );
  }

  handOver(reader: (event: SessionEvent) => void): void {
    this.#reader = reader;
    for (const event of this.#kept.splice(0)) reader(event);
  }

  /** The reply that has taken over does not need it any more. */
  release(): void {
    super.stop();
  }

  override stop(): void {
    if (!this.#reader) super.stop();
  }
}

class ModelLlm extends ModelChild {
  start(): void {
    const { draft, faults, random, nextReply } = this.scope;
    // At once, but not before the draft's end.
    if (draft) draft.handOver((event) => this.after(0, () => this.tell(event)));
    else
      this.follow(
        llmPlan(faults, random, nextReply()),
        (event) => this.tell(toldByLlm(event)),
        (error) => this.tell(endOfLlm(error)),
      );
  }

  override stop(): void {
    super.stop();
    this.scope.draft?.release();
  }
}

function toldByLlm(event: LlmEvent): SessionEvent {
  return event.type === 'delta'
    ? { type: 'llm.delta', text: event.text }
    : { type: 'llm.action', id: event.id, name: event.name, args: event.args };
}

function endOfLlm(error: ErrorRecord | null): SessionEvent {
  return error ? { type: 'xstate.error.actor.llm', error } : { type: 'xstate.done.actor.llm' };
}

class ModelTts extends ModelChild {
  readonly #queue: { readonly segment: number; readonly text: string }[] = [];
  #busy = false;
  #closing = false;

  start(): void {}

  override take(message: ChildMessage): void {
    if (message.type === 'segment') this.#queue.push(message);
    else if (message.type === 'end') this.#closing = true;
    else if (message.type === 'filler') this.after(0, () => this.#fill(message.text));
    this.#go();
  }

  override stop(): void {
    super.stop();
    this.scope.track.ended = true;
  }

  /** Into the track as a whole, if nothing else is there yet. */
  #fill(text: string): void {
    const { faults, random, rate, track } = this.scope;
    if (!hasFiller(faults)) {
      this.#tellFiller(0);
      return;
    }
    const { afterMs, ms, end } = fillerPlan(faults, random, text);
    if (end === 'hang') return;
    this.after(afterMs, () => {
      const frames = Math.ceil(ms / FRAME_MS);
      const samples = end === 'done' && track.written === 0 ? frames * samplesInMs(FRAME_MS, rate) : 0;
      this.#tellFiller(samples);
      if (this.stopped || track.ended) return;
      track.written += samples;
      track.onWrite();
    });
  }

  #tellFiller(samples: number): void {
    if (!this.scope.track.ended) this.tell({ type: 'filler.audio', samples });
  }

  #go(): void {
    if (this.#busy || this.stopped) return;
    const next = this.#queue.shift();
    if (!next) {
      if (!this.#closing) return;
      this.#busy = true;
      this.after(0, () => this.#end(null));
      return;
    }
    this.#busy = true;
    this.after(0, () => this.#speak(next.segment, next.text));
  }

  #speak(segment: number, text: string): void {
    const { faults, random, rate, track } = this.scope;
    this.tell({ type: 'segment.started', segment });
    if (this.stopped) return;
    const words: WordMark[] = [];
    let samples = 0;
    this.follow(
      ttsPlan(faults, random, text),
      (sound) => {
        if (sound.type === 'word')
          words.push({ sample: samplesInMs(sound.atMs, rate), offset: sound.offset });
        else {
          const piece = samplesInMs(sound.ms, rate);
          samples += piece;
          if (!this.stopped) track.written += piece;
          this.tell({ type: 'segment.audio', segment, samples, words: [...words], ready: false });
          if (!this.stopped) track.onWrite();
        }
      },
      (error) => {
        if (error) this.#end(error);
        else if (samples === 0 && /[\p{L}\p{N}]/u.test(text)) this.#end(errorOf('TTS_FAILED'));
        else {
          this.tell({ type: 'segment.audio', segment, samples, words: [...words], ready: true });
          this.#busy = false;
          this.#go();
        }
      },
    );
  }

  #end(error: ErrorRecord | null): void {
    if (!this.stopped) this.scope.track.ended = true;
    this.tell(error ? { type: 'xstate.error.actor.tts', error } : { type: 'xstate.done.actor.tts' });
    if (!this.stopped || error) this.scope.track.onWrite();
  }
}

class ModelActions extends ModelChild {
  #running = 0;
  readonly #abandoned = new Set<string>();
  #closing = false;

  start(): void {}

  override take(message: ChildMessage): void {
    if (message.type === 'abandon' && !this.#abandoned.has(message.id)) {
      this.#abandoned.add(message.id);
      this.#running -= 1;
      this.after(0, () => this.#endIfIdle());
    }
    if (message.type === 'end') {
      this.#closing = true;
      this.after(0, () => this.#endIfIdle());
    }
    if (message.type !== 'run') return;
    const { id } = message;
    const { afterMs, end } = actionPlan(this.scope.faults, this.scope.random);
    this.#running += 1;
    if (end === 'hang') return;
    this.after(afterMs, () => {
      if (this.#abandoned.has(id)) return;
      this.#abandoned.add(id);
      this.#running -= 1;
      this.tell(
        end === 'done'
          ? { type: 'action.done', id, result: null }
          : { type: 'action.failed', id, error: errorOf(end) },
      );
      this.#endIfIdle();
    });
  }

  #endIfIdle(): void {
    if (this.#closing && this.#running === 0 && !this.stopped) {
      this.#closing = false;
      this.tell({ type: 'xstate.done.actor.actions' });
    }
  }
}

export function modelChild(
  command: SpawnCommand,
  scope: ModelScope,
  tell: (event: SessionEvent) => void,
): ModelChild {
  switch (command.child) {
    case 'stt':
      return new ModelStt(scope, tell, command.input.fromSample);
    case 'draft':
      return new ModelDraft(scope, tell, command.input.recalls);
    case 'memory':
      return new ModelMemory(scope, tell);
    case 'llm':
      return new ModelLlm(scope, tell);
    case 'tts':
      return new ModelTts(scope, tell);
    case 'playback':
      return new ModelPlayback(scope, tell);
    case 'actions':
      return new ModelActions(scope, tell);
  }
}
