/**
 * A conversation in which a fast-check scheduler decides the order: of every answer of every engine, and of every
 * message.
 */
import type { Scheduler } from 'fast-check';
import type { ActionPort } from '../../actors/ports/action.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import type { MemoryPort } from '../../actors/ports/memory.ts';
import type { SttEngine } from '../../actors/ports/stt.ts';
import type { TtsEngine } from '../../actors/ports/tts.ts';
import type { VadEngine, VadWindow } from '../../actors/ports/vad.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import type { Delivery, Pump } from '../../adapters/bus/pump.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { LogEntry } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { Conversation, settle } from '../../testing/conversation.ts';

/** One act of the user, after `after` turns of the others. */
export type Act = { readonly after: number } & Deed;

type Deed =
  | { readonly type: 'text' | 'interrupt' | 'halt' | 'rearm' | 'speech.start' | 'speech.stop' }
  | { readonly type: 'played'; readonly generation: number; readonly samples: number }
  | { readonly type: 'wait'; readonly ms: number };

export interface Race {
  readonly acts: readonly Act[];
  /** What STT understands, utterance by utterance; the last entry repeats. */
  readonly words: readonly string[];
  /** Utterance by utterance: whether the final words exceed the partial ones; false after the last entry. */
  readonly more: readonly boolean[];
  /** Whether recognition waits for the end of the audio, as it should. */
  readonly patient: boolean;
  /** Which engines fail at the end of their answer instead of ending it. */
  readonly fails: readonly ('stt' | 'llm' | 'tts' | 'memory' | 'action')[];
  /** Whether everything that is ready runs to its end between two steps, step by step; true after the last entry. */
  readonly calm: readonly boolean[];
}

const HALT = 'stop now';
const PIECE = new Int16Array(24_000).fill(1_000);
const VAD_WINDOW = 512;
/** Longer than every deadline. */
const TAIL_MS = 120_000;
const MAX_STEPS = 3_000;

/** Runs a race, then lets it come to rest; returns the violations (must be empty) and the final state. */
export async function runRace(scheduler: Scheduler, race: Race) {
  const clock = new VirtualClock({ settle });
  const pump = scheduledPump(scheduler);
  const ear = puppetVad();
  const engines = scheduledEngines(scheduler, race);
  const talk = new Conversation({
    clock,
    bus: inProcessBus({ pump, clock }),
    resamplers: await speexResampler(),
    vad: ear.engine,
    parameters: {
      ...defaultParameters,
      words: { ...defaultParameters.words, halt: [HALT] },
    },
    ...engines,
  });
  const perform = async (act: Deed) => {
    switch (act.type) {
      case 'wait':
        return clock.advance(act.ms);
      case 'speech.start':
        return ear.hear(0.99, 3);
      case 'speech.stop':
        return ear.hear(0.01, 6);
      case 'text':
        return talk.send({ type: 'text', text: 'what time is it?' });
      case 'played':
        return talk.send(act);
      default:
        return talk.send({ type: act.type });
    }
  };
  scheduler.scheduleSequence(
    race.acts.flatMap(({ after, ...deed }) => [
      ...Array.from({ length: after }, () => async () => {}),
      { label: JSON.stringify(deed), builder: () => perform(deed) },
    ]),
  );
  await settle();
  for (let step = 0; scheduler.count() > 0; step++) {
    if (step > MAX_STEPS) throw new Error('the race does not come to rest');
    await scheduler.waitNext(1);
    if (scheduler.count() === 0 || (race.calm[step] ?? true)) await settle();
  }
  // A quiet tail: nothing races any more, and every deadline may expire.
  pump.release();
  await ear.hear(0.01, 10);
  await clock.advance(TAIL_MS);
  const rested = talk.state;
  const speculations = speculationsOf(talk.log);
  const { violations, divergence } = await talk.end();
  const defects = talk.problems.filter((problem) => !(problem instanceof ParleyError));
  return { rested, violations, divergence, defects, speculations, messages: talk.heard };
}

/** Number of speculations, and how many of them were taken over. */
function speculationsOf(log: readonly LogEntry[]): { readonly begun: number; readonly taken: number } {
  const spawned = log.flatMap((entry) =>
    entry.type === 'command' && entry.command.type === 'spawn' ? [entry.command] : [],
  );
  return {
    begun: spawned.filter(({ child }) => child === 'speculation').length,
    taken: spawned.filter((one) => one.child === 'llm' && one.input.speculated).length,
  };
}

