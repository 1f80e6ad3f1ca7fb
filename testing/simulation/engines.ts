/** Engines, memory, robot and store of the simulation: they follow the plans on the virtual clock. */
import type { ActionPort } from '../../actors/ports/action.ts';
import type { LlmEngine, LlmEvent } from '../../actors/ports/llm.ts';
import type { MemoryPort } from '../../actors/ports/memory.ts';
import type { Resampler, ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { Store } from '../../actors/ports/store.ts';
import type { SttEngine, SttEvent } from '../../actors/ports/stt.ts';
import type { TtsEngine, TtsEvent } from '../../actors/ports/tts.ts';
import type { VadEngine, VadWindow } from '../../actors/ports/vad.ts';
import { msOfSamples, type Pcm, PIPELINE_RATE, samplesInMs } from '../../machines/audio.ts';
import type { LoopClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { joinText } from '../../machines/policies/text.ts';
import { hang, pause } from '../scripted-engines.ts';
import type { FaultChoice } from './faults.ts';
import { actionPlan, llmPlan, memoryPlan, type Plan, sttPlan, ttsPlan } from './plans.ts';
import type { Random } from './random.ts';
import { callable } from './tools.ts';

/** Meaningful sounds: a sample's value is the number of the words that it stands for. */
export class Vocabulary {
  readonly #words: string[] = [];
  readonly #speakers: string[] = [];

  /** The sample value of `text` in the voice of `speaker`, valid for the next 30,000 texts. */
  valueOf(text: string, speaker = ''): number {
    const value = FIRST_WORD + (this.#words.length % WORDS);
    this.#words.push(text);
    this.#speakers.push(speaker);
    return value;
  }

  wordsOf(value: number): string {
    return this.#words[this.#indexOf(value)] ?? '';
  }

  speakerOf(value: number): string {
    return this.#speakers[this.#indexOf(value)] ?? '';
  }

  #indexOf(value: number): number {
    const index = value - FIRST_WORD;
    return index + Math.floor((this.#words.length - 1 - index) / WORDS) * WORDS;
  }
}

/** Decodes the words of an utterance. */
export class Listener {
  /** So far. */
  text = '';
  readonly #said: Vocabulary;
  #last = 0;

  constructor(said: Vocabulary) {
    this.#said = said;
  }

  /** Yields the text after each new word. */
  *hear(samples: Int16Array): Generator<string> {
    for (let i = 0; i < samples.length; i += 80) {
      const value = samples[i] ?? 0;
      if (value < FIRST_WORD || value === this.#last) continue;
      this.#last = value;
      this.text = joinText(this.text, this.#said.wordsOf(value));
      yield this.text;
    }
  }
}

/** A loud sound without words. */
export const MUMBLE = 900;
export const FIRST_WORD = 1_000;
const WORDS = 30_000;
const LOUD = 500;
const TTS_RATE = 24_000;
const VAD_WINDOW = 512;

export interface EngineWorld {
  readonly clock: LoopClock;
  readonly faults: FaultChoice;
  readonly random: Random;
  /** Sounds of the users. */
  readonly said: Vocabulary;
  /** Sounds of Parley. */
  readonly spoken: Vocabulary;
  /** The worker of this kind dies now. */
  readonly die: (kind: 'tts') => void;
}

/** Waits, even if the request ends. */
function wait(clock: Pick<LoopClock, 'setTimer'>, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve));
}

async function* follow<Event>(
  { clock }: EngineWorld,
  plan: Plan<Event>,
  signal: AbortSignal,
  onLost: () => void,
): AsyncGenerator<Event, void, void> {
  const rest = (ms: number) => (plan.late ? wait(clock, ms) : pause(clock, ms, signal));
  for (const { afterMs, event } of plan.steps) {
    if (afterMs > 0) await rest(afterMs);
    yield event;
  }
  if (plan.end === 'hang') await hang(signal);
  if (plan.endMs > 0) await rest(plan.endMs);
  if (plan.end === 'done') return;
  if (plan.end === 'ENGINE_LOST') {
    onLost();
    await hang(signal);
  } else if (plan.end !== 'hang') throw new ParleyError(plan.end, 'as planned');
}

export function plannedLlm(world: EngineWorld, name = 'planned'): LlmEngine {
  let asked = 0;
  return {
    name,
    reply: (request, signal): AsyncIterable<LlmEvent> =>
      follow(world, llmPlan(world.faults, world.random, asked++, callable(request)), signal, () => {}),
    close: async () => {},
  };
}

export function plannedTts(world: EngineWorld, name = 'planned'): TtsEngine {
  return {
    name,
    async *synthesize({ text }, signal): AsyncGenerator<TtsEvent, void, void> {
      const plan = ttsPlan(world.faults, world.random, text);
      const values = valuesOf(text, world.spoken, name);
      let atSample = 0;
      for await (const event of follow(world, plan, signal, () => world.die('tts'))) {
        if (event.type === 'word') {
          const { atMs, offset, length } = event;
          yield { type: 'word', sample: samplesInMs(atMs, TTS_RATE), offset, length };
          continue;
        }
        const samples = new Int16Array(samplesInMs(event.ms, TTS_RATE));
        fill(samples, atSample, values, samplesInMs(plan.msPerChar, TTS_RATE));
        atSample += samples.length;
        yield { type: 'audio', pcm: { rate: TTS_RATE, samples } };
      }
    },
    close: async () => {},
  };
}

/** Where each word begins, in characters, and its sample value, which lasts until the next word. */
function valuesOf(
  text: string,
  spoken: Vocabulary,
  speaker: string,
): { readonly offset: number; readonly value: number }[] {
  return [...text.matchAll(/\S+/gu)].map(({ index, 0: word }) => ({
    offset: index,
    value: spoken.valueOf(word, speaker),
  }));
}

function fill(
  samples: Int16Array,
  atSample: number,
  values: readonly { readonly offset: number; readonly value: number }[],
  perChar: number,
): void {
  for (const [i, { offset, value }] of values.entries()) {
    const next = values[i + 1];
    const from = (i === 0 ? 0 : offset * perChar) - atSample;
    const to = next ? next.offset * perChar - atSample : samples.length;
    if (to > 0 && from < samples.length) samples.fill(value, Math.max(0, from), Math.min(samples.length, to));
  }
}

/** Below what the simulated sessions act on. */
const UNSURE = 0.4;
const ANSWERS: ReadonlySet<string> = new Set(['yes', 'no']);

export function plannedStt(world: EngineWorld, name = 'planned'): SttEngine {
  const { clock, said } = world;
  let asked = false;
  return {
    name,
    async *transcribe(audio, _request, signal): AsyncGenerator<SttEvent, void, void> {
      const plan = sttPlan(world.faults, world.random);
      const listener = new Listener(said);
      let heardMs = 0;
      for await (const { samples } of audio) {
        heardMs += msOfSamples(samples.length, PIPELINE_RATE);
        for (const text of listener.hear(samples))
          for (let n = 0; n < plan.repeats; n++) yield { type: 'partial', text };
        if (plan.earlyMs !== null && heardMs >= plan.earlyMs + 300) break;
      }
      if (plan.end === 'hang') await hang(signal);
      await (plan.late ? wait(clock, plan.finalMs) : pause(clock, plan.finalMs, signal));
      if (plan.end === 'noFinal') return;
      if (plan.end !== 'done' && plan.end !== 'hang') throw new ParleyError(plan.end, 'as planned');
      const heard = plan.spoil(listener.text);
      const text = asked && heard !== '' ? plan.answer : heard;
      const isUnsure = plan.unsure || (ANSWERS.has(text) && world.faults.does('stt.unsureAnswer'));
      asked = isUnsure && text !== '';
      yield { type: 'final', text, ...(asked && { confidence: UNSURE }) };
    },
    close: async () => {},
  };
}

/** Detects whether a window is loud. */
export function plannedVad({ faults }: EngineWorld): VadEngine {
  return {
    name: 'planned',
    open(onWindow: (window: VadWindow) => void, onError: (error: Error) => void) {
      let at = 0;
      let held = 0;
      let heldLoud = false;
      let open = true;
      /** Loud windows one after another. */
      let loudFor = 0;
      const window = (loud: boolean) => {
        if (loud && loudFor === 0 && faults.does('vad.error')) {
          open = false;
          onError(new ParleyError('VAD_FAILED', 'as planned'));
        }
        loudFor = loud ? loudFor + 1 : 0;
        // Two doubtful windows are a hint, and no start.
        const probability = !loud ? 0.01 : loudFor <= 2 ? 0.65 : 0.99;
        if (open) onWindow({ startSample: at, samples: VAD_WINDOW, probability });
        at += VAD_WINDOW;
      };
      return {
        push({ samples }) {
          for (let i = 0; open && i < samples.length; ) {
            const count = Math.min(VAD_WINDOW - held, samples.length - i);
            // A sound does not begin and end within a window, so its first and last samples decide.
            heldLoud ||= (samples[i] ?? 0) > LOUD || (samples[i + count - 1] ?? 0) > LOUD;
            held += count;
            i += count;
            if (held < VAD_WINDOW) continue;
            window(heldLoud);
            held = 0;
            heldLoud = false;
          }
        },
        close: () => {
          open = false;
        },
      };
    },
    close: async () => {},
  };
}

export function plannedMemory({ clock, faults, random }: EngineWorld): MemoryPort {
  let recalls = 0;
  return {
    async recall({ text }, signal) {
      const { afterMs, end } = memoryPlan(faults, random);
      recalls += 1;
      await pause(clock, afterMs, signal);
      if (end === 'hang') await hang(signal);
      if (end === 'MEMORY_FAILED') throw new ParleyError(end, 'as planned');
      if (end === 'garbage') return JSON.parse('{"facts":7}');
      return ['drink: tea', `mood: ${recalls % 3}`, `${text} was said before`];
    },
  };
}

export function plannedRobot({ clock, faults, random }: EngineWorld): ActionPort {
  return {
    async run({ name, reported }, signal) {
      if (reported) await hang(signal);
      const { afterMs, end } = actionPlan(faults, random, name);
      if (end === 'hang') await hang(signal);
      await pause(clock, afterMs, signal);
      if (end === 'ACTION_FAILED') throw new ParleyError('ACTION_FAILED', 'as planned');
      return null;
    },
  };
}

export function plannedStore({ clock, faults, random }: EngineWorld, onFailure: () => void): Store {
  return {
    saveSession: async () => {},
    endSession: async () => {},
    async saveTurn() {
      if (faults.does('store.slow')) await wait(clock, random.ms(50, 2_000));
      if (!faults.does('store.error')) return;
      onFailure();
      throw new ParleyError('STORE_FAILED', 'as planned');
    },
    sessions: async () => [],
    turns: async () => [],
    close: async () => {},
  };
}

/** Takes the nearest sample, so that values keep their meaning. */
export const nearestResampler: ResamplerFactory = {
  create<From extends number, To extends number>(from: From, to: To): Resampler<From, To> {
    let taken = 0;
    let given = 0;
    return {
      from,
      to,
      push({ samples }: Pcm<From>): Pcm<To> {
        if (Number(from) === Number(to)) return { rate: to, samples };
        const end = Math.floor(((taken + samples.length) * to) / from);
        const out = new Int16Array(end - given);
        for (let i = 0; i < out.length; i++) {
          const at = Math.floor(((given + i) * from) / to) - taken;
          out[i] = samples[Math.min(samples.length - 1, Math.max(0, at))] ?? 0;
        }
        given = end;
        taken += samples.length;
        return { rate: to, samples: out };
      },
      flush: () => ({ rate: to, samples: new Int16Array(0) }),
      close: () => {},
    };
  },
};