/** Keeps the order of one publisher's messages to one receiver, as a bus must, and no other order. */
function scheduledPump(scheduler: Scheduler): Pump & { release(): void } {
  const lanes = new Map<string, Delivery[]>();
  let free = false;
  const next = (lane: Delivery[]) => lane.shift()?.deliver();
  return {
    push(delivery) {
      const name = laneOf(delivery.pattern);
      const lane = lanes.get(name) ?? [];
      lanes.set(name, lane);
      lane.push(delivery);
      if (free) queueMicrotask(() => next(lane));
      else void scheduler.schedule(Promise.resolve(), delivery.subject).then(() => next(lane));
    },
    flush: async () => {},
    drain: async () => {
      for (const lane of lanes.values()) while (lane.length > 0) next(lane);
    },
    release() {
      free = true;
    },
  };
}

/**
 * The session is one publisher to the workers and to the client; to the session, each request's inbox is a publisher of
 * its own.
 */
function laneOf(pattern: string): string {
  if (/\.(?:work|cancel)\./.test(pattern)) return 'workers';
  if (/\.out$/.test(pattern)) return 'client';
  return pattern;
}

function puppetVad() {
  let onWindow: (window: VadWindow) => void = () => {};
  let at = 0;
  const engine: VadEngine = {
    name: 'puppet',
    open(emit) {
      onWindow = emit;
      return { push: () => {}, close: () => {} };
    },
    close: async () => {},
  };
  const hear = async (probability: number, windows: number) => {
    for (let i = 0; i < windows; i++, at += VAD_WINDOW)
      onWindow({ startSample: at, samples: VAD_WINDOW, probability });
  };
  return { engine, hear };
}

/** Engines that answer when the scheduler decides, more than once where they can, and ignore aborts. */
function scheduledEngines(scheduler: Scheduler, { words, more, patient, fails }: Race) {
  const turn = (label: string) => scheduler.schedule(Promise.resolve(), label);
  let utterances = 0;
  const stt: SttEngine = {
    name: 'scheduled',
    async *transcribe(audio) {
      const partial = words[Math.min(utterances, words.length - 1)] ?? '';
      const text = more[utterances++] ? `${partial} now` : partial;
      await turn('stt partial');
      yield { type: 'partial', text: partial };
      if (patient) for await (const _piece of audio);
      await turn('stt final');
      if (fails.includes('stt')) throw new ParleyError('STT_FAILED', 'as raced');
      yield { type: 'final', text };
      await turn('stt final again');
      yield { type: 'final', text: 'twice' };
    },
    close: async () => {},
  };
  const llm: LlmEngine = {
    name: 'scheduled',
    async *reply() {
      await turn('llm delta');
      yield { type: 'delta', text: 'This is a sentence of some length. ' };
      await turn('llm action');
      yield { type: 'action', id: 'a', name: 'wave', args: {} };
      await turn('llm action again');
      yield { type: 'action', id: 'a', name: 'wave', args: {} };
      await turn('llm delta');
      yield { type: 'delta', text: 'And this is another one, longer still. ' };
      await turn('llm end');
      if (fails.includes('llm')) throw new ParleyError('LLM_FAILED', 'as raced');
    },
    close: async () => {},
  };
  const tts: TtsEngine = {
    name: 'scheduled',
    async *synthesize(request) {
      await turn('tts word');
      yield { type: 'word', sample: 0, offset: 0, length: request.text.trimEnd().indexOf(' ') };
      await turn('tts audio');
      yield { type: 'audio', pcm: { rate: 24_000, samples: PIECE } };
      await turn('tts audio');
      yield { type: 'audio', pcm: { rate: 24_000, samples: PIECE } };
      await turn('tts end');
      if (fails.includes('tts')) throw new ParleyError('TTS_FAILED', 'as raced');
    },
    close: async () => {},
  };
  const memory: MemoryPort = {
    async recall() {
      await turn('memory');
      if (fails.includes('memory')) throw new ParleyError('MEMORY_FAILED', 'as raced');
      return ['It is noon.'];
    },
  };
  const actions: ActionPort = {
    async run() {
      await turn('action');
      if (fails.includes('action')) throw new ParleyError('ACTION_FAILED', 'as raced');
      return null;
    },
  };
  return { stt, llm, tts, memory, actions };
}
